// SPDX-License-Identifier: Apache-2.0
#include "loader/compile/health_checks.h"

#include <algorithm>

namespace sp::compile {
namespace {

bool has_health_check(const model::Service& service) {
  return service.type == model::ServiceType::load_balancer && service.external_policy == model::TrafficPolicy::local &&
         service.health_check_node_port != 0 && !service.headless && !service.foreign_proxy;
}

bool has_port(const model::Service& service, const model::EndpointSlice& slice) {
  return std::any_of(slice.ports.begin(), slice.ports.end(), [&](const model::EndpointPort& port) {
    return port.port != 0 && std::any_of(service.ports.begin(), service.ports.end(), [&](const auto& wanted) {
             return wanted.name == port.name && wanted.protocol == port.protocol;
           });
  });
}

// Where a manifest folder has no slices, Pods are the endpoints, as in endpoints.h.
bool is_ready_endpoint(const model::Service& service, const model::Pod& pod) {
  const bool ended = pod.phase == model::PodPhase::succeeded || pod.phase == model::PodPhase::failed;
  const bool ready = service.publish_not_ready || (pod.ready && !pod.terminating);
  return !ended && ready && std::all_of(service.selector.begin(), service.selector.end(), [&](const auto& wanted) {
    const auto label = pod.meta.labels.find(wanted.first);
    return label != pod.meta.labels.end() && label->second == wanted.second;
  });
}

// Objects of one kind in one namespace.
template <typename Object, typename Visit>
void visit_namespace(const std::map<model::ObjectKey, Object>& objects, const std::string& ns, const Visit& visit) {
  for (auto it = objects.lower_bound({ns, ""}); it != objects.end() && it->first.ns == ns; ++it) {
    visit(it->first, it->second);
  }
}

HealthCheck to_check(const model::Service& service, const std::set<Ip>& ips) {
  const auto v4 = static_cast<std::uint32_t>(
      std::count_if(ips.begin(), ips.end(), [](const Ip& ip) { return ip.family() == Family::v4; }));
  HealthCheck check{.port = service.health_check_node_port, .local_endpoints = {}};
  if (service.ipv4) {
    check.local_endpoints[static_cast<std::size_t>(Family::v4)] = v4;
  }
  if (service.ipv6) {
    check.local_endpoints[static_cast<std::size_t>(Family::v6)] = static_cast<std::uint32_t>(ips.size()) - v4;
  }
  return check;
}

}  // namespace

bool HealthChecks::update(const model::Cluster& cluster, std::span<const model::ObjectId> changed) {
  Keys stale;
  // Slices before Services: one that changed hands must leave its old Service before the new one counts its slices.
  for (const model::ObjectId& id : changed) {
    if (id.kind == model::Kind::endpoint_slice) {
      follow_slice(cluster, id.key, stale);
    }
  }
  for (const model::ObjectId& id : changed) {
    if (id.kind == model::Kind::service) {
      follow_service(cluster, id.key, stale);
    }
  }
  for (const model::ObjectId& id : changed) {
    if (id.kind == model::Kind::pod) {
      follow_pods(id.key.ns, stale);
    }
  }
  bool differs = false;
  for (const model::ObjectKey& key : stale) {
    differs |= recount(cluster, key);
  }
  return differs;
}

bool HealthChecks::rebuild(const model::Cluster& cluster) {
  std::vector<model::ObjectId> all;
  for (const auto& [key, slices] : slices_of_) {
    all.push_back({model::Kind::service, key});
  }
  for (const auto& [key, service] : cluster.services) {
    if (has_health_check(service)) {
      all.push_back({model::Kind::service, key});
    }
  }
  return update(cluster, all);
}

void HealthChecks::follow_service(const model::Cluster& cluster, const model::ObjectKey& key, Keys& stale) {
  stale.insert(key);
  forget_service(key);
  const auto found = cluster.services.find(key);
  if (found == cluster.services.end() || !has_health_check(found->second)) {
    return;
  }
  Keys& slices = slices_of_[key];
  visit_namespace(cluster.endpoint_slices, key.ns, [&](const model::ObjectKey& slice_key, const auto& slice) {
    if (slice.service_name == key.name) {
      slices.insert(slice_key);
      service_of_[slice_key] = key;
    }
  });
}

void HealthChecks::follow_slice(const model::Cluster& cluster, const model::ObjectKey& key, Keys& stale) {
  if (const auto before = service_of_.find(key); before != service_of_.end()) {
    stale.insert(before->second);
    slices_of_[before->second].erase(key);
    service_of_.erase(before);
  }
  const auto found = cluster.endpoint_slices.find(key);
  if (found == cluster.endpoint_slices.end()) {
    return;
  }
  const model::ObjectKey service{key.ns, found->second.service_name};
  if (const auto slices = slices_of_.find(service); slices != slices_of_.end()) {
    slices->second.insert(key);
    service_of_[key] = service;
    stale.insert(service);
  }
}

void HealthChecks::follow_pods(const std::string& ns, Keys& stale) const {
  for (auto it = slices_of_.lower_bound({ns, ""}); it != slices_of_.end() && it->first.ns == ns; ++it) {
    if (it->second.empty()) {
      stale.insert(it->first);
    }
  }
}

void HealthChecks::forget_service(const model::ObjectKey& key) {
  const auto found = slices_of_.find(key);
  if (found == slices_of_.end()) {
    return;
  }
  for (const model::ObjectKey& slice : found->second) {
    service_of_.erase(slice);
  }
  slices_of_.erase(found);
}

bool HealthChecks::recount(const model::Cluster& cluster, const model::ObjectKey& key) {
  const auto slices = slices_of_.find(key);
  if (slices == slices_of_.end()) {
    return table_.erase(key) != 0;
  }
  const model::Service& service = cluster.services.at(key);
  std::set<Ip> ips;
  for (const model::ObjectKey& slice_key : slices->second) {
    const model::EndpointSlice& slice = cluster.endpoint_slices.at(slice_key);
    if (!has_port(service, slice)) {
      continue;
    }
    for (const model::Endpoint& endpoint : slice.endpoints) {
      if (endpoint.ready && endpoint.node_name == node_name_ && endpoint.address.family() == slice.family) {
        ips.insert(endpoint.address);
      }
    }
  }
  if (slices->second.empty() && !service.selector.empty()) {
    visit_namespace(cluster.pods, key.ns, [&](const model::ObjectKey&, const model::Pod& pod) {
      if (pod.node_name == node_name_ && is_ready_endpoint(service, pod)) {
        ips.insert(pod.ips.begin(), pod.ips.end());
      }
    });
  }
  HealthCheck check = to_check(service, ips);
  const auto [entry, is_new] = table_.try_emplace(key, check);
  if (!is_new && entry->second == check) {
    return false;
  }
  entry->second = check;
  return true;
}

}  // namespace sp::compile
