// SPDX-License-Identifier: Apache-2.0
// How many TCP connections a second come through a NodePort, how long one takes, and how fast long streams are: through
// Sallyport, through the kernel's NAT with kube-proxy's rules, and straight to the Pod. METHOD.md says how to read it.
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <map>

#include "bench/connect/exchange_client.h"
#include "bench/connect/exchange_server.h"
#include "bench/connect/streams.h"
#include "bench/report/report.h"
#include "bench/rivals/cpu_scope.h"
#include "bench/rivals/rivals.h"

namespace sp::bench {
namespace {

constexpr std::uint16_t kExchangePort = 8080;
// So many that the source ports towards each last for a whole run: ours keep theirs in TIME_WAIT, as conntrack would,
// which is emptied before each round.
constexpr unsigned kPods = 6;
constexpr unsigned kClientAddresses = 64;
constexpr double kCrrTarget = 1.3;

const HotService kExchanges[] = {{"crr-local", 32700, kExchangePort, false, kPods},
                                 {"crr-remote", 32701, kExchangePort, true, kPods}};
const HotService kStreams[] = {{"stream-local", 32702, kStreamPort, false, 1},
                               {"stream-remote", 32703, kStreamPort, true, 1}};
constexpr Subject kSubjects[] = {Subject::sallyport, Subject::nftables, Subject::direct};
constexpr unsigned kParallel[] = {1, 32};

struct Pace {
  unsigned rounds;
  std::chrono::milliseconds exchanges;
  unsigned stream_rounds;
  unsigned stream_seconds;
  unsigned services;
};

std::string place_of(const HotService& service, unsigned parallel) {
  return std::string(service.is_remote ? "remote" : "local") + " Pod, " + std::to_string(parallel) + " at a time";
}

// Everything that is measured, by what and whom; one value a round.
using Series = std::map<std::pair<std::string, Subject>, std::vector<double>>;

class ConnectBench {
 public:
  ConnectBench(Options options, const Rivals& rivals, const ExchangeServer& server, ExchangeClient client)
      : rivals_(rivals), server_(server), client_(std::move(client)), report_("connect", std::move(options)) {}

  Result<void> run(const Pace& pace) {
    for (unsigned round = 0; round < pace.rounds; ++round) {
      for (const HotService& service : kExchanges) {
        for (const unsigned parallel : kParallel) SP_TRY(exchange_round(service, parallel, pace, round));
      }
    }
    for (unsigned round = 0; round < pace.stream_rounds; ++round) {
      for (const HotService& service : kStreams) {
        for (const unsigned parallel : kParallel) SP_TRY(stream_round(service, parallel, pace, round));
      }
    }
    report_.set_method(std::to_string(pace.rounds) + " rounds of " + std::to_string(pace.exchanges.count()) +
                       " ms, streams " + std::to_string(pace.stream_rounds) + " rounds of " +
                       std::to_string(pace.stream_seconds) + " s; " + std::to_string(pace.services) +
                       " Services of 10 endpoints beside");
    tell();
    return report_.finish();
  }

 private:
  // In turns: who begins changes.
  static Result<void> each_subject(unsigned round, const std::function<Result<void>(Subject)>& measure) {
    for (unsigned turn = 0; turn < std::size(kSubjects); ++turn) {
      const Subject subject = kSubjects[(turn + round) % std::size(kSubjects)];
      SP_TRY(measure(subject));
    }
    return {};
  }

  Result<void> exchange_round(const HotService& service, unsigned parallel, const Pace& pace, unsigned round) {
    return each_subject(round, [&](Subject subject) -> Result<void> {
      SP_TRY(rivals_.empty_conntrack());
      SP_TRY_ASSIGN(seen, client_.run({rivals_.door(subject, service), parallel, pace.exchanges}, server_));
      if (seen.latencies_us.empty()) {
        return Error{0, std::string(to_string(subject)) + ": " + service.name + ": no exchange came through"};
      }
      failed_[subject] += seen.failed + seen.stalled;
      const std::string place = place_of(service, parallel);
      rates_[{place, subject}].push_back(seen.per_second / 1000);
      for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}})
        latencies_[{place + ", " + name, subject}].push_back(seen.latency_us(share));
      return {};
    });
  }

  Result<void> stream_round(const HotService& service, unsigned parallel, const Pace& pace, unsigned round) {
    return each_subject(round, [&](Subject subject) -> Result<void> {
      SP_TRY_ASSIGN(speed,
                    Streams::send(rivals_.lab(), "r", {rivals_.door(subject, service), parallel, pace.stream_seconds}));
      speeds_[{place_of(service, parallel), subject}].push_back(speed);
      return {};
    });
  }

  void add_figures(const char* chart, const char* unit, const Series& series) {
    for (const auto& [key, values] : series)
      report_.add(Figure{chart, key.first, to_string(key.second), unit, spread_of(values)});
  }

  void add_claim(const std::string& what, const Series& series, const std::string& place, Bound bound, double limit) {
    if (!series.contains({place, Subject::sallyport})) return;
    report_.add(Claim{what + ", " + place + ": sallyport / nftables", "x",
                      ratio_of(series.at({place, Subject::sallyport}), series.at({place, Subject::nftables})), bound,
                      limit, true});
  }

  // How much faster than nftables an exchange could be without any translation.
  void tell_of_the_ceiling(const std::string& place) {
    report_.add(Claim{"ceiling of exchanges a second, " + place + ": direct / nftables", "x",
                      ratio_of(rates_.at({place, Subject::direct}), rates_.at({place, Subject::nftables}))});
  }

  // What a translation costs an exchange.
  void tell_what_is_added(const HotService& service) {
    const std::string place = place_of(service, 1);
    const auto& direct = latencies_.at({place + ", p50", Subject::direct});
    std::map<Subject, std::vector<double>> added;
    for (const Subject subject : {Subject::sallyport, Subject::nftables}) {
      const auto& with = latencies_.at({place + ", p50", subject});
      for (std::size_t i = 0; i < with.size(); ++i) added[subject].push_back(with[i] - direct[i]);
      report_.add(Figure{"more than without a translation", place + ", p50", to_string(subject), "us",
                         spread_of(added[subject])});
    }
    report_.add(Claim{"time added to an exchange, " + place + ": sallyport / nftables", "x",
                      ratio_of(added[Subject::sallyport], added[Subject::nftables])});
  }

  void tell() {
    add_figures("connect, request, response, close", "thousand/s", rates_);
    add_figures("latency of one exchange", "us", latencies_);
    add_figures("streams", "Gbit/s", speeds_);
    for (const HotService& service : kExchanges) {
      for (const unsigned parallel : kParallel) {
        const std::string place = place_of(service, parallel);
        add_claim("exchanges a second", rates_, place, Bound::at_least, kCrrTarget);
        tell_of_the_ceiling(place);
        add_claim("latency", latencies_, place + ", p99", Bound::at_most, 1.0);
        add_claim("streams", speeds_, place, Bound::at_least, 1.0);
      }
    }
    for (const HotService& service : kExchanges) tell_what_is_added(service);
    for (const auto& [subject, count] : failed_) {
      if (count > 0)
        report_.note(std::string(to_string(subject)) + ": " + std::to_string(count) + " exchanges failed or stalled");
    }
  }

  const Rivals& rivals_;
  const ExchangeServer& server_;
  ExchangeClient client_;
  Report report_;
  Series rates_;
  Series latencies_;
  Series speeds_;
  std::map<Subject, std::size_t> failed_;
};

// More addresses for the client, so that none of its ports is used twice in a run.
Result<std::vector<std::string>> add_addresses(const test::Lab& lab) {
  std::vector<std::string> addresses;
  std::string command;
  for (unsigned i = 0; i < kClientAddresses; ++i) {
    addresses.push_back("192.0.2." + std::to_string(100 + i));
    command += "ip addr add " + addresses.back() + "/24 dev inside;";
  }
  SP_TRY_ASSIGN(added, lab.run("r", {"sh", "-ec", command}));
  if (added.exit_code != 0) return Error{0, "client addresses:\n" + added.text};
  return addresses;
}

Result<void> measure(const Options& options) {
  using std::chrono::milliseconds;
  const Pace pace = options.is_short ? Pace{3, milliseconds(80), 1, 1, 100} : Pace{15, milliseconds(300), 5, 1, 2500};
  RivalPlan plan{.hot = {std::begin(kExchanges), std::end(kExchanges)}, .services = pace.services, .pods = kPods};
  plan.hot.insert(plan.hot.end(), std::begin(kStreams), std::end(kStreams));
  SP_TRY_ASSIGN(rivals, Rivals::up(plan));
  // Both ends of whatever is measured. Left to the scheduler, softirqs run on another CPU than a stream's sender in
  // some runs, and it overflows the rings of veths.
  const CpuScope one(0);
  SP_TRY_ASSIGN(server, ExchangeServer::start());
  std::vector<test::Host> stream_pods;
  for (const Subject subject : kSubjects) {
    for (const HotService& service : kExchanges) {
      const auto pods = rivals->pods_of(subject, service);
      for (const test::Host& pod : pods) SP_TRY(server.listen(pod.netns, pod.at(Family::v4, kExchangePort)));
      stream_pods.push_back(pods.front());
    }
  }
  SP_TRY_ASSIGN(streams, Streams::serve(stream_pods));
  SP_TRY_ASSIGN(addresses, add_addresses(rivals->lab()));
  ConnectBench bench(options, *rivals, server, ExchangeClient(rivals->lab().host("r").netns, addresses));
  return bench.run(pace);
}

}  // namespace
}  // namespace sp::bench

int main(int argc, char** argv) {
  const auto options = sp::bench::parse_options(argc, argv);
  if (::geteuid() != 0) {
    std::fprintf(stderr, "bench_connect: makes network namespaces and needs root\n");
    return 1;
  }
  const auto measured = sp::bench::measure(options);
  if (!measured) std::fprintf(stderr, "bench_connect: %s\n", measured.error().text().c_str());
  return measured ? 0 : 1;
}
