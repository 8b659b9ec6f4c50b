// SPDX-License-Identifier: Apache-2.0
// PodAddresses: both ways, because a Pod's addresses come and go.
#include "loader/compile/pod_addresses.h"

#include <algorithm>

namespace sp::compile {

bool has_own_network(const model::Pod& pod, std::string_view node_name) {
  const bool ended = pod.phase == model::PodPhase::succeeded || pod.phase == model::PodPhase::failed;
  return !ended && !pod.host_network && !pod.node_name.empty() && pod.node_name == node_name;
}

void PodAddresses::follow(const model::Cluster& cluster, const model::ObjectKey& key, std::string_view node_name,
                          std::set<model::ObjectId>& stale) {
  const auto others_are_stale = [&](const Ip& ip) {
    for (const Holder& holder : holders_[ip]) {
      stale.insert({model::Kind::pod, holder.key});
    }
  };
  if (const auto known = addresses_.find(key); known != addresses_.end()) {
    for (const Ip& ip : known->second) {
      std::erase_if(holders_[ip], [&](const Holder& holder) { return holder.key == key; });
      others_are_stale(ip);
      if (holders_[ip].empty()) {
        holders_.erase(ip);
      }
    }
    addresses_.erase(known);
  }
  const auto pod = cluster.pods.find(key);
  if (pod == cluster.pods.end() || !has_own_network(pod->second, node_name) || pod->second.ips.empty()) {
    return;
  }
  for (const Ip& ip : pod->second.ips) {
    others_are_stale(ip);
    holders_[ip].push_back({key, pod->second.terminating});
  }
  addresses_[key] = pod->second.ips;
}

bool PodAddresses::is_passed_on(const model::Pod& pod, const Ip& ip) const {
  const auto holders = holders_.find(ip);
  return pod.terminating && holders != holders_.end() &&
         std::any_of(holders->second.begin(), holders->second.end(),
                     [](const Holder& holder) { return !holder.terminating; });
}

}  // namespace sp::compile
