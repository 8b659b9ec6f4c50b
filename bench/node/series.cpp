// SPDX-License-Identifier: Apache-2.0
#include "bench/node/series.h"

#include <algorithm>

namespace sp::bench {

namespace {

constexpr const char* kNative = "sallyport, XDP native";
constexpr const char* kPeer = "sallyport, peer delivery";
constexpr const char* kXdp = "sallyport, XDP delivery";
constexpr const char* kNft = "nftables";
constexpr const char* kGenerator = "generator alone";
constexpr const char* kLookup = "bare redirect, one lookup";
constexpr const char* kToStack = "bare rewrite, one lookup, stack";
constexpr const char* kForwarding = "stack, forwarding alone";

// Of one turn.
constexpr double kTurnNs = 30e6;
constexpr double kShortTurnNs = 8e6;
constexpr int kRounds = 15;
constexpr int kShortRounds = 7;
constexpr std::uint32_t kFirstPackets = 4096;
// Packets that bring a subject's flows back into caches that others have used meanwhile.
constexpr std::uint32_t kWarmUp = 50'000;

constexpr std::uint32_t kFewFlows = 1000;
constexpr std::uint32_t kManyFlows = 100'000;
constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::uint32_t kManyServices = 2500;

std::string flows_text(std::uint32_t flows) {
  if (flows >= kMillion) return std::to_string(flows / kMillion) + "M flows";
  if (flows >= 1000) return std::to_string(flows / 1000) + "k flows";
  return flows == 1 ? "1 flow" : std::to_string(flows) + " flows";
}

std::vector<double> difference(std::vector<double> ns, const std::vector<double>& generator) {
  for (std::size_t i = 0; i < ns.size(); ++i) ns[i] -= generator[i];
  return ns;
}

}  // namespace

Series::Series(const Bed& bed, Report& report) : bed_(bed), report_(report), traffic_(bed.generator) {
  const std::uint32_t entries = flow_entries();
  subjects_.push_back(sallyport(bed, {.name = kNative, .netns = "native", .flow_entries = entries}));
  subjects_.push_back(nftables(bed, "nft", kNft));
  subjects_.push_back(bare_lookup(bed));
  subjects_.push_back(
      sallyport(bed, {.name = kPeer, .netns = "peer", .delivery = Delivery::peer, .flow_entries = entries}));
  subjects_.push_back(
      sallyport(bed, {.name = kXdp, .netns = "xdp", .delivery = Delivery::xdp, .flow_entries = entries}));
  subjects_.push_back(forwarding(bed));
  subjects_.push_back(bare_to_stack(bed));
  if (report.options().is_short) return;
  subjects_.push_back(sallyport(bed, {.name = "sallyport, XDP generic", .netns = "generic", .mode = Mode::generic}));
  subjects_.push_back(sallyport(bed, {.name = "sallyport, tc", .netns = "tc", .mode = Mode::tc}));
  subjects_.push_back(iptables(bed));
  subjects_.push_back(nftables(bed, "nftlocal", "nftables, policy Local", 1, true));
  subjects_.push_back(bare_redirect(bed));
}

// The table as shipped; a short run has few flows and no time to fill memory with zeros.
std::uint32_t Series::flow_entries() const {
  return report_.options().is_short ? 65536 : SP_MAX_FLOWS4;
}

Series::Subjects Series::able(Where where, std::uint32_t flows) const {
  Subjects able;
  for (const Subject& subject : subjects_) {
    if (subject.capacity >= flows && (where == Where::local ? subject.has_local : subject.has_remote))
      able.push_back(&subject);
  }
  return able;
}

Series::Rounds Series::take_turns(const Subjects& subjects, Where where, std::uint32_t flows) {
  const bool is_short = report_.options().is_short;
  const auto road = [&](const Subject& subject) { return where == Where::local ? subject.local : subject.remote; };
  const auto packets_in_turn = [&](double ns) {
    return std::max(static_cast<std::uint32_t>((is_short ? kShortTurnNs : kTurnNs) / ns), kFirstPackets);
  };
  std::vector<std::uint32_t> packets;
  for (const Subject* subject : subjects) {
    traffic_.open(*subject, road(*subject), flows);
    traffic_.measure(*subject, road(*subject), flows, kFirstPackets);
    packets.push_back(packets_in_turn(traffic_.measure(*subject, road(*subject), flows, kFirstPackets)));
  }
  Rounds rounds;
  for (int round = 0; round < (is_short ? kShortRounds : kRounds); ++round) {
    for (std::size_t turn = 0; turn < subjects.size(); ++turn) {
      const std::size_t who = (turn + static_cast<std::size_t>(round)) % subjects.size();
      const Subject& subject = *subjects[who];
      traffic_.measure(subject, road(subject), flows, std::clamp(flows, kFirstPackets, kWarmUp));
      rounds[subject.name].push_back(traffic_.measure(subject, road(subject), flows, packets[who]));
    }
    const Subject& first = *subjects.front();
    rounds[kGenerator].push_back(traffic_.generate(first, road(first), flows, packets_in_turn(50)));
  }
  return rounds;
}

void Series::add_figures(const Rounds& rounds, Where where, std::uint32_t flows) {
  const std::string road = where == Where::local ? "local" : "remote";
  for (const auto& [subject, ns] : rounds) {
    report_.add(Figure{"", road + ", " + flows_text(flows), subject, "ns/packet", spread_of(ns)});
    // It sends nothing anywhere, and would dwarf what does.
    if (subject == kGenerator) continue;
    std::vector<double> rate;
    for (const double value : ns) rate.push_back(1e3 / value);
    report_.add(Figure{"packets per second and core, " + road + " backends", flows_text(flows), subject, "Mpps",
                       spread_of(rate)});
  }
}

void Series::claim(const Rounds& rounds, const std::string& what, const std::string& subject, const std::string& other,
                   double target) {
  if (!rounds.contains(subject) || !rounds.contains(other)) return;
  const std::vector<double>& generator = rounds.at(kGenerator);
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
                    .value = ratio_of(difference(theirs, generator), difference(ours, generator))});
}

void Series::measure_remote() {
  for (const std::uint32_t flows : {1U, kFewFlows, kManyFlows}) {
    if (report_.options().is_short && flows != kFewFlows) continue;
    const Rounds rounds = take_turns(able(Where::remote, flows), Where::remote, flows);
    add_figures(rounds, Where::remote, flows);
    const std::string what = "remote, " + flows_text(flows);
    claim(rounds, what, kNative, kNft, flows == kFewFlows ? 9 : flows == kManyFlows ? 5 : 0);
    claim(rounds, what, kNative, "iptables", 0);
    claim(rounds, what, kNative, kLookup, 0.75);
    // What no program that redirects, and nothing that goes through the stack, can surpass.
    claim(rounds, what, kLookup, kNft, 0);
    claim(rounds, what, kForwarding, kNft, 0);
  }
}

void Series::measure_million() {
  if (report_.options().is_short) return;
  report_.note(
      "1M flows do not fit into nf_conntrack here: nf_conntrack_max is a setting of the whole machine and was "
      "left alone. Sallyport's table has twice its default size for them.");
  constexpr std::uint32_t kEntries = 2 * SP_MAX_FLOWS4;
  std::vector<Subject> large;
  large.push_back(sallyport(bed_, {.name = kNative, .netns = "native1m", .flow_entries = kEntries}));
  large.push_back(sallyport(
      bed_, {.name = "sallyport, XDP generic", .netns = "generic1m", .mode = Mode::generic, .flow_entries = kEntries}));
  large.push_back(
      sallyport(bed_, {.name = "sallyport, tc", .netns = "tc1m", .mode = Mode::tc, .flow_entries = kEntries}));
  Subjects subjects;
  for (const Subject& subject : large) subjects.push_back(&subject);
  for (const Subject* subject : able(Where::remote, kMillion)) subjects.push_back(subject);
  const Rounds rounds = take_turns(subjects, Where::remote, kMillion);
  add_figures(rounds, Where::remote, kMillion);
  claim(rounds, "remote, " + flows_text(kMillion), kNative, kLookup, 0.75);
}

// Which mode that is may differ from kernel to kernel; the claim has one name.
void Series::claim_fastest(const Rounds& rounds, std::uint32_t flows) {
  const Spread peer = ratio_of(rounds.at(kNft), rounds.at(kPeer));
  const Spread xdp = ratio_of(rounds.at(kNft), rounds.at(kXdp));
  report_.add(Claim{.what = "local in the fastest delivery mode, " + flows_text(flows) + ": sallyport / " + kNft,
                    .unit = "x",
                    .value = peer.median > xdp.median ? peer : xdp,
                    .bound = flows == kFewFlows ? Bound::at_least : Bound::none,
                    .limit = 3,
                    .is_gated = flows == kFewFlows});
}

void Series::measure_local() {
  for (const std::uint32_t flows : {1U, kFewFlows, kManyFlows}) {
    if (report_.options().is_short && flows != kFewFlows) continue;
    const Rounds rounds = take_turns(able(Where::local, flows), Where::local, flows);
    add_figures(rounds, Where::local, flows);
    const std::string what = "local, " + flows_text(flows);
    claim(rounds, what + ", through the stack", kNative, kNft, flows == kFewFlows ? 1.8 : 0);
    claim(rounds, what + ", through the stack", kNative, "nftables, policy Local", 0);
    // What nothing that goes through the stack can surpass.
    claim(rounds, what + ", through the stack", kToStack, kNft, 0);
    claim(rounds, what + ", through the stack", kForwarding, kNft, 0);
    claim(rounds, what + ", through the stack", kNative, kToStack, 0);
    claim(rounds, what, kPeer, kNft, 0);
    claim(rounds, what, kXdp, kNft, 0);
    claim_fastest(rounds, flows);
  }
}

void Series::measure_services() {
  const std::string ours = std::string(kNative) + ", 2,500 services";
  const std::string theirs = std::string(kNft) + ", 2,500 services";
  std::vector<Subject> many;
  many.push_back(
      sallyport(bed_, {.name = ours, .netns = "native2k", .services = kManyServices, .flow_entries = flow_entries()}));
  if (!report_.options().is_short) many.push_back(nftables(bed_, "nft2k", theirs, kManyServices));
  Subjects subjects{&subjects_[0], &subjects_[1]};
  for (Subject& subject : many) {
    // NodePorts of Services stand one behind the other; a power of two of them.
    subject.remote.ports = 2048;
    subjects.push_back(&subject);
  }
  const Rounds rounds = take_turns(subjects, Where::remote, kFewFlows);
  for (const Subject& subject : many)
    report_.add(Figure{"", "remote, 1k flows", subject.name, "ns/packet", spread_of(rounds.at(subject.name))});
  claim(rounds, "remote, 1k flows", ours, kNative, 0.95);
  claim(rounds, "remote, 1k flows", ours, theirs, 0);
}

}  // namespace sp::bench
