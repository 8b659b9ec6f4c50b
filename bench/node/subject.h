// SPDX-License-Identifier: Apache-2.0
// Subject: what is measured: a machine, and what carries its packets.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/kernel_nat/rules.h"
#include "bench/node/machine.h"
#include "bench/node/road.h"

namespace sp::bench {

struct Subject {
  std::string name;  // in tables and plots
  std::string netns;
  std::uint32_t uplink = 0;
  std::uint32_t pod_device = 0;
  leave way = LEAVE_TO_STACK;
  int program_fd = -1;
  // How it comes to know flows [first, end) of its remote road. Without: by their handshakes; with `knows_all`: not at
  // all.
  std::function<void(std::uint32_t first, std::uint32_t end)> learn{};
  bool knows_all = false;
  std::uint32_t capacity = MAX_FLOWS;  // flows of one road at a time
  bool has_local = true;               // carries the local road, too
  Road remote{.name = "remote", .port = kRemotePort};
  Road local{.name = "local", .is_local = true, .port = kLocalPort};
  // Whatever lives as long as the subject does.
  std::shared_ptr<void> keeps{};
};

// The Services of every subject: one with remote endpoints, one with local ones, and others around them.
[[nodiscard]] std::vector<NatService> services_of(std::uint32_t count);

struct Bed {
  test::Sandbox& sandbox;
  Generator& generator;
};

// How Sallyport is attached to the uplink.
enum class Mode { native, generic, tc };
[[nodiscard]] Subject sallyport(const Bed& bed, const std::string& netns, const std::string& name, Mode mode,
                                std::uint32_t services);

// The kernel's NAT, as kube-proxy programs it.
[[nodiscard]] Subject nftables(const Bed& bed, const std::string& netns, const std::string& name,
                               std::uint32_t services);
[[nodiscard]] Subject iptables(const Bed& bed, const std::string& netns, std::uint32_t services);

// No Services: programs of bare.bpf.c, and the stack that forwards what is sent to a backend directly.
[[nodiscard]] Subject bare_redirect(const Bed& bed);
[[nodiscard]] Subject bare_lookup(const Bed& bed);
[[nodiscard]] Subject forwarding(const Bed& bed);

}  // namespace sp::bench
