// SPDX-License-Identifier: Apache-2.0
// DataPlane: puts skeleton, typed maps, links, aging and events together.
#include "loader/kernel/data_plane.h"

#include <bpf/libbpf.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <span>

#include "loader/kernel/attach.h"
#include "loader/kernel/attach_sockets.h"
#include "loader/kernel/flow_aging.h"
#include "loader/kernel/frontend_map.h"
#include "loader/kernel/libbpf_log.h"
#include "loader/kernel/map.h"
#include "loader/kernel/mapped_array.h"
#include "loader/kernel/pin.h"
#include "loader/kernel/pinned_object.h"
#include "loader/kernel/requirements.h"
#include "loader/kernel/skeleton.h"
#include "loader/kernel/windowed_array.h"
#include "loader/sync/stores.h"
#include "loader/util/log.h"
#include "loader/util/sort_unique.h"

namespace sp::kernel {
namespace {

struct RingDeleter {
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

// What drain_events() is doing; the ring's callback has room for one pointer, fixed at creation.
struct Drain {
  const std::function<void(const sp_event&)>* visit = nullptr;
  std::size_t events = 0;
};

int take_event(void* context, void* data, std::size_t bytes) {
  auto& drain = *static_cast<Drain*>(context);
  if (bytes < sizeof(sp_event) || drain.visit == nullptr) return 0;
  (*drain.visit)(*static_cast<const sp_event*>(data));
  ++drain.events;
  return 0;
}

Result<MapFd> share_array(const bpf_map* map, std::uint32_t value_bytes) {
  return share_map(bpf_map__fd(map), bpf_map__name(map), {BPF_MAP_TYPE_ARRAY, sizeof(__u32), value_bytes});
}

// The one row of a small array.
template <typename Row>
Result<MappedArray<Row>> map_row(const bpf_map* map) {
  SP_TRY_ASSIGN(shared, share_array(map, sizeof(Row)));
  return MappedArray<Row>::map(shared);
}

template <typename Row>
Result<WindowedArray<Row>> map_rows(const bpf_map* map, std::uint32_t value_bytes = sizeof(Row)) {
  SP_TRY_ASSIGN(shared, share_array(map, value_bytes));
  return WindowedArray<Row>::map(std::move(shared));
}

// One that is new gets what the flows beside it need.
Result<Filter> open_filter(const sallyport_bpf& bpf) {
  const auto& maps = bpf.maps;
  const auto fd = [](const bpf_map* map) { return bpf_map__fd(map); };
  SP_TRY_ASSIGN(filter, Filter::share(fd(maps.sp_filter)));
  if (!filter.is_empty()) return filter;
  SP_TRY((add_flows<sp_flow4_key, sp_flow4_val>(filter, fd(maps.sp_flows4), "sp_flows4", BPF_MAP_TYPE_HASH)));
  SP_TRY((add_flows<sp_flow6_key, sp_flow6_val>(filter, fd(maps.sp_flows6), "sp_flows6", BPF_MAP_TYPE_HASH)));
  constexpr bpf_map_type kEmbryos = BPF_MAP_TYPE_LRU_HASH;
  SP_TRY((add_flows<sp_flow4_key, sp_embryo4_val>(filter, fd(maps.sp_embryos4), "sp_embryos4", kEmbryos)));
  SP_TRY((add_flows<sp_flow6_key, sp_embryo6_val>(filter, fd(maps.sp_embryos6), "sp_embryos6", kEmbryos)));
  return filter;
}

bool has_pin(const std::filesystem::path& pin_path, std::span<const char* const> programs, std::uint32_t ifindex) {
  return std::any_of(programs.begin(), programs.end(), [&](const char* program) {
    std::error_code ignored;
    return std::filesystem::exists(link_pin(pin_path, program, ifindex), ignored);
  });
}

Result<void> withdraw_pin(const std::filesystem::path& path) {
  SP_TRY_ASSIGN(pin, open_pin(path));
  return pin ? withdraw(*pin) : Result<void>();
}

// Takes `programs` off a device, and the qdisc that we made unless it carries a filter of the `others`.
Result<void> withdraw_programs(const std::filesystem::path& pin_path, std::uint32_t ifindex,
                               std::span<const char* const> programs, std::span<const char* const> others) {
  for (const char* program : programs) SP_TRY(withdraw_pin(link_pin(pin_path, program, ifindex)));
  return has_pin(pin_path, others, ifindex) ? Result<void>() : withdraw_pin(link_pin(pin_path, kClsactMarker, ifindex));
}

std::vector<std::uint32_t> devices_with(const std::filesystem::path& pin_path, std::span<const char* const> programs) {
  std::vector<std::uint32_t> ifindexes;
  for (const auto& path : list_link_pins(pin_path)) {
    const auto [program, ifindex] = *parse_pin_name(path.filename().string());
    if (std::find(programs.begin(), programs.end(), program) != programs.end()) ifindexes.push_back(ifindex);
  }
  sort_unique(ifindexes);
  return ifindexes;
}

}  // namespace

struct DataPlane::State {
  std::filesystem::path pin_path;
  Fd lock;
  Skeleton skeleton;
  FrontendMap frontends;
  Map<__u32, sp_service_name> service_names;
  Map<sp_source_range_key, __u8> source_ranges;
  Map<sp_addr, __u32> service_ips;
  Map<__u32, sp_device_val> devices;
  Map<__u32, __u32> tx_ports;
  WindowedArray<sp_service_val> services;
  WindowedArray<__u64> slots;
  WindowedArray<sp_backend_val> backends;
  MappedArray<sp_networks_val> networks;
  MappedArray<sp_config_val> config;
  FlowAging aging;
  Drain drain{};
  std::unique_ptr<ring_buffer, RingDeleter> ring{};

  static Result<std::unique_ptr<State>> make(const std::filesystem::path& pin_path, Fd lock, Skeleton skeleton);
  Result<void> open_ring();
};

Result<std::unique_ptr<DataPlane::State>> DataPlane::State::make(const std::filesystem::path& pin_path, Fd lock,
                                                                 Skeleton skeleton) {
  const auto& maps = skeleton->maps;
  const auto fd = [](const bpf_map* map) { return bpf_map__fd(map); };
  using Names = decltype(State::service_names);
  using Ranges = decltype(State::source_ranges);
  using ServiceIps = decltype(State::service_ips);
  using Devices = decltype(State::devices);
  using TxPorts = decltype(State::tx_ports);
  SP_TRY_ASSIGN(filter, open_filter(*skeleton));
  SP_TRY_ASSIGN(frontends, FrontendMap::share(fd(maps.sp_frontends), std::move(filter)));
  SP_TRY_ASSIGN(names, Names::share(fd(maps.sp_svc_names), "sp_svc_names", BPF_MAP_TYPE_HASH));
  SP_TRY_ASSIGN(ranges, Ranges::share(fd(maps.sp_source_range), "sp_source_range", BPF_MAP_TYPE_LPM_TRIE));
  SP_TRY_ASSIGN(service_ips, ServiceIps::share(fd(maps.sp_service_ips), "sp_service_ips", BPF_MAP_TYPE_HASH));
  SP_TRY_ASSIGN(devices, Devices::share(fd(maps.sp_devices), "sp_devices", BPF_MAP_TYPE_HASH));
  SP_TRY_ASSIGN(tx_ports, TxPorts::share(fd(maps.sp_tx_ports), "sp_tx_ports", BPF_MAP_TYPE_DEVMAP_HASH));
  SP_TRY_ASSIGN(services, map_rows<sp_service_val>(maps.sp_services));
  SP_TRY_ASSIGN(slots, map_rows<__u64>(maps.sp_slots, bpf_map__value_size(maps.sp_slots)));
  SP_TRY_ASSIGN(backends, map_rows<sp_backend_val>(maps.sp_backends));
  SP_TRY_ASSIGN(networks, map_row<sp_networks_val>(maps.sp_networks));
  SP_TRY_ASSIGN(config, map_row<sp_config_val>(maps.sp_config));
  FlowAging aging({{{skeleton->progs.sp_age4, fd(maps.sp_flows4)}, {skeleton->progs.sp_age6, fd(maps.sp_flows6)}}});
  std::unique_ptr<State> state(
      new State{pin_path, std::move(lock), std::move(skeleton), std::move(frontends), std::move(names),
                std::move(ranges), std::move(service_ips), std::move(devices), std::move(tx_ports), std::move(services),
                std::move(slots), std::move(backends), std::move(networks), std::move(config), std::move(aging)});
  SP_TRY(state->open_ring());
  return state;
}

Result<void> DataPlane::State::open_ring() {
  ring.reset(ring_buffer__new(bpf_map__fd(skeleton->maps.sp_events), take_event, &drain, nullptr));
  if (!ring) return errno_error(errno, "map sp_events: open the ring");
  return {};
}

DataPlane::DataPlane(std::unique_ptr<State> state) : state_(std::move(state)) {}
DataPlane::DataPlane(DataPlane&&) noexcept = default;
DataPlane& DataPlane::operator=(DataPlane&&) noexcept = default;
DataPlane::~DataPlane() = default;

Result<DataPlane> DataPlane::open(const DataPlaneOptions& options) {
  SP_TRY(check_running_kernel());
  if (auto made = make_pin_directory(options.pin_path); !made) return explain_privileges(std::move(made).error());
  SP_TRY_ASSIGN(lock, lock_pin_directory(options.pin_path));
  if (auto same = check_abi(options.pin_path); !same) return explain_privileges(std::move(same).error());
  SP_TRY_ASSIGN(skeleton, load_skeleton(options));
  SP_TRY_ASSIGN(state, State::make(options.pin_path, std::move(lock), std::move(skeleton)));
  DataPlane plane(std::move(state));
  if (sp_config_val& config = plane.config(); config.abi_version == 0) {
    config.epochs = {.route = 1, .backend = 1};
    config.abi_version = SP_ABI_VERSION;
  }
  return plane;
}

sync::Tables DataPlane::tables() {
  return {state_->frontends,      state_->service_names,   state_->source_ranges, state_->services.rows(),
          state_->slots.rows(),   state_->backends.rows(), state_->service_ips,   state_->networks.rows().front(),
          config().epochs.backend};
}

sp_config_val& DataPlane::config() {
  return state_->config.rows().front();
}

void DataPlane::bump_route_epoch() {
  __u32& epoch = config().epochs.route;
  sync::bump_epoch(epoch);
  log::debug("agent", "route epoch bumped epoch={}", epoch);
}

Result<Attachment> DataPlane::attach(std::uint32_t ifindex, const std::string& device) {
  route_libbpf_log();
  const HookTarget target{state_->pin_path, ifindex, device};
  const auto& programs = state_->skeleton->progs;
  // tc first: a reply must find its translation before a request can have been translated.
  SP_TRY(attach_tc(target, kTcEgress, bpf_program__fd(programs.sp_tc_egress)));
  SP_TRY(attach_tc(target, kTcIngress, bpf_program__fd(programs.sp_tc_ingress)));
  SP_TRY_ASSIGN(xdp, attach_xdp(target, bpf_program__fd(programs.sp_xdp)));
  return Attachment{ifindex, device, xdp.mode, xdp.adopted};
}

Result<void> DataPlane::detach(std::uint32_t ifindex) {
  return withdraw_programs(state_->pin_path, ifindex, kDevicePrograms, kPodPrograms);
}

std::vector<std::uint32_t> DataPlane::attached() const {
  return devices_with(state_->pin_path, kDevicePrograms);
}

Result<void> DataPlane::attach_pods(std::uint32_t ifindex, const std::string& device) {
  route_libbpf_log();
  const HookTarget target{state_->pin_path, ifindex, device};
  const auto& programs = state_->skeleton->progs;
  // As in attach(): replies first.
  SP_TRY(attach_tc(target, kPodEgress, bpf_program__fd(programs.sp_pod_egress)));
  return attach_tc(target, kPodIngress, bpf_program__fd(programs.sp_pod_ingress));
}

Result<void> DataPlane::detach_pods(std::uint32_t ifindex) {
  return withdraw_programs(state_->pin_path, ifindex, kPodPrograms, kDevicePrograms);
}

std::vector<std::uint32_t> DataPlane::attached_pods() const {
  return devices_with(state_->pin_path, kPodPrograms);
}

Result<bool> DataPlane::attach_sockets(const std::filesystem::path& cgroup) {
  route_libbpf_log();
  return attach_socket_hooks(state_->pin_path, cgroup, state_->skeleton->obj);
}

Result<void> DataPlane::detach_sockets() {
  SP_TRY(withdraw_socket_hooks(state_->pin_path));
  return {};
}

Result<void> DataPlane::set_device(std::uint32_t ifindex, const sp_device_val& value) {
  if ((value.flags & SP_DEVICE_XDP_TX) != 0) SP_TRY(state_->tx_ports.update(ifindex, ifindex));
  SP_TRY(state_->devices.update(ifindex, value));
  return (value.flags & SP_DEVICE_XDP_TX) != 0 ? Result<void>() : stop_transmitting(ifindex);
}

Result<void> DataPlane::erase_device(std::uint32_t ifindex) {
  SP_TRY(state_->devices.erase(ifindex));
  return stop_transmitting(ifindex);
}

// Flows must look elsewhere first: a redirect to a port that is not there drops the packet.
Result<void> DataPlane::stop_transmitting(std::uint32_t ifindex) {
  SP_TRY_ASSIGN(port, state_->tx_ports.lookup(ifindex));
  if (!port) return {};
  bump_route_epoch();
  return state_->tx_ports.erase(ifindex);
}

Result<bool> DataPlane::age(std::size_t budget) {
  return state_->aging.run(budget);
}

const std::array<std::size_t, 2>& DataPlane::flow_population() const {
  return state_->aging.population();
}

int DataPlane::events_fd() const {
  return ring_buffer__epoll_fd(state_->ring.get());
}

std::size_t DataPlane::drain_events(const std::function<void(const sp_event&)>& visit) {
  state_->drain = {&visit, 0};
  ring_buffer__consume(state_->ring.get());
  state_->drain.visit = nullptr;
  return state_->drain.events;
}

}  // namespace sp::kernel
