// SPDX-License-Identifier: Apache-2.0
// bench_update: what it costs to keep the data plane up to date with an API server, and how long packets wait for a
// change, beside nft transactions of kube-proxy's shape over the same cluster. METHOD.md says how to read the figures.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "bench/report/report.h"
#include "bench/update/rounds.h"

namespace sp::bench {
namespace {

constexpr const char* kOurs = "sallyport";
constexpr const char* kBare = "bare watcher";
constexpr const char* kNft = "nftables";
constexpr const char* kChangeChart = "One endpoint changes";
constexpr const char* kSyncChart = "Everything from nothing, CPU";
constexpr const char* kMemoryChart = "Resident memory";

std::vector<Plan> plans(bool is_short) {
  const Room plain{.backends = 524'288, .slots = 1'048'576};
  const Room million{.backends = 1'310'720, .slots = 2'097'152};
  using std::chrono::seconds;
  if (is_short) return {{2500, 10, plain, 1, 2, 200, seconds(6), seconds(1)}};
  return {{2500, 10, plain, 3, 10, 300, seconds(60), seconds(5)},
          {10'000, 10, plain, 3, 5, 300, seconds(60), seconds(5)},
          {10'000, 100, million, 1, 5, 300, seconds(60), seconds(5)}};
}

template <typename Costs, typename Field>
std::vector<double> column(const Costs& costs, Field field) {
  std::vector<double> values;
  for (const auto& cost : costs) values.push_back(cost.*field);
  return values;
}

// Of a sorted copy; the value that `share` of all are at most.
double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(rank, values.size() - 1)];
}

Spread by_round(const std::vector<std::vector<double>>& rounds, double share) {
  std::vector<double> values;
  for (const auto& round : rounds) values.push_back(quantile(round, share));
  return spread_of(values);
}

Spread single(double value) {
  return spread_of({value});
}

void add_changes(Report& report, const std::string& size, const Measured& measured) {
  const std::string what = "one endpoint, " + size;
  report.add(Figure{"", what + ": median", kOurs, "ms", by_round(measured.rounds, 0.5)});
  report.add(Figure{kChangeChart, what + ": p99", kOurs, "ms", by_round(measured.rounds, 0.99)});
  report.add(Figure{"", what + ": slowest", kOurs, "ms", by_round(measured.rounds, 1)});
  report.add(Figure{"", what + ": median", kBare, "ms", by_round(measured.bare_rounds, 0.5)});
  report.add(Figure{kChangeChart, what + ": p99", kBare, "ms", by_round(measured.bare_rounds, 0.99)});
  report.add(Figure{"", what + ": slowest", kBare, "ms", by_round(measured.bare_rounds, 1)});
  report.add(Figure{"", what + ": p50 bucket of its histogram", kOurs, "ms", single(measured.programming.p50_ms)});
  report.add(Figure{"", what + ": p99 bucket of its histogram", kOurs, "ms", single(measured.programming.p99_ms)});
  report.add(Figure{"", what + ": CPU", kOurs, "ms", single(measured.cpu_us_per_change / 1e3)});
  if (!measured.nft_changes.empty()) {
    const auto wall = column(measured.nft_changes, &NftCost::wall_ms);
    report.add(Figure{kChangeChart, what + ": transaction", kNft, "ms", spread_of(wall)});
    report.add(Figure{"", what + ": CPU", kNft, "ms", spread_of(column(measured.nft_changes, &NftCost::cpu_ms))});
    std::vector<double> ours;
    for (const auto& round : measured.rounds) ours.push_back(quantile(round, 0.99));
    report.add(Claim{what + ": nftables / p99 of sallyport", "x", ratio_of(wall, ours)});
  }
  report.add(Claim{what + ": event to packets, p99", "ms", by_round(measured.rounds, 0.99), Bound::at_most, 1});
  report.add(Claim{what + ": bare watcher, p99", "ms", by_round(measured.bare_rounds, 0.99)});
}

void add_full_sync(Report& report, const Plan& plan, const Measured& measured) {
  const std::string what = "full sync, " + plan.text();
  const auto cpu = column(measured.full_syncs, &FullSync::cpu_ms);
  report.add(Figure{kSyncChart, what + ": CPU", kOurs, "ms", spread_of(cpu)});
  report.add(Figure{"", what + ": first list to last row", kOurs, "ms",
                    spread_of(column(measured.full_syncs, &FullSync::wall_ms))});
  if (!measured.nft_loads.empty()) {
    const auto nft_cpu = column(measured.nft_loads, &NftCost::cpu_ms);
    report.add(Figure{kSyncChart, what + ": CPU", kNft, "ms", spread_of(nft_cpu)});
    report.add(
        Figure{"", what + ": transaction", kNft, "ms", spread_of(column(measured.nft_loads, &NftCost::wall_ms))});
    report.add(Claim{what + ": CPU, nftables / sallyport", "x", ratio_of(nft_cpu, cpu)});
  }
  const bool has_target = plan.services == 2500;
  report.add(Claim{what + ": CPU of the agent", "ms", spread_of(cpu), has_target ? Bound::at_most : Bound::none,
                   has_target ? 100.0 : 0});
}

void add_memory(Report& report, const Plan& plan, const Measured& measured) {
  const std::string what = "resident, " + plan.text();
  report.add(Figure{"", what + ": when ready", kOurs, "MB", single(measured.ready.resident_mb)});
  report.add(Figure{kMemoryChart, what + ": after all changes", kOurs, "MB", single(measured.changed.resident_mb)});
  report.add(Figure{"", what + ": rows of maps in it", kOurs, "MB", single(measured.changed.maps_mb)});
  if (!measured.nft_loads.empty()) {
    report.add(Figure{kMemoryChart, what + ": peak of nft alone", kNft, "MB",
                      spread_of(column(measured.nft_loads, &NftCost::peak_mb))});
  }
  report.add(Figure{"", "idle, " + plan.text(), kOurs, "% of a CPU", single(measured.idle_percent)});
  const double most = std::max(measured.ready.resident_mb, measured.changed.resident_mb);
  const double limit = plan.services == 2500 ? 48 : plan.endpoints == 100 ? 400 : 0;
  report.add(Claim{what + ": the agent", "MB", single(most), limit != 0 ? Bound::at_most : Bound::none, limit});
}

Result<void> run(Report& report) {
  SP_TRY_ASSIGN(lab, test::Lab::up({.nodes = 1, .clients = 1, .pods = 1}));
  for (const Plan& plan : plans(report.options().is_short)) {
    SP_TRY_ASSIGN(measured, measure(*lab, plan));
    add_changes(report, plan.text(), measured);
    add_full_sync(report, plan, measured);
    add_memory(report, plan, measured);
    for (const std::string& line : measured.notes) report.note(line);
  }
  return {};
}

}  // namespace
}  // namespace sp::bench

int main(int argc, char** argv) {
  sp::bench::Report report("update", sp::bench::parse_options(argc, argv));
  report.set_method("agent on an API server over TLS, one change at a time; nft -f of kube-proxy's shape in turns");
  const auto ran = sp::bench::run(report);
  const auto finished = report.finish();
  if (!ran) std::fprintf(stderr, "bench_update: %s\n", ran.error().text().c_str());
  if (!finished) std::fprintf(stderr, "bench_update: %s\n", finished.error().text().c_str());
  return ran && finished ? 0 : 1;
}
