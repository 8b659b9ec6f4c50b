// SPDX-License-Identifier: Apache-2.0
// NodeView: what the compile step asks about this node: its name, its zone, which addresses answer for what, and who
// counts as a Pod.
//
// Built from Facts, the own Node object and the options; immutable afterwards. Two that are equal give equal rows.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/compile/compile.h"
#include "loader/model/cluster.h"
#include "loader/node/facts.h"

namespace sp::compile {

class NodeView {
 public:
  NodeView(const model::Cluster& cluster, const node::Facts& facts, const Options& options);

  bool operator==(const NodeView&) const = default;

  [[nodiscard]] std::string_view name() const { return name_; }
  // Empty when the own Node object has no zone label, or is not known.
  [[nodiscard]] std::string_view zone() const { return zone_; }
  // Every address of the node, loopback included. Sorted.
  [[nodiscard]] const std::vector<Ip>& addresses() const { return addresses_; }
  [[nodiscard]] bool has_address(const Ip& ip) const;
  // Every address that a packet from outside can have as its destination: all but loopback. Sorted.
  [[nodiscard]] const std::vector<Ip>& outside_addresses(Family family) const { return outside_[slot(family)]; }
  // Where NodePorts answer; a family without an address is closed. Sorted.
  [[nodiscard]] const std::vector<Ip>& node_port_addresses(Family family) const { return node_port_[slot(family)]; }
  // Whether NodePorts answer processes of this node at 127.0.0.1, too.
  [[nodiscard]] bool serves_loopback_node_ports() const { return loopback_node_ports_; }
  // Whether spec.externalIPs of Services answer here.
  [[nodiscard]] bool serves_external_ips() const { return external_ips_; }
  // The node's own address of a family.
  [[nodiscard]] const std::optional<Ip>& primary(Family family) const { return primary_[slot(family)]; }
  // Whether anything tells Pods from other clients.
  [[nodiscard]] bool detects_pods() const { return detect_local_ != Options::DetectLocal::none; }
  // Whose addresses count as a Pod's: at most one range of each family, IPv4 first.
  [[nodiscard]] const std::vector<Prefix>& pod_networks() const { return pod_networks_; }
  // Whether Pods reach ClusterIPs with a source of this node.
  [[nodiscard]] bool masquerades_all() const { return masquerade_all_; }
  // What of the options cannot be honoured on this node as it is.
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

 private:
  static std::size_t slot(Family family) { return static_cast<std::size_t>(family); }
  [[nodiscard]] std::optional<Ip> find_primary(Family family, const node::Facts& facts, const model::Node* own,
                                               const std::optional<Ip>& configured) const;
  void accept_node_ports(const node::Facts& facts, const Options& options);
  void find_pod_networks(const Options& options, const model::Node* own);

  std::string name_;
  std::string zone_;
  bool external_ips_ = true;
  bool loopback_node_ports_ = false;
  bool masquerade_all_ = false;
  Options::DetectLocal detect_local_ = Options::DetectLocal::none;
  std::vector<Prefix> pod_networks_;
  std::vector<Problem> problems_;
  std::vector<Ip> addresses_;
  std::array<std::vector<Ip>, 2> outside_;
  std::array<std::vector<Ip>, 2> node_port_;
  std::array<std::optional<Ip>, 2> primary_;
};

}  // namespace sp::compile
