// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/agent.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "loader/agent/aging.h"
#include "loader/agent/applier.h"
#include "loader/agent/config.h"
#include "loader/agent/devices.h"
#include "loader/agent/host_settings.h"
#include "loader/agent/packet_log.h"
#include "loader/agent/settings.h"
#include "loader/kernel/data_plane.h"
#include "loader/kernel/reader.h"
#include "loader/node/watcher.h"
#include "loader/source/manifest_dir.h"
#include "loader/sync/sync.h"
#include "loader/util/event_loop.h"

namespace sp::agent {
namespace {

// What failed is tried again, and sysctls are read again, at this pace.
constexpr std::chrono::seconds kHousekeeping{5};
// Freed slots and ids rest for a while: rows that found no room may find some then. Later ones only fit after a change,
// which brings its own apply(); the slow retry is for what we cannot see.
constexpr std::chrono::milliseconds kFirstRetry = sync::Sync::kRest + std::chrono::milliseconds(200);
constexpr std::chrono::milliseconds kLastRetry{60000};

// Everything that can fail to exist, made in the order in which it is declared.
struct Parts {
  Config config;
  EventLoop loop;
  source::ManifestDir manifests;
  node::Watcher watcher;
  kernel::DataPlane plane;
  kernel::Reader reader;
  std::unique_ptr<sync::Tables> tables;  // at an address of its own: Sync refers to it
  sync::Sync sync;
};

Result<Parts> assemble(const RunOptions& options, const Settings& settings) {
  SP_TRY_ASSIGN(loop, EventLoop::create());
  Config config = settings.config;
  if (!options.cgroup.empty()) {
    SP_TRY(check_cgroup(options.cgroup));
    log::info("agent", "cgroup checked path={}: this version attaches nothing to it", options.cgroup.string());
  }
  // Sources first: a wrong folder or device fails before anything is made in the kernel.
  SP_TRY_ASSIGN(manifests, source::ManifestDir::open(options.manifests));
  SP_TRY_ASSIGN(watcher, node::Watcher::open(settings.node));
  SP_TRY(check_names(options.devices, watcher.facts()));
  SP_TRY_ASSIGN(plane, kernel::DataPlane::open({.pin_path = options.pin_path, .sizes = config.maps}));
  SP_TRY_ASSIGN(reader, kernel::Reader::open(options.pin_path, kernel::Arrays::left_out));
  auto tables = std::make_unique<sync::Tables>(plane.tables());
  SP_TRY_ASSIGN(sync, sync::Sync::adopt(*tables));
  return Parts{std::move(config), std::move(loop),   std::move(manifests), std::move(watcher),
               std::move(plane),  std::move(reader), std::move(tables),    std::move(sync)};
}

class Agent {
 public:
  Agent(Parts parts, const std::vector<std::string>& device_names)
      : parts_(std::move(parts)),
        applier_(std::move(parts_.sync), parts_.config),
        devices_(parts_.plane, device_names),
        aging_(parts_.loop, parts_.plane),
        packets_([this](std::uint32_t ifindex) { return device_name(ifindex); }) {}
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  Result<void> start(EventLoop::Clock::time_point began);
  Result<void> serve() { return parts_.loop.run(); }

 private:
  Result<void> subscribe();
  void read_manifests(Cause cause);
  void read_netlink();
  void apply(Cause cause, std::span<const model::ObjectId> changed, EventLoop::Clock::time_point woke_at);
  void keep_house();
  void watch_flow_tables();
  void drain_packets();
  void bump_route_epoch();
  [[nodiscard]] std::string device_name(std::uint32_t ifindex) const;

  Parts parts_;
  Applier applier_;
  Devices devices_;
  Aging aging_;
  PacketLog packets_;
  EventLoop::Timer retry_timer_{};
  std::chrono::milliseconds retry_delay_ = kFirstRetry;
  Notices host_notices_{log::Level::warn, "host"};
  Notices table_notices_{log::Level::error, "flows"};
  std::optional<std::uint64_t> flows_full_;  // the counter, when it was last read
};

Result<void> Agent::start(EventLoop::Clock::time_point began) {
  store(parts_.config, parts_.plane.config());
  // Routes may have changed while no agent was looking.
  bump_route_epoch();
  SP_TRY(subscribe());
  static_cast<void>(parts_.watcher.refresh());
  read_manifests(Cause::start);
  SP_TRY(devices_.start(parts_.watcher.facts(), parts_.watcher.default_route_devices()));
  keep_house();

  const Totals& totals = applier_.totals();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(EventLoop::Clock::now() - began);
  log::info("agent", "ready devices={} frontends={} services={} backends={} took_ms={}",
            fmt::join(devices_.names(), ","), totals.frontends, totals.services, totals.backends, took.count());
  return {};
}

Result<void> Agent::subscribe() {
  EventLoop& loop = parts_.loop;
  SP_TRY_ASSIGN(retry, loop.add_timer([this] { apply(Cause::retry, {}, parts_.loop.woke_at()); }));
  retry_timer_ = retry;
  SP_TRY_ASSIGN(house, loop.add_timer([this] { keep_house(); }));
  loop.start_every(house, kHousekeeping);
  SP_TRY(loop.watch(parts_.manifests.fd(), [this] { read_manifests(Cause::manifests); }));
  SP_TRY(loop.watch(parts_.watcher.fd(), [this] { read_netlink(); }));
  SP_TRY(loop.watch(parts_.plane.events_fd(), [this] { drain_packets(); }));
  SP_TRY(loop.on_signals({SIGTERM, SIGINT}, [this](int signal) {
    log::info("agent", "stopping signal={}: programs and maps stay in force", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    parts_.loop.stop();
  }));
  return aging_.start(parts_.config.aging_interval);
}

void Agent::read_manifests(Cause cause) {
  // Nothing has woken the loop yet at the start.
  const auto woke_at = cause == Cause::start ? EventLoop::Clock::now() : parts_.loop.woke_at();
  const source::Update update = parts_.manifests.refresh();
  for (const source::Complaint& complaint : update.complaints) {
    log::write(log::Level::warn, "source", complaint.text);
  }
  // At the start the rows of this node's addresses are due even if the folder is empty.
  if (update.any() || cause == Cause::start) {
    apply(cause, update.changed, woke_at);
  }
}

void Agent::read_netlink() {
  const node::Watcher::Update update = parts_.watcher.refresh();
  if (update.routes_changed) {
    bump_route_epoch();
  }
  if (update.facts_changed) {
    apply(Cause::netlink, {}, parts_.loop.woke_at());
  }
  // After the rows: taking programs off a device waits for the kernel.
  if (update.facts_changed || update.routes_changed) {
    devices_.reconcile(parts_.watcher.facts(), parts_.watcher.default_route_devices());
  }
}

void Agent::apply(Cause cause, std::span<const model::ObjectId> changed, EventLoop::Clock::time_point woke_at) {
  applier_.apply(parts_.manifests.cluster(), parts_.watcher.facts(), changed, cause, woke_at);
  if (!applier_.unfinished()) {
    retry_delay_ = kFirstRetry;
    return;
  }
  parts_.loop.start_once(retry_timer_, retry_delay_);
  retry_delay_ = std::min(2 * retry_delay_, kLastRetry);
}

void Agent::keep_house() {
  devices_.reconcile(parts_.watcher.facts(), parts_.watcher.default_route_devices());
  const HostSettings settings = read_host_settings("/proc/sys/net", devices_.names(), parts_.watcher.facts());
  host_notices_.update(host_advice(settings, parts_.config.snat_ports));
  watch_flow_tables();
}

// What finds no room is counted and not told packet by packet: it happens in a flood.
void Agent::watch_flow_tables() {
  const auto counters = parts_.reader.counters();
  if (!counters) {
    table_notices_.update({counters.error().text()});
    return;
  }
  const std::uint64_t full = counters->at(SP_NOTE_FLOWS_FULL).packets;
  const bool grew = flows_full_ && full > *flows_full_;
  flows_full_ = full;
  table_notices_.update(grew ? std::vector<std::string>{"a flow table is full: new connections stay embryos, of which "
                                                        "the least recently used goes first: raise maps.flows4 and "
                                                        "maps.flows6, or lower the timeouts, in --config"}
                             : std::vector<std::string>{});
}

void Agent::drain_packets() {
  const auto now = PacketLog::Clock::now();
  parts_.plane.drain_events([this, now](const sp_event& event) { packets_.add(event, now); });
}

void Agent::bump_route_epoch() {
  __u32& epoch = parts_.plane.config().route_epoch;
  // 0 stands for "no next hop cached" in a flow.
  const __u32 next = epoch + 1 == 0 ? 1 : epoch + 1;
  __atomic_store_n(&epoch, next, __ATOMIC_RELEASE);
  log::debug("agent", "route epoch bumped epoch={}", next);
}

std::string Agent::device_name(std::uint32_t ifindex) const {
  for (const node::Device& device : parts_.watcher.facts().devices) {
    if (device.ifindex == ifindex) {
      return device.name;
    }
  }
  return std::to_string(ifindex);
}

}  // namespace

Result<void> run(const RunOptions& options) {
  const auto began = EventLoop::Clock::now();
  SP_TRY_ASSIGN(settings, resolve(options));
  log::init(settings.log_level);
  for (const Remark& remark : settings.remarks) {
    log::write(remark.level, "config", remark.text);
  }
  // Whoever reads our log may go away; that must not end the agent.
  std::signal(SIGPIPE, SIG_IGN);
  SP_TRY_ASSIGN(parts, assemble(options, settings));
  Agent agent(std::move(parts), options.devices);
  SP_TRY(agent.start(began));
  return agent.serve();
}

}  // namespace sp::agent
