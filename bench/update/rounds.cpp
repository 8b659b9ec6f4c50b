// SPDX-License-Identifier: Apache-2.0
#include "bench/update/rounds.h"

#include <cerrno>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include "bench/update/bare_watcher.h"
#include "bench/update/change_probe.h"
#include "bench/update/nat_cluster.h"

namespace sp::bench {
namespace {

using test::Millis;

// The node itself: what the network between them costs is in nobody's figure.
constexpr const char* kApiHost = "n1";
// A network namespace in which nothing flows.
constexpr const char* kNftHost = "n1p1";
// Between two changes, so that each finds an agent at rest: the pace of the load, not a wait.
constexpr Millis kPace{2};
// Coprime to the numbers of Services: one after the other, all are changed.
constexpr unsigned kStride = 7919;

std::string with_commas(unsigned number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

// The rival, with the same cluster. Without an answer once nft has given up.
class NftRival {
 public:
  NftRival(const test::Lab& lab, const Plan& plan, const fake_api::Scale& scale)
      : lab_(lab), limit_(plan.nft_limit), services_(nat_cluster(scale)) {}

  Result<NftCost> load() {
    SP_TRY(lab_.run(kNftHost, {"nft", "flush", "ruleset"}, Millis(120'000)));
    return run(nftables_of(services_));
  }
  // The first endpoint of a Service gets another address.
  Result<NftCost> change(unsigned index) {
    NatService& service = services_.at(index);
    const NatService was = service;
    service.endpoints.at(0).first = *Ip::parse("10.201.0." + std::to_string(1 + changes_++ % 250));
    return run(nftables_change(was, service));
  }

 private:
  Result<NftCost> run(const std::string& text) {
    const auto file = lab_.scratch() / "transaction.nft";
    std::ofstream out(file);
    out << text;
    out.close();
    if (!out) return errno_error(errno, file.string() + ": write");
    return run_nft(lab_.host(kNftHost).netns, file, limit_);
  }

  const test::Lab& lab_;
  std::chrono::seconds limit_;
  std::vector<NatService> services_;
  unsigned changes_ = 0;
};

class Measurement {
 public:
  Measurement(const test::Lab& lab, const Plan& plan, test::LabApi& api, const fake_api::Scale& scale)
      : lab_(lab), plan_(plan), api_(api), scale_(scale), rival_(lab, plan, scale) {}

  Result<Measured> run() {
    SP_TRY(sync_in_turns());
    out_.ready = agent_->usage();
    SP_TRY(change_in_turns());
    out_.changed = agent_->usage();
    SP_TRY_ASSIGN(programming, agent_->programming());
    out_.programming = programming;
    measure_idle();
    SP_TRY(agent_->stop());
    SP_TRY(lab_.run(kNftHost, {"nft", "flush", "ruleset"}, Millis(120'000)));
    return std::move(out_);
  }

 private:
  // The last agent stays.
  Result<void> sync_in_turns() {
    for (unsigned i = 0; i < plan_.starts; ++i) {
      if (agent_) SP_TRY(agent_->stop());
      agent_.reset();
      SP_TRY_ASSIGN(agent, AgentRun::start(lab_, api_, plan_.room));
      out_.full_syncs.push_back(agent.full_sync());
      agent_.emplace(std::move(agent));
      if (!rival_gave_up_) SP_TRY(take(rival_.load(), out_.nft_loads, "the whole table"));
    }
    return {};
  }

  Result<void> change_in_turns() {
    SP_TRY_ASSIGN(probe, ChangeProbe::open(agent_->pin_path(), api_, scale_));
    SP_TRY_ASSIGN(bare, BareWatcher::start(lab_, kApiHost, api_));
    double cpu_ms = 0;
    for (unsigned round = 0; round < plan_.rounds; ++round) {
      const bool rival_begins = round % 2 == 1;
      if (rival_begins) SP_TRY(change_rival(round));
      const double before = agent_->usage().cpu_ms;
      SP_TRY(change_ours(probe, bare));
      cpu_ms += agent_->usage().cpu_ms - before;
      if (!rival_begins) SP_TRY(change_rival(round));
    }
    out_.cpu_us_per_change = cpu_ms * 1e3 / probe.changes();
    return {};
  }

  // In turns with the bare watcher, which is told of the same Service.
  Result<void> change_ours(ChangeProbe& probe, BareWatcher& bare) {
    std::vector<double>& round = out_.rounds.emplace_back();
    std::vector<double>& bare_round = out_.bare_rounds.emplace_back();
    for (unsigned i = 0; i < plan_.changes; ++i) {
      const unsigned index = probe.changes() * kStride % plan_.services;
      SP_TRY_ASSIGN(took, probe.change(index));
      round.push_back(took);
      std::this_thread::sleep_for(kPace);
      SP_TRY_ASSIGN(bare_took, bare.change(probe.event_line(index, "10.200.0.1")));
      bare_round.push_back(bare_took);
      std::this_thread::sleep_for(kPace);
    }
    return {};
  }

  Result<void> change_rival(unsigned round) {
    if (rival_gave_up_) return {};
    return take(rival_.change(round * kStride % plan_.services), out_.nft_changes, "one endpoint");
  }

  Result<void> take(Result<NftCost> cost, std::vector<NftCost>& costs, const char* what) {
    if (cost) {
      costs.push_back(*cost);
      return {};
    }
    if (cost.error().err != ETIMEDOUT) return std::move(cost).error();
    rival_gave_up_ = true;
    out_.notes.push_back(plan_.text() + ", nftables, " + what + ": " + cost.error().what);
    return {};
  }

  void measure_idle() {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const double before = agent_->usage().cpu_ms;
    std::this_thread::sleep_for(plan_.idle);
    out_.idle_percent = (agent_->usage().cpu_ms - before) / (static_cast<double>(plan_.idle.count()) * 10);
  }

  const test::Lab& lab_;
  const Plan& plan_;
  test::LabApi& api_;
  const fake_api::Scale& scale_;
  NftRival rival_;
  bool rival_gave_up_ = false;
  std::optional<AgentRun> agent_;
  Measured out_;
};

}  // namespace

std::string Plan::text() const {
  return with_commas(services) + " x " + with_commas(endpoints);
}

Result<Measured> measure(const test::Lab& lab, const Plan& plan) {
  const fake_api::Scale scale{.services = plan.services, .endpoints = plan.endpoints};
  SP_TRY_ASSIGN(api, test::LabApi::start(lab, kApiHost));
  fake_api::fill(api->api(), scale);
  return Measurement(lab, plan, *api, scale).run();
}

}  // namespace sp::bench
