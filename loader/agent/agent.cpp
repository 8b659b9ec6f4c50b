// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/agent.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "loader/agent/aging.h"
#include "loader/agent/applier.h"
#include "loader/agent/change_batch.h"
#include "loader/agent/config_guard.h"
#include "loader/agent/face.h"
#include "loader/agent/node_devices.h"
#include "loader/agent/node_setup.h"
#include "loader/agent/packet_log.h"
#include "loader/agent/parts.h"
#include "loader/agent/predecessor.h"
#include "loader/agent/settings.h"
#include "loader/agent/socket_hooks.h"
#include "loader/agent/upkeep.h"

namespace sp::agent {
namespace {

using Clock = EventLoop::Clock;

// What failed is tried again, and sysctls are read again, at this pace.
constexpr std::chrono::seconds kHousekeeping{10};
// Maps are compared with what they should hold, in case somebody else wrote to them.
constexpr std::chrono::hours kReconcile{1};
// Freed slots and ids rest for a while: rows that found no room may find some then. Later ones only fit after a change,
// which brings its own apply(); the slow retry is for what we cannot see.
constexpr std::chrono::milliseconds kFirstRetry = sync::Sync::kRest + std::chrono::milliseconds(200);

class Agent {
 public:
  Agent(Parts parts, const RunOptions& options, const Settings& settings)
      : settings_(settings),
        parts_(std::move(parts)),
        applier_(std::move(parts_.sync), settings.config),
        devices_(parts_.plane, parts_.watcher, options.devices, settings.config),
        sockets_(parts_.loop, parts_.plane, parts_.metrics->agent, options.pin_path, options.cgroup),
        aging_(parts_.loop, parts_.plane),
        upkeep_(parts_.reader, settings.config),
        predecessor_(settings.source == SourceKind::kubernetes ? options.leftovers : Leftovers::keep),
        packets_([this](std::uint32_t ifindex) { return node::device_name(parts_.watcher.facts(), ifindex); }) {}
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  Result<void> start(Clock::time_point began);
  // Until a signal, or an error that only a new process can mend.
  Result<void> serve();

 private:
  Result<void> subscribe();
  void read_source();
  void read_netlink();
  Result<void> begin_once_complete();
  Result<void> begin();
  void notice(const source::Update& update);
  void apply_batch();
  void apply(Cause cause);
  void keep_house();
  void drain_packets();
  void end_with(Error error);

  const Settings& settings_;
  Parts parts_;
  Applier applier_;
  NodeDevices devices_;
  SocketHooks sockets_;
  Aging aging_;
  Upkeep upkeep_;
  Predecessor predecessor_;
  PacketLog packets_;
  std::unique_ptr<Face> face_;
  ConfigGuard guard_;
  EventLoop::Timer retry_timer_{};
  EventLoop::Timer batch_timer_{};
  Clock::time_point began_{};
  bool in_force_ = false;  // rows are written, programs attached
  std::chrono::milliseconds retry_delay_ = kFirstRetry;
  ChangeBatch batch_;
  Clock::time_point last_apply_{};
  std::optional<Error> failure_;
};

Result<void> Agent::start(Clock::time_point began) {
  began_ = began;
  store(settings_.config, parts_.plane.config());
  SP_TRY(subscribe());
  predecessor_.look_for_rival(settings_.proxy.healthz_bind_address);
  SP_TRY_ASSIGN(face, Face::open(parts_.loop, settings_,
                                 {*parts_.metrics, applier_, parts_.plane, parts_.reader, parts_.watcher,
                                  parts_.origin.cluster}));
  face_ = std::move(face);
  // After the look that takes what has happened: routes may have changed while no agent was there to see it.
  static_cast<void>(parts_.watcher.refresh());
  parts_.plane.bump_route_epoch();
  notice(parts_.origin.source->refresh());
  if (parts_.origin.cluster == nullptr) {
    // The rows of this node's addresses are due even if the folder is empty.
    return begin();
  }
  parts_.origin.cluster->events().post_starting();
  log::info("agent", "waiting for the cluster server={}: what is programmed already stays in force",
            parts_.origin.cluster->text());
  return begin_once_complete();
}

Result<void> Agent::serve() {
  SP_TRY(parts_.loop.run());
  if (failure_) {
    return *std::move(failure_);
  }
  return {};
}

Result<void> Agent::subscribe() {
  EventLoop& loop = parts_.loop;
  SP_TRY_ASSIGN(retry, loop.add_timer([this] { apply(Cause::retry); }));
  retry_timer_ = retry;
  SP_TRY_ASSIGN(batch, loop.add_timer([this] { apply_batch(); }));
  batch_timer_ = batch;
  SP_TRY_ASSIGN(house, loop.add_timer([this] { keep_house(); }));
  loop.start_every(house, kHousekeeping);
  SP_TRY_ASSIGN(reconcile, loop.add_timer([this] { apply(Cause::reconcile); }));
  loop.start_every(reconcile, kReconcile);
  SP_TRY(loop.watch(parts_.origin.source->fd(), [this] { read_source(); }));
  SP_TRY(loop.watch(parts_.watcher.fd(), [this] { read_netlink(); }));
  SP_TRY(loop.watch(parts_.plane.events_fd(), [this] { drain_packets(); }));
  SP_TRY(loop.on_signals({SIGTERM, SIGINT}, [this](int signal) {
    log::info("agent", "stopping signal={}: programs and maps stay in force", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    parts_.loop.stop();
  }));
  SP_TRY(guard_.start(loop, settings_.files, [this](Error error) { end_with(std::move(error)); }));
  return aging_.start(settings_.config.aging_interval);
}

void Agent::read_source() {
  notice(parts_.origin.source->refresh());
  if (auto begun = begin_once_complete(); !begun) {
    end_with(std::move(begun).error());
  }
}

void Agent::notice(const source::Update& update) {
  for (const source::Complaint& complaint : update.complaints) {
    log::write(log::Level::warn, "source", complaint.text);
  }
  face_->noticed(update, parts_.origin.source->cluster());
  if (!update.any()) {
    return;
  }
  batch_.add(update.changed, in_force_ ? parts_.loop.woke_at() : Clock::now());
  if (!in_force_) {
    return;
  }
  const auto due = last_apply_ + settings_.config.min_sync_period;
  const auto now = Clock::now();
  if (due <= now) {
    apply_batch();
  } else {
    parts_.loop.start_once(batch_timer_, due - now);
  }
}

void Agent::apply_batch() {
  if (!batch_.empty()) {
    apply(parts_.origin.cause());
  }
}

// Half a cluster is worse than none: what an earlier agent programmed serves on meanwhile.
Result<void> Agent::begin_once_complete() {
  if (in_force_ || !parts_.origin.source->cluster().complete) {
    return {};
  }
  return begin();
}

Result<void> Agent::begin() {
  if (parts_.origin.cluster != nullptr) {
    predecessor_.look(parts_.plane.config());
  }
  in_force_ = true;
  apply(Cause::start);
  SP_TRY(devices_.start());
  SP_TRY(sockets_.start());

  const Totals& totals = applier_.totals();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_);
  log::info("agent", "ready devices={} pod_devices={} frontends={} services={} backends={} took_ms={}",
            fmt::join(devices_.names(), ","), devices_.pod_devices(), totals.frontends, totals.services,
            totals.backends, took.count());
  keep_house();
  return {};
}

void Agent::read_netlink() {
  const node::Watcher::Update update = parts_.watcher.refresh();
  if (update.routes_changed) {
    parts_.plane.bump_route_epoch();
  }
  if (!in_force_) {
    return;
  }
  if (update.facts_changed) {
    apply(Cause::netlink);
  }
  // After the rows: taking programs off a device waits for the kernel.
  if (update.facts_changed || update.routes_changed) {
    devices_.reconcile();
  }
}

// Whatever the cause, what waits in the batch comes into force, too: the face takes all of it for applied, and a cause
// that comes ever again could put it off for good.
void Agent::apply(Cause cause) {
  if (!in_force_) {
    return;
  }
  const auto woke_at = cause == Cause::start ? Clock::now() : parts_.loop.woke_at();
  const auto due = batch_.take().value_or(ChangeBatch::Due{{}, woke_at});
  applier_.apply(parts_.origin.source->cluster(), parts_.watcher.facts(), due.changed, cause, due.since);
  if (const auto& report = applier_.last().report; report.backends_retired + report.backends_left > 0) {
    sockets_.end_stale();
  }
  last_apply_ = Clock::now();
  face_->applied(applier_.last(), cause, !applier_.unfinished());
  if (!applier_.unfinished()) {
    retry_delay_ = kFirstRetry;
    return;
  }
  parts_.loop.start_once(retry_timer_, retry_delay_);
  retry_delay_ = std::min<std::chrono::milliseconds>(
      2 * retry_delay_, std::chrono::duration_cast<std::chrono::milliseconds>(settings_.config.sync_period));
}

void Agent::keep_house() {
  if (!in_force_) {
    return;
  }
  devices_.reconcile();
  sockets_.look();
  upkeep_.look(devices_.names(), parts_.watcher.facts());
  if (!applier_.unfinished()) {
    predecessor_.replace();
  }
}

void Agent::drain_packets() {
  const auto now = PacketLog::Clock::now();
  parts_.plane.drain_events([this, now](const sp_event& event) { packets_.add(event, now); });
}

void Agent::end_with(Error error) {
  if (!failure_) {
    failure_ = std::move(error);
  }
  parts_.loop.stop();
}

}  // namespace

Result<void> run(const RunOptions& options, const Build& build) {
  const auto began = Clock::now();
  SP_TRY_ASSIGN(settings, resolve(options));
  log::init(settings.log_level);
  for (const Remark& remark : settings.remarks) {
    log::write(remark.level, "config", remark.text);
  }
  // Whoever reads our log may go away; that must not end the agent.
  std::signal(SIGPIPE, SIG_IGN);
  if (options.init_only) {
    return init_node(options, settings);
  }
  if (settings.source == SourceKind::kubernetes) {
    set_up_node(settings);
  }
  SP_TRY_ASSIGN(parts, assemble(options, settings, build));
  Agent agent(std::move(parts), options, settings);
  SP_TRY(agent.start(began));
  return agent.serve();
}

}  // namespace sp::agent
