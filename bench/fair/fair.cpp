// SPDX-License-Identifier: Apache-2.0
// How evenly new flows are dealt out over the backends of a Service when all CPUs deal at once: the round-robin of the
// shipped program beside `numgen random` of nftables, in turns.
//
// Counts are taken from where packets went, never from a cursor or a counter of the one that dealt.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

#include "bench/fair/every_cpu.h"
#include "bench/fair/numgen_burst.h"
#include "bench/fair/syn_burst.h"
#include "bench/report/report.h"
#include "tests/harness/testbed.h"

namespace {

using namespace sp;
using namespace sp::bench;

// A prime: no number of backends divides it, so there is always a remainder to deal.
constexpr std::size_t kFlows = 10007;
constexpr std::array<std::size_t, 4> kBackends = {3, 7, 10, 100};
constexpr int kRounds = 21;
constexpr int kShortRounds = 3;

enum Subject { kOurs, kNumgen, kSubjects };
constexpr std::array<const char*, kSubjects> kNames = {"sallyport", "nftables numgen"};

struct Series {
  std::vector<double> range;
  std::vector<double> excess;
};

Spread worst_of(const std::vector<double>& values) {
  const double worst = *std::max_element(values.begin(), values.end());
  return {worst, worst, worst, values.size()};
}

void add_to(Report& report, std::size_t backends, const std::array<Series, kSubjects>& series) {
  const std::string place = std::to_string(backends) + " backends";
  for (std::size_t who = 0; who < kSubjects; ++who) {
    report.add(Figure{"max - min of new flows a backend", place, kNames[who], "flows", spread_of(series[who].range)});
    report.add(Figure{"fullest backend / even share", place, kNames[who], "x", spread_of(series[who].excess)});
  }
  report.add(Claim{.what = "max - min, " + place + ", worst round: sallyport",
                   .unit = "flows",
                   .value = worst_of(series[kOurs].range),
                   .bound = Bound::at_most,
                   .limit = 1,
                   .is_gated = true});
}

void measure(Report& report) {
  test::Testbed& bed = test::testbed();
  const std::vector<int> cpus = usable_cpus();
  const int rounds = report.options().is_short ? kShortRounds : kRounds;
  report.set_method(std::to_string(rounds) + " rounds of " + std::to_string(kFlows) + " new IPv4 flows from " +
                    std::to_string(cpus.size()) + " CPUs at once");
  for (const std::size_t backends : kBackends) {
    std::array<Series, kSubjects> series;
    for (int turn = 0; turn < rounds * kSubjects; ++turn) {
      // A B B A: who begins alternates.
      const std::size_t who = static_cast<std::size_t>(turn + turn / kSubjects) % kSubjects;
      const Tally tally = who == kOurs ? burst_of_syns(cpus, backends, kFlows)
                                       : burst_of_datagrams(bed.sandbox(), cpus, backends, kFlows);
      series[who].range.push_back(range_of(tally));
      series[who].excess.push_back(excess_of(tally));
    }
    add_to(report, backends, series);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  if (::geteuid() != 0) {
    std::fprintf(stderr, "bench_fair: needs root for BPF programs and network namespaces\n");
    return 1;
  }
  try {
    Report report("fair", options);
    measure(report);
    const Result<void> done = report.finish();
    if (done) return 0;
    std::fprintf(stderr, "bench_fair: %s\n", done.error().text().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_fair: %s\n", error.what());
  }
  return 1;
}
