// SPDX-License-Identifier: Apache-2.0
// Numbers of the kernel's tcx interface (Linux 6.6), which linux/bpf.h of Debian 12 (6.1) does not have yet. libbpf 1.1
// passes an attach type that it does not know through to the kernel.
#pragma once

#include <linux/bpf.h>

namespace sp::kernel {

// enum bpf_attach_type: BPF_TCX_INGRESS, BPF_TCX_EGRESS
inline constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
inline constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);

}  // namespace sp::kernel
