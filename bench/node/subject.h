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
#include "maps/limits.h"

namespace sp::bench {

struct Subject {
  std::string name;  // in tables and plots
  std::string netns;
  std::uint32_t uplink = 0;
  std::uint32_t pod_device = 0;
  leave way = LEAVE_TO_STACK;
  int program_fd = -1;
  // How it comes to know flows [first, end) of its one road. Without: by their handshakes; with `knows_all`: not at
  // all.
  std::function<void(std::uint32_t first, std::uint32_t end)> learn{};
  bool knows_all = false;
  std::uint32_t capacity = MAX_FLOWS;  // flows of one road at a time
  bool has_remote = true;
  bool has_local = true;
  Road remote{.name = "remote", .port = kRemotePort};
  Road local{.name = "local", .is_local = true, .port = kLocalPort};
  // Whatever lives as long as the subject does.
  std::shared_ptr<void> keeps{};
};

struct Bed {
  test::Sandbox& sandbox;
  Generator& generator;
};

// The Services of every subject: one with remote endpoints, one with local ones, and others around them.
[[nodiscard]] std::vector<NatService> services_of(std::uint32_t count);

// How Sallyport is attached to the uplink, and hands packets to Pods (--local-delivery).
enum class Mode { native, generic, tc };
enum class Delivery { stack, peer, xdp };
struct Setup {
  std::string name;   // of the subject
  std::string netns;  // and of its devices
  Mode mode = Mode::native;
  Delivery delivery = Delivery::stack;
  std::uint32_t services = 1;
  std::uint32_t flow_entries = SP_MAX_FLOWS4;
};
[[nodiscard]] Subject sallyport(const Bed& bed, const Setup& setup);

// The kernel's NAT, as kube-proxy programs it. `keeps_client`: the Service with local endpoints has
// externalTrafficPolicy Local, so that nothing is masqueraded on that road.
[[nodiscard]] Subject nftables(const Bed& bed, const std::string& netns, const std::string& name,
                               std::uint32_t services = 1, bool keeps_client = false);
[[nodiscard]] Subject iptables(const Bed& bed);

// No Services: programs of bare.bpf.c, and the stack that forwards what is sent to a backend directly.
[[nodiscard]] Subject bare_redirect(const Bed& bed);
[[nodiscard]] Subject bare_lookup(const Bed& bed);
[[nodiscard]] Subject bare_to_stack(const Bed& bed);
[[nodiscard]] Subject forwarding(const Bed& bed);

}  // namespace sp::bench
