// SPDX-License-Identifier: Apache-2.0
// The end of one benchmark: the machine once more, the table, the file.
#include "bench/report/report.h"

#include <cstdio>
#include <set>

#include "bench/report/table.h"

namespace sp::bench {

Report::Report(std::string benchmark, Options options) : options_(std::move(options)) {
  results_.benchmark = std::move(benchmark);
  results_.is_short = options_.is_short;
  results_.machine = present_circumstances();
}

Result<void> Report::finish() const {
  Results results = results_;
  results.machine.load_at_end = load_now();
  std::fputs(table_of(results).c_str(), stdout);
  std::fflush(stdout);
  if (!options_.out.empty()) SP_TRY(write_text(options_.out / (results.benchmark + ".json"), json_of(results)));
  std::set<std::string> names;
  for (const Claim& claim : results.claims)
    if (!names.insert(claim.what).second)
      return Error{0, results.benchmark + ": two claims are named '" + claim.what + "'"};
  return {};
}

}  // namespace sp::bench
