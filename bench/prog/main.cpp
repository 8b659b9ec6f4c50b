// SPDX-License-Identifier: Apache-2.0
// bench_prog: nanoseconds per packet over BPF_PROG_TEST_RUN, of the shipped XDP program beside a bare one, by family,
// protocol, number of flows and kind of packet.
//
// --only TEXT measures what has TEXT in "IPv4 TCP, 10k flows: established", and what that is compared with.
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "bench/prog/subjects.h"
#include "bench/report/report.h"

namespace {

using namespace sp;
using namespace sp::bench;

// Connections; each has two flows.
struct Size {
  std::uint32_t count;
  const char* text;
};
constexpr Size kSizes[] = {{1, "1 flow"}, {10'000, "10k flows"}, {1'000'000, "1M flows"}};
// Room for both directions of the most connections, in both programs' tables.
constexpr std::uint32_t kFlowEntries = 1u << 21;

struct Effort {
  std::size_t rounds;
  std::uint32_t packets;
  std::size_t sizes;
};

// What is asked of one subject beside another.
struct Target {
  const char* subject;
  const char* beside;
  Bound bound;
  double limit4, limit6;  // IPv4, IPv6
  bool tcp_only;
};
constexpr Target kTargets[] = {
    {kEstablished, kBare, Bound::at_most, 1.2, 1.35, false},  {kMiss, kBare, Bound::at_most, 1.6, 1.6, false},
    {kNewRemote, kBare, Bound::at_most, 12, 12, false},       {kNewLocal, kBare, Bound::none, 0, 0, false},
    {kReply, kEstablished, Bound::at_most, 1.05, 1.05, true}, {kReject, kBare, Bound::none, 0, 0, false},
};

// Takes `--only TEXT` out of the command line.
std::string take_only(int& argc, char** argv) {
  std::string only;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--only" && i + 1 < argc)
      only = argv[++i];
    else
      argv[kept++] = argv[i];
  }
  argc = kept;
  return only;
}

class Bench {
 public:
  Bench(Report& report, std::string only, Effort effort) : report_(report), only_(std::move(only)), effort_(effort) {}

  template <typename F>
  void run(Family family) {
    std::unique_ptr<Rig> rig;
    for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
      const std::string kind =
          std::string(family == Family::v4 ? "IPv4" : "IPv6") + (protocol == Protocol::tcp ? " TCP" : " UDP");
      std::unique_ptr<Connections<F>> connections;
      for (std::size_t i = 0; i < effort_.sizes; ++i) {
        const std::string label = kind + ", " + kSizes[i].text;
        if (!wants_any(label)) continue;
        if (rig == nullptr) rig = std::make_unique<Rig>(family, kFlowEntries);
        if (connections == nullptr) {
          connections = std::make_unique<Connections<F>>(*rig, protocol);
          add_doors(*rig, family, protocol);
        }
        connections->grow(kSizes[i].count);
        measure(*rig, kind, kSizes[i].text, subjects(*rig, *connections, protocol, kSizes[i].count), protocol);
      }
      if (connections != nullptr) connections->remove();
    }
  }
  [[nodiscard]] bool has_measured() const { return has_measured_; }

 private:
  [[nodiscard]] bool wants(const std::string& label, const std::string& subject) const {
    return (label + ": " + subject).find(only_) != std::string::npos;
  }
  [[nodiscard]] bool wants_any(const std::string& label) const {
    for (const Target& target : kTargets)
      if (wants(label, target.subject)) return true;
    return false;
  }
  void measure(Rig& rig, const std::string& kind, const std::string& size, std::vector<Subject> all, Protocol protocol);

  Report& report_;
  std::string only_;
  Effort effort_;
  bool has_measured_ = false;
};

void Bench::measure(Rig& rig, const std::string& kind, const std::string& size, std::vector<Subject> all,
                    Protocol protocol) {
  const std::string label = kind + ", " + size;
  std::vector<Subject> wanted;
  for (Subject& subject : all) {
    bool is_needed = wants(label, subject.name);
    for (const Target& target : kTargets)
      is_needed = is_needed || (subject.name == target.beside && wants(label, target.subject));
    if (is_needed) wanted.push_back(std::move(subject));
  }
  Scene scene(rig, std::move(wanted));
  scene.measure(effort_.rounds, effort_.packets);
  has_measured_ = true;
  for (const Subject& subject : scene.subjects())
    report_.add(Figure{kind, size, subject.name, "ns/packet", spread_of(subject.ns)});
  const bool v4 = kind.starts_with("IPv4");
  for (const Target& target : kTargets) {
    if (!wants(label, target.subject)) continue;
    const bool is_bound = !target.tcp_only || protocol == Protocol::tcp;
    report_.add(Claim{label + ": " + target.subject + " / " + target.beside, "x",
                      ratio_of(scene.ns(target.subject), scene.ns(target.beside)),
                      is_bound ? target.bound : Bound::none, v4 ? target.limit4 : target.limit6, true});
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string only = take_only(argc, argv);
  Report report("prog", parse_options(argc, argv));
  const Effort effort = report.options().is_short ? Effort{7, 50'000, 2} : Effort{21, 200'000, 3};
  report.set_method(std::to_string(effort.rounds) + " rounds of " + std::to_string(effort.packets) + " packets");
  try {
    Bench bench(report, only, effort);
    bench.run<V4>(Family::v4);
    bench.run<V6>(Family::v6);
    if (!bench.has_measured()) throw std::runtime_error("nothing is named like '" + only + "'");
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_prog: %s\n", failure.what());
    return 1;
  }
  const Result<void> written = report.finish();
  if (!written) std::fprintf(stderr, "bench_prog: %s\n", written.error().text().c_str());
  return written ? 0 : 1;
}
