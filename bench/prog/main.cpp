// SPDX-License-Identifier: Apache-2.0
// bench_prog: nanoseconds per packet over BPF_PROG_TEST_RUN, of the shipped XDP program beside a bare one, by family,
// protocol, number of flows and kind of packet.
//
// --only TEXT measures what has TEXT in its name: "IPv4 TCP, 10k flows: established / bare program".
#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "bench/prog/code_size.h"
#include "bench/prog/embryos.h"
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
    {kEstablished, kBare, Bound::at_most, 1.2, 1.35, false},
    {kMiss, kBare, Bound::at_most, 1.6, 1.6, false},
    {kNewRemote, kBare, Bound::at_most, 12, 12, false},
    {kNewRemote, kNewBare, Bound::none, 0, 0, false},
    {kNewBare, kBare, Bound::none, 0, 0, false},
    {kNewLocal, kBare, Bound::none, 0, 0, false},
    {kNewFlood, kBare, Bound::none, 0, 0, false},
    // Both ways round: within 5 %.
    {kReply, kEstablished, Bound::at_most, 1.05, 1.05, true},
    {kEstablished, kReply, Bound::at_most, 1.05, 1.05, true},
    {kReject, kBare, Bound::none, 0, 0, false},
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

// Where a scene is set.
struct Place {
  Family family;
  Protocol protocol;
  Size size;

  [[nodiscard]] std::string kind() const {
    return std::string(family == Family::v4 ? "IPv4" : "IPv6") + (protocol == Protocol::tcp ? " TCP" : " UDP");
  }
  [[nodiscard]] std::string claim(const Target& target) const {
    return kind() + ", " + size.text + ": " + target.subject + " / " + target.beside;
  }
};

class Bench {
 public:
  Bench(Report& report, std::string only, Effort effort) : report_(report), only_(std::move(only)), effort_(effort) {}

  template <typename F>
  void run(Family family);
  [[nodiscard]] bool has_measured() const { return has_measured_; }

 private:
  template <typename F>
  void run_size(Rig& rig, Connections<F>& connections, const Place& place);
  [[nodiscard]] bool wants(const Place& place, const Target& target) const {
    return place.claim(target).find(only_) != std::string::npos;
  }
  [[nodiscard]] bool wants(const Place& place, const char* subject) const;
  void measure(Rig& rig, const Place& place, std::vector<Subject> all);
  void tell(const Scene& scene, const Place& place);

  Report& report_;
  std::string only_;
  Effort effort_;
  bool has_measured_ = false;
};

template <typename F>
void Bench::run(Family family) {
  std::unique_ptr<Rig> rig;
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    std::unique_ptr<Connections<F>> connections;
    for (std::size_t i = 0; i < effort_.sizes; ++i) {
      const Place place{family, protocol, kSizes[i]};
      if (!wants(place, kBare)) continue;
      if (rig == nullptr) {
        rig = std::make_unique<Rig>(family, kFlowEntries);
        if (!has_measured_) report_.note(code_size(rig->ours()));
        report_.note(code_size(rig->bare()));
      }
      if (connections == nullptr) {
        connections = std::make_unique<Connections<F>>(*rig, protocol);
        add_doors(*rig, family, protocol);
      }
      run_size(*rig, *connections, place);
    }
    if (connections != nullptr) connections->remove();
  }
}

template <typename F>
void Bench::run_size(Rig& rig, Connections<F>& connections, const Place& place) {
  connections.grow(place.size.count);
  measure(rig, place, subjects(rig, connections, place.protocol, place.size.count));
  // UDP differs in nothing that a flood meets.
  if (place.protocol != Protocol::tcp || !wants(place, kNewFlood)) return;
  measure(rig, place, flooded(rig, connections, place.protocol, place.size.count));
  clear_embryos<F>(rig);
}

// Is there a claim to be measured that this subject is a side of?
bool Bench::wants(const Place& place, const char* subject) const {
  return std::any_of(std::begin(kTargets), std::end(kTargets), [&](const Target& target) {
    return (std::string_view(target.subject) == subject || std::string_view(target.beside) == subject) &&
           wants(place, target);
  });
}

void Bench::measure(Rig& rig, const Place& place, std::vector<Subject> all) {
  std::erase_if(all, [&](const Subject& subject) { return !wants(place, subject.name.c_str()); });
  if (all.size() < 2) return;
  Scene scene(rig, std::move(all));
  scene.measure(effort_.rounds, effort_.packets);
  has_measured_ = true;
  tell(scene, place);
}

void Bench::tell(const Scene& scene, const Place& place) {
  for (const Subject& subject : scene.subjects()) {
    const bool opens = subject.name.starts_with(kNewRemote);
    if (subject.name != kBare || !scene.has(kNewFlood))
      report_.add(Figure{place.kind() + (opens ? ", first packets" : ""), place.size.text, subject.name, "ns/packet",
                         spread_of(subject.ns)});
  }
  for (const Target& target : kTargets) {
    if (!wants(place, target) || !scene.has(target.subject) || !scene.has(target.beside)) continue;
    // A reply does not ask whether the backend still serves, and a UDP request does.
    if (target.tcp_only && place.protocol != Protocol::tcp) continue;
    report_.add(Claim{place.claim(target), "x", ratio_of(scene.ns(target.subject), scene.ns(target.beside)),
                      target.bound, place.family == Family::v4 ? target.limit4 : target.limit6,
                      target.bound != Bound::none});
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
    if (!bench.has_measured()) throw std::runtime_error("no claim is named like '" + only + "'");
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench_prog: %s\n", failure.what());
    return 1;
  }
  const Result<void> written = report.finish();
  if (!written) std::fprintf(stderr, "bench_prog: %s\n", written.error().text().c_str());
  return written ? 0 : 1;
}
