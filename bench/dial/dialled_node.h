// SPDX-License-Identifier: Apache-2.0
// DialledNode: a node whose maps hold as many Services as wanted, all of them served by one Pod, and whose socket hooks
// are at a cgroup of its own.
#pragma once

#include <cstdint>
#include <string>

#include "loader/kernel/data_plane.h"
#include "loader/util/ip.h"
#include "tests/harness/sandbox.h"
#include "tests/harness/socket_bed.h"

namespace sp::bench {

inline constexpr std::uint16_t kServicePort = 80;
inline constexpr std::uint16_t kServerPort = 8080;

// The Pod that serves.
[[nodiscard]] Ip server_ip(Family family);
// Of a Service, counted from 0.
[[nodiscard]] Ip cluster_ip(Family family, std::uint32_t number);

// Network namespaces `client` and `server`, with the sandbox's between them.
void lay_cables(test::Sandbox& sandbox);

class DialledNode {
 public:
  // `services` of each family, TCP and UDP.
  DialledNode(const test::Sandbox& sandbox, const std::string& name, std::uint32_t services);

  [[nodiscard]] const std::filesystem::path& cgroup() const { return cgroup_.path(); }

 private:
  void add_service(Family family, std::uint32_t number);

  test::Cgroup cgroup_;
  kernel::DataPlane plane_;
  std::uint32_t next_service_ = 1;
};

}  // namespace sp::bench
