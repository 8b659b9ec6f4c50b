// SPDX-License-Identifier: Apache-2.0
// Loading: sizes, adoption of pinned maps, and turning libbpf's chatter into one error.
#include "loader/kernel/skeleton.h"

#include <bpf/bpf.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include <cerrno>
#include <map>
#include <string>

#include "loader/kernel/libbpf_log.h"
#include "loader/kernel/map_fd.h"
#include "loader/kernel/pinned_object.h"
#include "loader/kernel/requirements.h"
#include "loader/kernel/tick.h"
#include "loader/util/fd.h"
#include "loader/util/log.h"

namespace sp::kernel {
namespace {

// Sizes of the maps that options decide; all others keep what maps.bpf.h says.
std::map<std::string, std::uint32_t> sizes_by_map(const Sizes& sizes) {
  return {
      {"sp_flows4", sizes.flows4},     {"sp_flows6", sizes.flows6},       {"sp_embryos4", sizes.embryos4},
      {"sp_embryos6", sizes.embryos6}, {"sp_frontends", sizes.frontends}, {"sp_services", sizes.services},
      {"sp_cursors", sizes.services},  {"sp_svc_names", sizes.services},  {"sp_svc_stats", sizes.services},
      {"sp_slots", sizes.slots},       {"sp_backends", sizes.backends},
  };
}

Error foreign_map(const std::string& name, const std::filesystem::path& pin_path) {
  return Error{0, fmt::format("map {} under {} has another layout than this sallyport's: remove it with `sallyport "
                              "cleanup --pin-path {}`",
                              name, pin_path.string(), pin_path.string())};
}

// Prepares `map` so that libbpf takes the pinned one: libbpf compares size and flags too, and the kernel adds flags of
// its own (BPF_F_RDONLY_PROG to device maps) that the object file cannot carry.
Result<void> adopt_map(bpf_map* map, const std::filesystem::path& pin_path) {
  const std::string name = bpf_map__name(map);
  const Fd pinned(bpf_obj_get((pin_path / name).c_str()));
  if (!pinned.valid()) {
    if (errno == ENOENT) return {};
    return errno_error(errno, "map " + (pin_path / name).string() + ": open");
  }
  SP_TRY_ASSIGN(facts, map_facts(pinned.get(), name));
  const bool same_layout = facts.shape.type == bpf_map__type(map) && facts.shape.key_bytes == bpf_map__key_size(map) &&
                           facts.shape.value_bytes == bpf_map__value_size(map) &&
                           (facts.flags & ~BPF_F_RDONLY_PROG) == bpf_map__map_flags(map);
  if (!same_layout) return foreign_map(name, pin_path);
  const std::uint32_t asked = bpf_map__max_entries(map);
  if (facts.max_entries < asked && name == "sp_counters") {
    // This version counts more than the one that made the map. Counters that start anew are better than lost ones.
    log::info("kernel", "map {}: made anew with {} instead of {} rows, counters start at zero", name, asked,
              facts.max_entries);
    return remove_pin(pin_path / name);
  }
  if (facts.max_entries != asked) {
    log::warn("kernel",
              "map {} keeps its {} entries, {} were asked for: `sallyport cleanup --pin-path {}` lets it "
              "be made anew",
              name, facts.max_entries, asked, pin_path.string());
  }
  if (bpf_map__set_max_entries(map, facts.max_entries) < 0 || bpf_map__set_map_flags(map, facts.flags) < 0) {
    return Error{0, "map " + name + ": already loaded"};
  }
  return {};
}

Result<void> prepare_maps(sallyport_bpf& skeleton, const DataPlaneOptions& options) {
  const auto sizes = sizes_by_map(options.sizes);
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton.obj) {
    if (bpf_map__pin_path(map) == nullptr) continue;
    if (const auto size = sizes.find(bpf_map__name(map)); size != sizes.end()) {
      if (const int err = bpf_map__set_max_entries(map, size->second); err < 0) {
        return errno_error(err, fmt::format("map {}: set its size to {}", size->first, size->second));
      }
    }
    SP_TRY(adopt_map(map, options.pin_path));
  }
  return {};
}

// The verifier answers EACCES too, so its log, not the number, tells a refused program from missing privileges.
Error load_error(int err, const LibbpfLog& chatter) {
  const std::string warnings = chatter.last_warnings();
  if (warnings.find("PROG LOAD LOG") != std::string::npos) {
    return Error{0, "the kernel's verifier refused a program: report this together with `uname -r`: " + warnings};
  }
  return explain_privileges(errno_error(err, "load the BPF programs: " + warnings));
}

// What bpf_get_netns_cookie() says of sockets of this process's network namespace.
Result<__u64> netns_cookie() {
  const Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  __u64 cookie = 0;
  socklen_t cookie_bytes = sizeof cookie;
  if (!any.valid() || ::getsockopt(any.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &cookie_bytes) != 0) {
    return errno_error(errno, "ask for the cookie of the network namespace (SO_NETNS_COOKIE)");
  }
  return cookie;
}

}  // namespace

Result<Skeleton> load_skeleton(const DataPlaneOptions& options) {
  const LibbpfLog chatter;
  LIBBPF_OPTS(bpf_object_open_opts, open_options);
  open_options.pin_root_path = options.pin_path.c_str();
  Skeleton skeleton(sallyport_bpf::open(&open_options));
  if (!skeleton) return errno_error(errno, "open the embedded BPF object");
  SP_TRY(prepare_maps(*skeleton, options));
  SP_TRY_ASSIGN(hz, kernel_hz());
  const TickScale scale = tick_scale(hz);
  skeleton->rodata->sp_tick_base = scale.base;
  skeleton->rodata->sp_tick_mult = scale.mult;
  SP_TRY_ASSIGN(host_netns, netns_cookie());
  skeleton->rodata->sp_host_netns = host_netns;
  skeleton->rodata->sp_cfg_local_delivery = options.local_delivery;
  if (const int err = sallyport_bpf::load(skeleton.get()); err < 0) {
    return load_error(err, chatter);
  }
  return skeleton;
}

}  // namespace sp::kernel
