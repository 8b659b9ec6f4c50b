// SPDX-License-Identifier: Apache-2.0
// Road: one way through a node, and the frames that take it.
//
//   clients 198.18.0.0/16 -- far side -- ext0 [node] pod0 -- far side: Pods 10.244.1.0/26
//                            far side -- ext0               other nodes: Pods 10.244.0.0/16
//
// A node has one uplink, as a machine has: what is for other nodes leaves by the device that it came in by.
#pragma once

#include <cstdint>
#include <string>

#include "bench/node/stream.h"
#include "loader/util/ip.h"

namespace sp::bench {

// What a packet of a connection carries.
enum class Stage { syn, synack, established };

// Endpoints of a Service: one source port of a node serves one flow to each of them.
inline constexpr std::uint32_t kBackends = 64;

struct Road {
  const char* name = "";
  bool is_local = false;
  std::uint16_t port = 0;   // where clients go, at the node; of the first Service
  std::uint32_t ports = 1;  // Services, one behind the other, that the flows are spread over; a power of two
  bool is_direct = false;   // to the first backend in place of the node
};
inline constexpr std::uint16_t kRemotePort = 30000;
inline constexpr std::uint16_t kLocalPort = 32700;

// 10.244.1.n or, elsewhere, 10.244.2.n; counted from 0.
[[nodiscard]] Ip backend_ip(bool is_local, std::uint32_t number);
[[nodiscard]] Ip node_ip();

// Devices have these as the last byte of their address, behind 02:00:00:00:00.
enum MacByte : std::uint8_t { kUplinkMac = 0x01, kPodDeviceMac = 0x02, kRouterMac = 0xfe, kPodMac = 0xfd };
[[nodiscard]] std::string mac_text(MacByte last);

// Frames of flows [first, end), one after the other.
[[nodiscard]] stream frames_of(const Road& road, Stage stage, std::uint32_t first, std::uint32_t end);
// Established flows 0 to `flows`, each once and then again, in an order that no cache guesses.
[[nodiscard]] stream walk_over(const Road& road, std::uint32_t flows);

}  // namespace sp::bench
