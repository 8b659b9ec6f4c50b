// SPDX-License-Identifier: Apache-2.0
#include "bench/node/series.h"

#include <algorithm>
#include <array>

namespace sp::bench {

namespace {

constexpr const char* kNative = "sallyport, XDP native";
constexpr const char* kNft = "nftables";
constexpr const char* kGenerator = "generator alone";
constexpr const char* kLookup = "bare redirect, one lookup";

// Of one turn.
constexpr double kTurnNs = 40e6;
constexpr double kShortTurnNs = 5e6;
constexpr std::uint32_t kFirstPackets = 4096;
// Packets that bring a subject's flows back into caches that others have used meanwhile.
constexpr std::uint32_t kWarmUp = 100'000;
constexpr std::uint32_t kManyServices = 2500;
constexpr std::uint32_t kFewFlows = 1000;

std::string flows_text(std::uint32_t flows) {
  if (flows >= 1'000'000) return std::to_string(flows / 1'000'000) + "M flows";
  if (flows >= 1000) return std::to_string(flows / 1000) + "k flows";
  return flows == 1 ? "1 flow" : std::to_string(flows) + " flows";
}

}  // namespace

Series::Series(const Bed& bed, Report& report) : bed_(bed), report_(report), traffic_(bed.generator) {
  subjects_.push_back(sallyport(bed, "native", kNative, Mode::native, 1));
  subjects_.push_back(nftables(bed, "nft", kNft, 1));
  subjects_.push_back(sallyport(bed, "generic", "sallyport, XDP generic", Mode::generic, 1));
  subjects_.push_back(sallyport(bed, "tc", "sallyport, tc", Mode::tc, 1));
  subjects_.push_back(iptables(bed, "ipt", 1));
  subjects_.push_back(bare_redirect(bed));
  subjects_.push_back(bare_lookup(bed));
  subjects_.push_back(forwarding(bed));
}

std::vector<const Subject*> Series::able(bool local, std::uint32_t flows) const {
  std::vector<const Subject*> able;
  for (const Subject& subject : subjects_) {
    if (subject.capacity >= flows && (!local || subject.has_local)) able.push_back(&subject);
  }
  return able;
}

Series::Rounds Series::take_turns(const std::vector<const Subject*>& subjects, const std::string& road,
                                  std::uint32_t flows) {
  const bool is_short = report_.options().is_short;
  const int count = is_short ? 5 : 21;
  const double turn_ns = is_short ? kShortTurnNs : kTurnNs;
  const auto road_of = [&](const Subject& subject) { return road == "local" ? subject.local : subject.remote; };
  const auto packets_in_turn = [&](double ns) {
    return std::max(static_cast<std::uint32_t>(turn_ns / ns), kFirstPackets);
  };
  std::vector<std::uint32_t> packets;
  for (const Subject* subject : subjects) {
    traffic_.open(*subject, road_of(*subject), flows);
    traffic_.measure(*subject, road_of(*subject), flows, kFirstPackets);
    packets.push_back(packets_in_turn(traffic_.measure(*subject, road_of(*subject), flows, kFirstPackets)));
  }
  const Subject& first = *subjects.front();
  Rounds rounds;
  for (int round = 0; round < count; ++round) {
    for (std::size_t turn = 0; turn < subjects.size(); ++turn) {
      const std::size_t who = (turn + static_cast<std::size_t>(round)) % subjects.size();
      const Subject& subject = *subjects[who];
      traffic_.measure(subject, road_of(subject), flows, std::min(std::max(flows, kFirstPackets), kWarmUp));
      rounds[subject.name].push_back(traffic_.measure(subject, road_of(subject), flows, packets[who]));
    }
    rounds[kGenerator].push_back(traffic_.generate(first, road_of(first), flows, packets_in_turn(50)));
  }
  return rounds;
}

void Series::add_figures(const Rounds& rounds, const std::string& road, std::uint32_t flows) {
  for (const auto& [subject, ns] : rounds) {
    std::vector<double> rate;
    for (const double value : ns) rate.push_back(1e3 / value);
    report_.add(Figure{"packets per second and core, " + road + " backends", flows_text(flows), subject, "Mpps",
                       spread_of(rate)});
    report_.add(Figure{"", road + ", " + flows_text(flows), subject, "ns/packet", spread_of(ns)});
  }
}

void Series::claim(const Rounds& rounds, const std::string& what, const std::string& subject, const std::string& other,
                   double target) {
  if (!rounds.contains(subject) || !rounds.contains(other)) return;
  const auto without = [&](std::vector<double> ns) {
    const std::vector<double>& generator = rounds.at(kGenerator);
    for (std::size_t i = 0; i < ns.size(); ++i) ns[i] -= generator[i];
    return ns;
  };
  const std::vector<double>& ours = rounds.at(subject);
  const std::vector<double>& theirs = rounds.at(other);
  report_.add(Claim{.what = what + ": " + subject + " / " + other,
                    .unit = "x",
                    .value = ratio_of(theirs, ours),
                    .bound = target > 0 ? Bound::at_least : Bound::none,
                    .limit = target,
                    .is_gated = target > 0});
  report_.add(Claim{.what = what + ", without the generator: " + subject + " / " + other,
                    .unit = "x",
                    .value = ratio_of(without(theirs), without(ours))});
}

void Series::measure_remote() {
  constexpr std::array kFlows{1U, kFewFlows, 100'000U, 1'000'000U};
  for (const std::uint32_t flows : kFlows) {
    if (report_.options().is_short && flows > kFewFlows) break;
    const Rounds rounds = take_turns(able(false, flows), "remote", flows);
    add_figures(rounds, "remote", flows);
    const std::string what = "remote, " + flows_text(flows);
    claim(rounds, what, kNative, kNft, flows == kFewFlows ? 9 : flows == 100'000 ? 5 : 0);
    claim(rounds, what, kNative, "iptables", 0);
    claim(rounds, what, kNative, kLookup, 0.75);
  }
}

void Series::measure_local() {
  for (const std::uint32_t flows : {1U, kFewFlows, 100'000U}) {
    if (report_.options().is_short && flows != kFewFlows) continue;
    const Rounds rounds = take_turns(able(true, flows), "local", flows);
    add_figures(rounds, "local", flows);
    claim(rounds, "local through the stack, " + flows_text(flows), kNative, kNft, flows == kFewFlows ? 1.8 : 0);
  }
}

void Series::measure_services() {
  const std::string ours = std::string(kNative) + ", 2,500 services";
  const std::string theirs = std::string(kNft) + ", 2,500 services";
  std::vector<Subject> subjects;
  subjects.push_back(sallyport(bed_, "native2k", ours, Mode::native, kManyServices));
  subjects.push_back(nftables(bed_, "nft2k", theirs, kManyServices));
  // NodePorts of Services stand one behind the other; a power of two of them.
  for (Subject& subject : subjects) subject.remote.ports = 2048;
  const Rounds rounds = take_turns({&subjects_[0], &subjects_[1], &subjects[0], &subjects[1]}, "remote", kFewFlows);
  for (const std::string& subject : {ours, theirs})
    report_.add(Figure{"", "remote, 1k flows", subject, "ns/packet", spread_of(rounds.at(subject))});
  claim(rounds, "remote, 1k flows", ours, kNative, 0.95);
  claim(rounds, "remote, 1k flows", ours, theirs, 0);
}

}  // namespace sp::bench
