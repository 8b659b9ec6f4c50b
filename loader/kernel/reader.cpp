// SPDX-License-Identifier: Apache-2.0
// Reader over pins.
#include "loader/kernel/reader.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>

#include "loader/kernel/attach.h"
#include "loader/kernel/libbpf_log.h"
#include "loader/kernel/map.h"
#include "loader/kernel/mapped_array.h"
#include "loader/kernel/percpu_map.h"
#include "loader/kernel/pin.h"
#include "loader/kernel/pinned_object.h"
#include "loader/kernel/requirements.h"

namespace sp::kernel {
namespace {

namespace fs = std::filesystem;

// The descriptor must be writable: the kernel maps a read-only one as private memory, which array maps refuse. The
// memory itself is read-only.
template <typename Row>
Result<MappedArray<const Row>> map_rows(const fs::path& pin_path, const char* name, std::uint32_t value_bytes) {
  SP_TRY_ASSIGN(map,
                open_pinned_map(pin_path, name, {BPF_MAP_TYPE_ARRAY, sizeof(__u32), value_bytes}, Access::read_write));
  return MappedArray<const Row>::map(map);
}

template <typename K, typename V>
Result<Rows<K, V>> all_rows(const Map<K, V>& map) {
  Rows<K, V> rows;
  SP_TRY(map.walk([&rows](const K& key, const V& value) { rows.emplace_back(key, value); }));
  return rows;
}

template <typename K, typename V>
Result<Usage> count(const Map<K, V>& map) {
  Usage usage{0, map.max_entries()};
  SP_TRY(map.walk([&usage](const K&, const V&) { ++usage.used; }));
  return usage;
}

// Those of `names` that have a pin.
Result<std::vector<AttachedProgram>> programs_at_devices(const fs::path& pin_path, std::span<const char* const> names) {
  std::vector<AttachedProgram> programs;
  for (const fs::path& path : list_link_pins(pin_path)) {
    const std::string name = parse_pin_name(path.filename().string())->first;
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    SP_TRY_ASSIGN(pin, open_pin(path));
    if (!pin) continue;
    AttachedProgram attached{
        pin->ifindex, pin->program, pin->program_id, pin->at_ifindex == 0, pin->kind == PinKind::link, std::nullopt};
    if (pin->program == SP_PROG_XDP && !attached.device_gone) {
      if (const auto mode = xdp_mode(pin->ifindex, pin->program_id)) attached.xdp_mode = *mode;
    }
    programs.push_back(std::move(attached));
  }
  std::sort(programs.begin(), programs.end(), [](const AttachedProgram& a, const AttachedProgram& b) {
    return std::pair(a.ifindex, a.program) < std::pair(b.ifindex, b.program);
  });
  return programs;
}

Error nothing_there(const fs::path& pin_path) {
  return Error{0,
               fmt::format("no agent has run with --pin-path {}: start `sallyport run`, or name the path that it uses",
                           pin_path.string())};
}

}  // namespace

struct Reader::State {
  fs::path pin_path;
  Map<sp_frontend_key, sp_frontend_val> frontends;
  Map<__u32, sp_service_name> names;
  Map<__u32, sp_device_val> devices;
  Map<sp_flow4_key, sp_flow4_val> flows4;
  Map<sp_flow6_key, sp_flow6_val> flows6;
  Map<sp_flow4_key, sp_embryo4_val> embryos4;
  Map<sp_flow6_key, sp_embryo6_val> embryos6;
  PerCpuMap<sp_counter_val> counters;
  PerCpuMap<sp_service_stats_val> service_stats;
  MappedArray<const sp_config_val> config;
  std::optional<MappedArray<const sp_service_val>> services{};
  std::optional<MappedArray<const __u64>> slots{};
  std::optional<MappedArray<const sp_backend_val>> backends{};
  // Rows of service_stats from here on have always been zero; nothing: not looked yet.
  std::optional<std::size_t> stats_in_use{};

  static Result<std::unique_ptr<State>> make(const fs::path& pin_path);
  Result<void> map_arrays();
};

Result<std::unique_ptr<Reader::State>> Reader::State::make(const fs::path& path) {
  constexpr Access kRead = Access::read_only;
  SP_TRY_ASSIGN(frontends, decltype(State::frontends)::open(path, "sp_frontends", BPF_MAP_TYPE_HASH, kRead));
  SP_TRY_ASSIGN(names, decltype(State::names)::open(path, "sp_svc_names", BPF_MAP_TYPE_HASH, kRead));
  SP_TRY_ASSIGN(devices, decltype(State::devices)::open(path, "sp_devices", BPF_MAP_TYPE_HASH, kRead));
  SP_TRY_ASSIGN(flows4, decltype(State::flows4)::open(path, "sp_flows4", BPF_MAP_TYPE_HASH, kRead));
  SP_TRY_ASSIGN(flows6, decltype(State::flows6)::open(path, "sp_flows6", BPF_MAP_TYPE_HASH, kRead));
  SP_TRY_ASSIGN(embryos4, decltype(State::embryos4)::open(path, "sp_embryos4", BPF_MAP_TYPE_LRU_HASH, kRead));
  SP_TRY_ASSIGN(embryos6, decltype(State::embryos6)::open(path, "sp_embryos6", BPF_MAP_TYPE_LRU_HASH, kRead));
  SP_TRY_ASSIGN(counters, decltype(State::counters)::open(path, "sp_counters"));
  SP_TRY_ASSIGN(stats, decltype(State::service_stats)::open(path, "sp_svc_stats"));
  SP_TRY_ASSIGN(config, map_rows<sp_config_val>(path, "sp_config", sizeof(sp_config_val)));
  return std::unique_ptr<State>(
      new State{path, std::move(frontends), std::move(names), std::move(devices), std::move(flows4), std::move(flows6),
                std::move(embryos4), std::move(embryos6), std::move(counters), std::move(stats), std::move(config)});
}

Result<void> Reader::State::map_arrays() {
  SP_TRY_ASSIGN(service_rows, map_rows<sp_service_val>(pin_path, "sp_services", sizeof(sp_service_val)));
  SP_TRY_ASSIGN(slot_rows, map_rows<__u64>(pin_path, "sp_slots", sizeof(__u64)));
  SP_TRY_ASSIGN(backend_rows, map_rows<sp_backend_val>(pin_path, "sp_backends", sizeof(sp_backend_val)));
  services.emplace(std::move(service_rows));
  slots.emplace(std::move(slot_rows));
  backends.emplace(std::move(backend_rows));
  return {};
}

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(const fs::path& pin_path, Arrays arrays) {
  route_libbpf_log();
  std::error_code error;
  if (!fs::exists(pin_path / "sp_config", error)) {
    if (error && error.value() != ENOENT) {
      return explain_privileges(errno_error(error.value(), "pin path " + pin_path.string()));
    }
    return nothing_there(pin_path);
  }
  if (auto same = check_abi(pin_path); !same) return explain_privileges(std::move(same).error());
  Result<std::unique_ptr<State>> state = State::make(pin_path);
  if (!state) return explain_privileges(std::move(state).error());
  if (arrays == Arrays::mapped) SP_TRY((*state)->map_arrays());
  return Reader(std::move(state).value());
}

const sp_config_val& Reader::config() const {
  return state_->config.rows().front();
}
std::span<const sp_service_val> Reader::services() const {
  return state_->services ? state_->services->rows() : std::span<const sp_service_val>();
}
std::span<const __u64> Reader::slots() const {
  return state_->slots ? state_->slots->rows() : std::span<const __u64>();
}
std::span<const sp_backend_val> Reader::backends() const {
  return state_->backends ? state_->backends->rows() : std::span<const sp_backend_val>();
}
Result<Rows<sp_frontend_key, sp_frontend_val>> Reader::frontends() const {
  return all_rows(state_->frontends);
}
std::uint32_t Reader::max_frontends() const {
  return state_->frontends.max_entries();
}
Result<Rows<__u32, sp_service_name>> Reader::service_names() const {
  return all_rows(state_->names);
}
Result<Rows<__u32, sp_device_val>> Reader::devices() const {
  return all_rows(state_->devices);
}
Result<void> Reader::walk_flows4(const Visit<sp_flow4_key, sp_flow4_val>& visit) const {
  return state_->flows4.walk(visit);
}
Result<void> Reader::walk_flows6(const Visit<sp_flow6_key, sp_flow6_val>& visit) const {
  return state_->flows6.walk(visit);
}
Result<void> Reader::walk_embryos4(const Visit<sp_flow4_key, sp_embryo4_val>& visit) const {
  return state_->embryos4.walk(visit);
}
Result<void> Reader::walk_embryos6(const Visit<sp_flow6_key, sp_embryo6_val>& visit) const {
  return state_->embryos6.walk(visit);
}
Result<std::optional<sp_flow4_val>> Reader::find_flow4(const sp_flow4_key& key) const {
  return state_->flows4.lookup(key);
}
Result<std::optional<sp_flow6_val>> Reader::find_flow6(const sp_flow6_key& key) const {
  return state_->flows6.lookup(key);
}
Result<Usage> Reader::flows4_usage() const {
  return count(state_->flows4);
}
Result<Usage> Reader::flows6_usage() const {
  return count(state_->flows6);
}
Result<Usage> Reader::embryos4_usage() const {
  return count(state_->embryos4);
}
Result<Usage> Reader::embryos6_usage() const {
  return count(state_->embryos6);
}

Result<std::vector<sp_counter_val>> Reader::counters() const {
  SP_TRY_ASSIGN(sums, state_->counters.sums());
  // A map that an agent of another release made can have more or fewer rows.
  sums.resize(SP_REASON_MAX_);
  return sums;
}

Result<std::vector<sp_service_stats_val>> Reader::service_stats() const {
  return state_->service_stats.sums();
}

Result<std::vector<sp_service_stats_val>> Reader::used_service_stats(std::size_t services_in_use) const {
  // Ids are given out upwards and again when they are free, so they stay near the number of services.
  constexpr std::size_t kNewSinceLastTime = 1024;
  auto& in_use = state_->stats_in_use;
  if (in_use) {
    in_use = std::max(*in_use, services_in_use + kNewSinceLastTime);
    return state_->service_stats.sums(*in_use);
  }
  SP_TRY_ASSIGN(stats, service_stats());
  const auto last =
      std::find_if(stats.rbegin(), stats.rend(), [](const sp_service_stats_val& row) { return row.packets != 0; });
  in_use = static_cast<std::size_t>(stats.rend() - last);
  return stats;
}

Result<Sizes> Reader::sizes() const {
  const auto array_size = [this](const char* name, std::uint32_t value_bytes) -> Result<std::uint32_t> {
    SP_TRY_ASSIGN(map, open_pinned_map(state_->pin_path, name, {BPF_MAP_TYPE_ARRAY, sizeof(__u32), value_bytes},
                                       Access::read_only));
    return map.max_entries;
  };
  SP_TRY_ASSIGN(services, array_size("sp_services", sizeof(sp_service_val)));
  SP_TRY_ASSIGN(slots, array_size("sp_slots", sizeof(__u64)));
  SP_TRY_ASSIGN(backends, array_size("sp_backends", sizeof(sp_backend_val)));
  return Sizes{state_->flows4.max_entries(),
               state_->flows6.max_entries(),
               state_->embryos4.max_entries(),
               state_->embryos6.max_entries(),
               state_->frontends.max_entries(),
               services,
               slots,
               backends};
}

Result<std::vector<AttachedProgram>> Reader::attached() const {
  return programs_at_devices(state_->pin_path, kDevicePrograms);
}
Result<std::vector<AttachedProgram>> Reader::attached_pods() const {
  return programs_at_devices(state_->pin_path, kPodPrograms);
}

}  // namespace sp::kernel
