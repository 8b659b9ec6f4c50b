// SPDX-License-Identifier: Apache-2.0
// Putting one program on one hook of one device: XDP, tcx, and clsact for kernels without tcx.
//
// Promises: idempotent; a link that an earlier agent pinned gets the new program in place, without a gap; programs of
// others are never touched.
#pragma once

#include <bpf/libbpf.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "loader/kernel/data_plane.h"
#include "loader/kernel/pinned_object.h"
#include "loader/util/result.h"
#include "maps/names.h"

namespace sp::kernel {

struct HookTarget {
  std::filesystem::path pin_path;
  std::uint32_t ifindex = 0;
  std::string device;
};

// A program's place at tc, in both of the kernel's vocabularies.
struct TcPoint {
  const char* program;  // SP_PROG_TC_*, SP_PROG_POD_*
  bpf_attach_type tcx;
  bpf_tc_attach_point clsact;
  // Of the filter under clsact. A device that turns from a Pod's into one that faces clients has both for a moment.
  std::uint32_t handle = 1;
};
extern const TcPoint kTcIngress;
extern const TcPoint kTcEgress;
extern const TcPoint kPodIngress;
extern const TcPoint kPodEgress;

// What attach() and attach_pods() put on a device.
inline constexpr std::array kDevicePrograms{SP_PROG_XDP, SP_PROG_TC_INGRESS, SP_PROG_TC_EGRESS};
inline constexpr std::array kPodPrograms{SP_PROG_POD_INGRESS, SP_PROG_POD_EGRESS};

struct XdpAttachment {
  XdpMode mode = XdpMode::native;
  bool adopted = false;
};

// Puts `prog_fd` into the pinned link in place of its program. False when there is no such link, or its device is gone:
// then the pin is removed.
[[nodiscard]] Result<bool> adopt_link(const std::filesystem::path& pin, std::uint32_t ifindex,
                                      bpf_attach_type attach_type, int prog_fd);

// Native mode, else generic mode with a log line that says why.
[[nodiscard]] Result<XdpAttachment> attach_xdp(const HookTarget& target, int prog_fd);
// The mode in which a device runs the program with this id. Fails when it does not run it.
[[nodiscard]] Result<XdpMode> xdp_mode(std::uint32_t ifindex, std::uint32_t program_id);

// tcx, else clsact.
[[nodiscard]] Result<void> attach_tc(const HookTarget& target, const TcPoint& point, int prog_fd);

// The two ways of attach_tc, apart so that each is tested on every kernel. attach_tcx: Error.err == EINVAL means that
// the kernel has no tcx.
[[nodiscard]] Result<void> attach_tcx(const HookTarget& target, const TcPoint& point, int prog_fd);
[[nodiscard]] Result<void> attach_clsact(const HookTarget& target, const TcPoint& point, int prog_fd);

[[nodiscard]] Error missing_device(const HookTarget& target);

// In place of a program's name, in the name of a pin: the clsact qdisc of this device is of our making.
inline constexpr const char* kClsactMarker = "clsact";

// Takes what `pin` stands for off its device and removes the pin. A device that is gone is no error. Filters go before
// the clsact marker.
[[nodiscard]] Result<void> withdraw(const PinnedObject& pin);

}  // namespace sp::kernel
