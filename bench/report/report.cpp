// SPDX-License-Identifier: Apache-2.0
// The table and the JSON file of one benchmark.
#include "bench/report/report.h"

#include <cstdio>

namespace sp::bench {

bool holds(const Claim& claim) {
  if (claim.bound == Bound::at_most) return claim.value.median <= claim.limit;
  if (claim.bound == Bound::at_least) return claim.value.median >= claim.limit;
  return true;
}

Report::Report(std::string benchmark, Options options)
    : benchmark_(std::move(benchmark)), options_(std::move(options)) {}

Result<void> Report::finish() const {
  for (const Figure& figure : figures_)
    std::printf("%-44s %-20s %12.3f %12.3f %12.3f %s\n", figure.what.c_str(), figure.subject.c_str(), figure.value.q1,
                figure.value.median, figure.value.q3, figure.unit.c_str());
  for (const Claim& claim : claims_)
    std::printf("%-66s %12.3f %12.3f %12.3f %s %s\n", claim.what.c_str(), claim.value.q1, claim.value.median,
                claim.value.q3, claim.unit.c_str(), holds(claim) ? "" : "MISSED");
  for (const std::string& line : notes_) std::printf("%s\n", line.c_str());
  return {};
}

}  // namespace sp::bench
