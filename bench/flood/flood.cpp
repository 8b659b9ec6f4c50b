// SPDX-License-Identifier: Apache-2.0
// What good traffic loses beside a flood of SYNs from spoofed clients: through Sallyport, and through the kernel's NAT
// with kube-proxy's rules. METHOD.md says how to read it.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "bench/flood/good_traffic.h"
#include "bench/flood/syn_flood.h"
#include "bench/report/report.h"
#include "bench/rivals/conntrack.h"
#include "bench/rivals/cpu_scope.h"
#include "bench/rivals/rivals.h"
#include "tests/harness/identity_servers.h"

namespace sp::bench {
namespace {

using test::Clock;
using test::Millis;

constexpr std::uint16_t kPort = 8080;
// On a machine that is too busy to fill the table the last claim tells so.
constexpr Millis kFillTimeout{10000};
constexpr double kTargetPercent = 0.1;
const HotService kGood[] = {{"good-local", 32710, kPort, false, 2}, {"good-remote", 32711, kPort, true, 2}};
// Its Pod answers nobody, so that what a node does not lose by the flood is not lost by answers to it.
// Masquerading would run out of the node's ports towards one Pod long before the table is full.
const HotService kFlooded{"flooded", 32712, kPort, false, 1, 3, true};
constexpr Subject kSubjects[] = {Subject::sallyport, Subject::nftables};

struct Pace {
  unsigned rounds;
  unsigned services;
  Millis before;
  double fill;  // SYNs before measuring, in times of what the kernel's table holds
  Millis during;
};

struct Round {
  GoodReport quiet;
  GoodReport flooded;
  double million_per_second = 0;
  Conntrack table;  // when the flood ended; counters are of this round
};

double percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// The time is the measurement's length; good traffic has its own threads.
void let_pass(Millis time) {
  std::this_thread::sleep_for(time);
}

class FloodBench {
 public:
  FloodBench(const Rivals& rivals, Report& report) : rivals_(rivals), report_(report) {}

  Result<void> run(const Pace& pace) {
    std::map<Subject, std::vector<Round>> rounds;
    for (unsigned i = 0; i < pace.rounds; ++i) {
      for (unsigned turn = 0; turn < std::size(kSubjects); ++turn) {
        const Subject subject = kSubjects[(turn + i) % std::size(kSubjects)];
        SP_TRY_ASSIGN(round, round_of(subject, pace));
        rounds[subject].push_back(std::move(round));
      }
    }
    for (const auto& [subject, series] : rounds) tell(subject, series);
    claim(rounds.at(Subject::sallyport), rounds.at(Subject::nftables));
    return {};
  }

 private:
  [[nodiscard]] GoodPlan good_plan(Subject subject) const {
    GoodPlan plan{.netns = rivals_.lab().host("c1").netns};
    for (const HotService& service : kGood) plan.targets.push_back(rivals_.door(subject, service));
    return plan;
  }

  Result<Round> round_of(Subject subject, const Pace& pace) {
    Round round;
    SP_TRY(rivals_.empty_conntrack());
    SP_TRY_ASSIGN(quiet, GoodTraffic::start(good_plan(subject)));
    let_pass(pace.before);
    round.quiet = quiet->stop();
    // Those of the long-lived that the flood meets are older than it.
    SP_TRY_ASSIGN(good, GoodTraffic::start(good_plan(subject)));
    const test::Host& node = rivals_.door_node(subject);
    SP_TRY_ASSIGN(before, read_conntrack(node.netns));
    const auto begin = Clock::now();
    SP_TRY_ASSIGN(flood, SynFlood::start({node, kFlooded.node_port, subject == Subject::sallyport}));
    SP_TRY(await(*flood, static_cast<std::uint64_t>(pace.fill * static_cast<double>(before.limit))));
    let_pass(pace.during);
    round.flooded = good->stop();
    SP_TRY_ASSIGN(sent, flood->sent());
    round.million_per_second =
        static_cast<double>(sent) / std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
    SP_TRY_ASSIGN(after, read_conntrack(node.netns));
    round.table = after;
    round.table.dropped -= before.dropped;
    round.table.early_dropped -= before.early_dropped;
    return round;
  }

  static Result<void> await(const SynFlood& flood, std::uint64_t frames) {
    const auto deadline = Clock::now() + kFillTimeout;
    for (std::uint64_t sent = 0; sent < frames && Clock::now() < deadline;) {
      let_pass(Millis(5));
      SP_TRY_ASSIGN(now, flood.sent());
      sent = now;
    }
    return {};
  }

  void figure(const char* what, Subject subject, const char* unit, const std::vector<Round>& rounds,
              double (*value)(const Round&)) {
    std::vector<double> values;
    for (const Round& round : rounds) values.push_back(value(round));
    report_.add(Figure{std::string(unit) == "%" ? "good traffic that is lost" : "", what, to_string(subject), unit,
                       spread_of(values)});
  }

  void tell(Subject subject, const std::vector<Round>& rounds) {
    figure("new connections, no flood", subject, "%", rounds,
           [](const Round& r) { return percent(r.quiet.lost_connections, r.quiet.connections); });
    figure("requests on old ones, no flood", subject, "%", rounds,
           [](const Round& r) { return percent(r.quiet.lost_requests, r.quiet.requests); });
    figure("new connections, flood", subject, "%", rounds,
           [](const Round& r) { return percent(r.flooded.lost_connections, r.flooded.connections); });
    figure("requests on old ones, flood", subject, "%", rounds,
           [](const Round& r) { return percent(r.flooded.lost_requests, r.flooded.requests); });
    figure("spoofed SYNs that the node took", subject, "million/s", rounds,
           [](const Round& r) { return r.million_per_second; });
    figure("conntrack's table in use", subject, "entries", rounds,
           [](const Round& r) { return static_cast<double>(r.table.entries); });
    figure("conntrack threw out to make room", subject, "entries a round", rounds,
           [](const Round& r) { return static_cast<double>(r.table.early_dropped); });
    figure("conntrack found no room", subject, "packets a round", rounds,
           [](const Round& r) { return static_cast<double>(r.table.dropped); });
    std::map<std::string, std::size_t> reasons;
    std::size_t connections = 0;
    for (const Round& round : rounds) {
      connections += round.flooded.connections;
      for (const auto& [reason, count] : round.flooded.reasons) reasons[reason] += count;
    }
    std::string line =
        std::string(to_string(subject)) + ", beside the flood: " + std::to_string(connections) + " new connections";
    for (const auto& [reason, count] : reasons) line += ", " + reason + " " + std::to_string(count);
    report_.note(line);
  }

  void claim(const std::vector<Round>& ours, const std::vector<Round>& theirs) {
    std::vector<double> connections;
    std::vector<double> requests;
    for (const Round& round : ours) {
      connections.push_back(percent(round.flooded.lost_connections, round.flooded.connections));
      requests.push_back(percent(round.flooded.lost_requests, round.flooded.requests));
    }
    report_.add(Claim{"new connections lost beside a flood: sallyport", "%", spread_of(connections), Bound::at_most,
                      kTargetPercent});
    report_.add(Claim{"requests lost on old connections beside a flood: sallyport", "%", spread_of(requests),
                      Bound::at_most, kTargetPercent});
    // The premise: a flood that the kernel's table had room for would say nothing.
    std::vector<double> overflow;
    for (const Round& round : theirs)
      overflow.push_back(static_cast<double>(round.table.dropped + round.table.early_dropped));
    report_.add(Claim{"connections for which conntrack's table was full: nftables", "", spread_of(overflow),
                      Bound::at_least, 1});
  }

  const Rivals& rivals_;
  Report& report_;
};

// The flooded Pods hear nothing and say nothing.
Result<void> silence(const Rivals& rivals, const std::vector<test::Host>& pods) {
  for (const test::Host& pod : pods) {
    SP_TRY_ASSIGN(done, rivals.lab().run(pod.name, {"nft",
                                                    "add table ip sink; add chain ip sink arrivals { type filter hook "
                                                    "prerouting priority raw ; policy drop ; }"}));
    if (done.exit_code != 0) return Error{0, pod.name + ": nft\n" + done.text};
  }
  return {};
}

Result<void> measure(const Options& options) {
  const Pace pace =
      options.is_short ? Pace{1, 100, Millis(300), 1.1, Millis(700)} : Pace{5, 2500, Millis(1000), 1.5, Millis(8000)};
  Report report("flood", options);
  RivalPlan plan{.hot = {std::begin(kGood), std::end(kGood)}, .services = pace.services};
  plan.hot.push_back(kFlooded);
  SP_TRY_ASSIGN(rivals, Rivals::up(plan));
  const CpuScope beside_the_flood(1);
  SP_TRY_ASSIGN(servers, test::IdentityServers::start());
  for (const Subject subject : kSubjects) {
    for (const HotService& service : kGood) {
      for (const test::Host& pod : rivals->pods_of(subject, service))
        SP_TRY(servers->listen(pod.name, pod.netns, test::Transport::tcp, pod.at(Family::v4, kPort)));
    }
    SP_TRY(silence(*rivals, rivals->pods_of(subject, kFlooded)));
  }
  report.set_method(std::to_string(pace.rounds) + " rounds of " + std::to_string(pace.during.count() / 1000.0) +
                    " s beside the flood of one CPU; 500 new connections a second and 20 old ones, " +
                    std::to_string(pace.services) + " Services of 10 endpoints beside");
  FloodBench bench(*rivals, report);
  SP_TRY(bench.run(pace));
  return report.finish();
}

}  // namespace
}  // namespace sp::bench

int main(int argc, char** argv) {
  const auto options = sp::bench::parse_options(argc, argv);
  if (::geteuid() != 0) {
    std::fprintf(stderr, "bench_flood: makes network namespaces and needs root\n");
    return 1;
  }
  // Lost connections stay open for a while.
  const rlimit files{65536, 65536};
  ::setrlimit(RLIMIT_NOFILE, &files);
  const auto measured = sp::bench::measure(options);
  if (!measured) std::fprintf(stderr, "bench_flood: %s\n", measured.error().text().c_str());
  return measured ? 0 : 1;
}
