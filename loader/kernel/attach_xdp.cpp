// SPDX-License-Identifier: Apache-2.0
// XDP links: native where the driver can, generic where it cannot.
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <spdlog/fmt/fmt.h>

#include <cerrno>
#include <cstring>

#include "loader/kernel/attach.h"
#include "loader/kernel/pin.h"
#include "loader/kernel/requirements.h"
#include "loader/util/log.h"
#include "maps/names.h"

namespace sp::kernel {
namespace {

Error device_has_program(const HookTarget& target, int err) {
  __u32 id = 0;
  if (bpf_xdp_query_id(static_cast<int>(target.ifindex), 0, &id) < 0 || id == 0) {
    return errno_error(err, fmt::format("device {}: attach XDP", target.device));
  }
  const std::string name = program_name(id);
  // A link cannot be taken off with ip(8); its holder has to.
  const std::string ours = name == SP_PROG_XDP
                               ? ", another sallyport's with another --pin-path: run `sallyport "
                                 "cleanup` with that path"
                               : ": stop what attached it, or run `ip link set dev " + target.device + " xdp off`";
  return Error{0, fmt::format("device {} already has XDP program {} ({}){}", target.device, id, name, ours)};
}

Error attach_error(const HookTarget& target, int err, const char* mode) {
  if (err == -EBUSY || err == -EEXIST) return device_has_program(target, err);
  if (err == -ENODEV) return missing_device(target);
  return explain_privileges(errno_error(err, fmt::format("device {}: attach XDP in {} mode", target.device, mode)));
}

// True for errors that speak of the driver, so that generic mode is worth a try.
bool is_driver_limit(int err) {
  return err != -EBUSY && err != -EEXIST && err != -ENODEV && err != -EPERM && err != -EACCES;
}

int create_link(const HookTarget& target, int prog_fd, __u32 flags) {
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.flags = flags;
  return bpf_link_create(prog_fd, static_cast<int>(target.ifindex), BPF_XDP, &options);
}

}  // namespace

Result<XdpMode> xdp_mode(std::uint32_t ifindex, std::uint32_t program_id) {
  LIBBPF_OPTS(bpf_xdp_query_opts, answer);
  if (const int err = bpf_xdp_query(static_cast<int>(ifindex), 0, &answer); err < 0) {
    return errno_error(err, fmt::format("ifindex {}: ask for its XDP mode", ifindex));
  }
  if (answer.drv_prog_id == program_id) return XdpMode::native;
  if (answer.skb_prog_id == program_id) return XdpMode::generic;
  return Error{0, fmt::format("ifindex {} does not run XDP program {}", ifindex, program_id)};
}

Result<XdpAttachment> attach_xdp(const HookTarget& target, int prog_fd) {
  const auto pin = link_pin(target.pin_path, SP_PROG_XDP, target.ifindex);
  SP_TRY_ASSIGN(adopted, adopt_link(pin, target.ifindex, BPF_XDP, prog_fd));
  if (adopted) {
    SP_TRY_ASSIGN(object, open_pin(pin));
    SP_TRY_ASSIGN(mode, xdp_mode(target.ifindex, object ? object->program_id : 0));
    return XdpAttachment{mode, true};
  }
  XdpMode mode = XdpMode::native;
  int created = create_link(target, prog_fd, XDP_FLAGS_DRV_MODE);
  if (created < 0) {
    if (!is_driver_limit(created)) return attach_error(target, created, "native");
    const int native_err = created;
    created = create_link(target, prog_fd, XDP_FLAGS_SKB_MODE);
    if (created < 0) return attach_error(target, created, "generic");
    log::warn("kernel", "device {}: XDP runs in generic mode, which is slower: the driver refused native mode: {}",
              target.device, std::strerror(-native_err));
    mode = XdpMode::generic;
  }
  const Fd link(created);
  SP_TRY(pin_object(link.get(), pin));
  return XdpAttachment{mode, false};
}

}  // namespace sp::kernel
