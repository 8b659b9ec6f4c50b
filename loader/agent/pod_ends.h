// SPDX-License-Identifier: Apache-2.0
// PodEnds: the ends of veths that are inside Pods, entered through the names that the container runtime gives to
// network namespaces under /run/netns.
//
// Promises: the thread is back in the node's namespace when a call returns (util/netns_visit.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "loader/node/facts.h"
#include "loader/sockets/namespaces.h"
#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::agent {

class PodEnds {
 public:
  explicit PodEnds(std::filesystem::path folder = sockets::kNamedNamespaces) : folder_(std::move(folder)) {}

  // Lets the Pod's end of the veth `device` take frames that XDP transmits at this end: the veth driver drops them
  // unless the receiver polls (NAPI), which it does with GRO on. An error says what to do.
  [[nodiscard]] Result<void> admit_xdp(const node::Device& device);

 private:
  Result<Fd> namespace_of(std::int32_t id);
  Result<void> look();

  std::filesystem::path folder_;
  std::map<std::int32_t, std::filesystem::path> names_;  // by the number that this namespace has for each
};

}  // namespace sp::agent
