// SPDX-License-Identifier: Apache-2.0
// ServiceNetworks: the ranges that ClusterIPs lie in, and what becomes of packets there to addresses and ports that no
// Service has. Kept current Service by Service.
//
// Promises: every ClusterIP lies in a range that is in force. A Service that comes or goes costs O(log n), another set
// of ServiceCIDRs O(n).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "loader/compile/delta.h"
#include "loader/compile/desired.h"
#include "loader/compile/object_plan.h"
#include "loader/compile/problem_list.h"
#include "loader/model/cluster.h"

namespace sp::compile {

class ServiceNetworks {
 public:
  ServiceNetworks() = default;
  // Addresses of this node, sorted.
  explicit ServiceNetworks(std::vector<Ip> node_addresses) : node_addresses_(std::move(node_addresses)) {}

  // ClusterIPs of a plan that comes, or goes.
  void add(const ClusterIps& ips) { count(ips, 1); }
  void remove(const ClusterIps& ips) { count(ips, -1); }
  // The ServiceCIDRs as they are now.
  void follow_cidrs(const model::Cluster& cluster, ProblemList& problems);

  // Brings desired.networks.services and desired.service_ips up to date, and names what differs. service_ips of the
  // delta stay unsorted.
  void publish(Desired& desired, Delta& delta);

 private:
  // How many Services have an address; several only by mistake, or while it is handed over.
  struct Users {
    std::int32_t ours = 0;
    std::int32_t foreign = 0;
  };
  struct IpHash {
    std::size_t operator()(const Ip& ip) const;
  };

  void count(const ClusterIps& ips, std::int32_t by);
  [[nodiscard]] bool is_allocated(const Ip& ip) const;
  [[nodiscard]] std::vector<ServiceNetwork> ranges() const;
  [[nodiscard]] std::optional<sp_service_ip> fate_of(const Ip& ip, const std::vector<ServiceNetwork>& ranges) const;

  std::vector<Ip> node_addresses_;
  std::vector<Prefix> allocated_;  // ServiceCIDRs in force: no host bits, none inside another; sorted
  std::vector<Problem> problems_;
  std::unordered_map<Ip, Users, IpHash> users_;
  std::array<std::set<Ip>, 2> elsewhere_;  // ClusterIPs outside allocated_, by family
  std::set<Ip> touched_;                   // since the last publish()
};

}  // namespace sp::compile
