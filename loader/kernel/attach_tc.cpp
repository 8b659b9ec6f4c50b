// SPDX-License-Identifier: Apache-2.0
// tc hooks: tcx links (Linux 6.6), and a filter under clsact for older kernels.
#include <bpf/bpf.h>
#include <spdlog/fmt/fmt.h>

#include <cerrno>

#include "loader/kernel/attach.h"
#include "loader/kernel/pin.h"
#include "loader/kernel/requirements.h"
#include "loader/kernel/tc_filters.h"
#include "loader/kernel/tcx.h"
#include "maps/names.h"

namespace sp::kernel {

Error missing_device(const HookTarget& target) {
  return Error{ENODEV, fmt::format("device {} (ifindex {}) does not exist in this network namespace", target.device,
                                   target.ifindex)};
}

const TcPoint kTcIngress{SP_PROG_TC_INGRESS, kTcxIngress, BPF_TC_INGRESS};
const TcPoint kTcEgress{SP_PROG_TC_EGRESS, kTcxEgress, BPF_TC_EGRESS};
const TcPoint kPodIngress{SP_PROG_POD_INGRESS, kTcxIngress, BPF_TC_INGRESS, 2};
const TcPoint kPodEgress{SP_PROG_POD_EGRESS, kTcxEgress, BPF_TC_EGRESS, 2};

namespace {

// With the handle, the place of our filter under clsact, so that a successor finds and replaces it.
constexpr __u32 kFilterPriority = 1;

bpf_tc_hook hook_of(std::uint32_t ifindex, bpf_tc_attach_point point) {
  LIBBPF_OPTS(bpf_tc_hook, hook);
  hook.ifindex = static_cast<int>(ifindex);
  hook.attach_point = point;
  return hook;
}

// The id of the program at our place, 0 when it is free or the device is gone.
__u32 program_at(const bpf_tc_hook& hook, const TcPoint& point) {
  LIBBPF_OPTS(bpf_tc_opts, place);
  place.handle = point.handle;
  place.priority = kFilterPriority;
  return bpf_tc_query(&hook, &place) < 0 ? 0 : place.prog_id;
}

Error tc_error(const HookTarget& target, const TcPoint& point, int err) {
  if (err == ENODEV || err == -ENODEV) return missing_device(target);
  return explain_privileges(errno_error(err, fmt::format("device {}: attach {}", target.device, point.program)));
}

// Removes the qdisc that we made, unless somebody else has put a filter there meanwhile.
Result<void> withdraw_clsact(const PinnedObject& marker) {
  SP_TRY_ASSIGN(shared, has_tc_filters(marker.ifindex));
  if (!shared) {
    bpf_tc_hook both =
        hook_of(marker.ifindex, static_cast<bpf_tc_attach_point>(int{BPF_TC_INGRESS} | int{BPF_TC_EGRESS}));
    if (const int err = bpf_tc_hook_destroy(&both); err < 0 && err != -ENOENT && err != -ENODEV && err != -EINVAL) {
      return errno_error(err, fmt::format("ifindex {}: remove clsact", marker.ifindex));
    }
  }
  return remove_pin(marker.path);
}

const TcPoint& point_of(const std::string& program) {
  for (const TcPoint* point : {&kTcEgress, &kPodIngress, &kPodEgress}) {
    if (program == point->program) return *point;
  }
  return kTcIngress;
}

Result<void> withdraw_filter(const PinnedObject& pin) {
  const TcPoint& point = point_of(pin.program);
  const bpf_tc_hook hook = hook_of(pin.ifindex, point.clsact);
  // The ifindex may belong to another device by now; what is there goes only if it is the marked program.
  if (program_at(hook, point) == pin.program_id) {
    LIBBPF_OPTS(bpf_tc_opts, place);
    place.handle = point.handle;
    place.priority = kFilterPriority;
    if (const int err = bpf_tc_detach(&hook, &place); err < 0 && err != -ENOENT && err != -ENODEV) {
      return errno_error(err, fmt::format("ifindex {}: detach {}", pin.ifindex, pin.program));
    }
  }
  return remove_pin(pin.path);
}

}  // namespace

Result<void> attach_tcx(const HookTarget& target, const TcPoint& point, int prog_fd) {
  const auto pin = link_pin(target.pin_path, point.program, target.ifindex);
  SP_TRY_ASSIGN(adopted, adopt_link(pin, target.ifindex, point.tcx, prog_fd));
  if (adopted) return {};
  const Fd link(bpf_link_create(prog_fd, static_cast<int>(target.ifindex), point.tcx, nullptr));
  if (!link.valid()) return tc_error(target, point, errno);
  return pin_object(link.get(), pin);
}

Result<void> attach_clsact(const HookTarget& target, const TcPoint& point, int prog_fd) {
  bpf_tc_hook hook = hook_of(target.ifindex, point.clsact);
  const int created = bpf_tc_hook_create(&hook);
  if (created < 0 && created != -EEXIST) return tc_error(target, point, created);
  if (created == 0) SP_TRY(pin_object(prog_fd, link_pin(target.pin_path, kClsactMarker, target.ifindex)));
  const std::string present = program_name(program_at(hook, point));
  if (!present.empty() && present != point.program) {
    return Error{0, fmt::format("device {} already has tc program {} at handle {}, priority {}: remove it with `tc "
                                "filter del dev {} {} prio {}`",
                                target.device, present, point.handle, kFilterPriority, target.device,
                                point.clsact == BPF_TC_INGRESS ? "ingress" : "egress", kFilterPriority)};
  }
  LIBBPF_OPTS(bpf_tc_opts, place);
  place.handle = point.handle;
  place.priority = kFilterPriority;
  place.prog_fd = prog_fd;
  place.flags = BPF_TC_F_REPLACE;
  if (const int err = bpf_tc_attach(&hook, &place); err < 0) return tc_error(target, point, err);
  // A filter has no link that could be pinned; the pinned program tells a successor and cleanup() that it is there.
  return pin_object(prog_fd, link_pin(target.pin_path, point.program, target.ifindex));
}

Result<void> attach_tc(const HookTarget& target, const TcPoint& point, int prog_fd) {
  Result<void> attached = attach_tcx(target, point, prog_fd);
  if (attached || attached.error().err != EINVAL) return attached;
  return attach_clsact(target, point, prog_fd);
}

Result<bool> adopt_link(const std::filesystem::path& pin, std::uint32_t ifindex, bpf_attach_type attach_type,
                        int prog_fd) {
  SP_TRY_ASSIGN(object, open_pin(pin));
  if (!object) return false;
  if (object->kind == PinKind::program) {
    // A filter that a kernel without tcx left; attach_clsact() replaces it.
    return false;
  }
  const bool same_place =
      object->at_ifindex == ifindex && object->attach_type == static_cast<std::uint32_t>(attach_type);
  if (same_place) {
    if (const int err = bpf_link_update(object->fd.get(), prog_fd, nullptr); err < 0) {
      return errno_error(err, "link " + pin.string() + ": replace its program");
    }
    return true;
  }
  SP_TRY(withdraw_link(*object));
  return false;
}

Result<void> withdraw(const PinnedObject& pin) {
  if (pin.kind == PinKind::link) return withdraw_link(pin);
  return pin.program == kClsactMarker ? withdraw_clsact(pin) : withdraw_filter(pin);
}

}  // namespace sp::kernel
