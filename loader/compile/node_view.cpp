// SPDX-License-Identifier: Apache-2.0
// NodeView: sorting a node's addresses by what they answer for.
#include "loader/compile/node_view.h"

#include <algorithm>

namespace sp::compile {
namespace {

void sort_unique(std::vector<Ip>& ips) {
  std::sort(ips.begin(), ips.end());
  ips.erase(std::unique(ips.begin(), ips.end()), ips.end());
}

bool on_loopback_device(const node::Address& address, const node::Facts& facts) {
  return std::any_of(facts.devices.begin(), facts.devices.end(), [&](const node::Device& device) {
    return device.ifindex == address.ifindex && device.name == "lo";
  });
}

}  // namespace

NodeView::NodeView(const model::Cluster& cluster, const node::Facts& facts, const Options& options)
    : name_(facts.node_name),
      external_ips_(options.external_ips),
      masquerade_all_(options.masquerade_all),
      detect_local_(options.detect_local) {
  const auto found = cluster.nodes.find(model::ObjectKey{"", facts.node_name});
  const model::Node* own = found == cluster.nodes.end() ? nullptr : &found->second;
  if (own != nullptr) {
    zone_ = own->zone;
  }
  for (const node::Address& address : facts.addresses) {
    addresses_.push_back(address.ip);
    if (!address.ip.is_loopback()) {
      outside_[slot(address.ip.family())].push_back(address.ip);
    }
  }
  sort_unique(addresses_);
  for (const Family family : {Family::v4, Family::v6}) {
    sort_unique(outside_[slot(family)]);
    primary_[slot(family)] = find_primary(family, facts, own, options.node_address);
  }
  accept_node_ports(facts, options);
  find_pod_networks(options, own);
}

bool NodeView::has_address(const Ip& ip) const {
  return std::binary_search(addresses_.begin(), addresses_.end(), ip);
}

// What is configured decides, then the Node object, as long as the address is really here: a manifest may describe the
// node as others see it. Without them, an address of the loopback device comes last: those are VIPs more often than the
// node's own.
std::optional<Ip> NodeView::find_primary(Family family, const node::Facts& facts, const model::Node* own,
                                         const std::optional<Ip>& configured) const {
  if (configured && configured->family() == family && has_address(*configured)) {
    return configured;
  }
  if (own != nullptr) {
    for (const Ip& ip : own->addresses) {
      if (ip.family() == family && has_address(ip)) {
        return ip;
      }
    }
  }
  std::optional<Ip> last_resort;
  for (const node::Address& address : facts.addresses) {
    const Ip& ip = address.ip;
    if (ip.family() != family || ip.is_loopback() || ip.is_link_local() || address.secondary) {
      continue;
    }
    if (!on_loopback_device(address, facts)) {
      return ip;
    }
    if (!last_resort) {
      last_resort = ip;
    }
  }
  return last_resort;
}

void NodeView::accept_node_ports(const node::Facts& facts, const Options& options) {
  if (options.node_port_addresses.empty()) {
    for (const Family family : {Family::v4, Family::v6}) {
      if (primary(family)) {
        node_port_[slot(family)] = {*primary(family)};
      }
    }
    loopback_node_ports_ = options.localhost_node_ports && primary(Family::v4);
    return;
  }
  const auto accepted = [&](const Ip& ip) {
    return std::any_of(options.node_port_addresses.begin(), options.node_port_addresses.end(),
                       [&](const Prefix& range) { return range.contains(ip); });
  };
  loopback_node_ports_ = options.localhost_node_ports && accepted(loopback(Family::v4));
  for (const node::Address& address : facts.addresses) {
    if (accepted(address.ip) && !address.ip.is_loopback()) {
      node_port_[slot(address.ip.family())].push_back(address.ip);
    }
  }
  for (auto& ips : node_port_) {
    sort_unique(ips);
  }
}

void NodeView::find_pod_networks(const Options& options, const model::Node* own) {
  using Detect = Options::DetectLocal;
  const bool by_node = detect_local_ == Detect::node_cidr;
  if (!by_node && detect_local_ != Detect::cluster_cidr) {
    return;
  }
  static const std::vector<Prefix> kNone;
  const std::vector<Prefix>& ranges = !by_node ? options.cluster_cidrs : own != nullptr ? own->pod_cidrs : kNone;
  for (const Family family : {Family::v4, Family::v6}) {
    const auto first = std::find_if(ranges.begin(), ranges.end(),
                                    [&](const Prefix& range) { return range.address.family() == family; });
    if (first != ranges.end()) {
      pod_networks_.push_back(first->network());
    }
  }
  if (by_node && pod_networks_.empty()) {
    problems_.push_back(
        {"Node " + name_,
         std::string("spec.podCIDRs: ") + (own == nullptr ? "the Node is not known" : "empty") +
             ": with detectLocalMode NodeCIDR nobody counts as a Pod by its address until it has some"});
  }
}

}  // namespace sp::compile
