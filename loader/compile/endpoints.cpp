// SPDX-License-Identifier: Apache-2.0
// Endpoints of a service port, from slices or Pods.
#include "loader/compile/endpoints.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "loader/compile/row_name.h"

namespace sp::compile {
namespace {

// Which of two candidates with one address and port stays: a terminating Pod may still hold the address that a
// running one has been given. The further ranks only make the choice independent of the order of arrival.
auto preference(const Candidate& candidate) {
  return std::make_tuple(candidate.terminating, !candidate.ready, !candidate.serving, !candidate.on_this_node);
}

void sort_and_merge(std::vector<Candidate>& candidates) {
  const auto place = [](const Candidate& c) { return std::tie(c.backend.ip, c.backend.port); };
  const auto less = [&](const Candidate& a, const Candidate& b) {
    const auto order = place(a) <=> place(b);
    return order != 0 ? order < 0 : preference(a) < preference(b);
  };
  if (!std::is_sorted(candidates.begin(), candidates.end(), less)) {
    std::stable_sort(candidates.begin(), candidates.end(), less);
  }
  const auto same = [&](const Candidate& a, const Candidate& b) { return place(a) == place(b); };
  candidates.erase(std::unique(candidates.begin(), candidates.end(), same), candidates.end());
}

// The number behind a targetPort in one Pod; nothing if the Pod has no port of that name and protocol.
std::optional<std::uint16_t> target_port(const model::ServicePort& port, const model::Pod& pod) {
  if (const auto* number = std::get_if<std::uint16_t>(&port.target_port)) {
    return *number == 0 ? port.port : *number;
  }
  const std::string& name = std::get<std::string>(port.target_port);
  for (const model::ContainerPort& candidate : pod.ports) {
    if (candidate.name == name && candidate.protocol == port.protocol) {
      return candidate.container_port;
    }
  }
  return std::nullopt;
}

Problem missing_target(const model::Service& service, std::size_t port_index, const model::Pod& first,
                       std::size_t pods) {
  const model::ServicePort& port = service.ports[port_index];
  const std::string others = pods > 1 ? " (and " + std::to_string(pods - 1) + " more)" : "";
  return {"Service " + model::key_of(service.meta).text(),
          "spec.ports[" + std::to_string(port_index) + "].targetPort: Pod " + model::key_of(first.meta).text() +
              others + " has no " + std::string(to_string(port.protocol)) + " container port named \"" +
              std::get<std::string>(port.target_port) + "\": left out of the endpoints"};
}

void collect_from_slice(const model::EndpointSlice& slice, const NodeView& node, const model::ServicePort& port,
                        Family family, std::vector<Candidate>& out) {
  if (slice.family != family) {
    return;
  }
  for (const model::EndpointPort& slice_port : slice.ports) {
    if (slice_port.protocol != port.protocol || slice_port.port == 0 || slice_port.name != port.name) {
      continue;
    }
    out.reserve(out.size() + slice.endpoints.size());
    for (const model::Endpoint& endpoint : slice.endpoints) {
      if (endpoint.address.family() != family) {
        continue;
      }
      const bool here = !endpoint.node_name.empty() && endpoint.node_name == node.name();
      const Backend backend{endpoint.address, slice_port.port, here || node.has_address(endpoint.address)};
      out.push_back({backend, endpoint.ready, endpoint.serving, endpoint.terminating, here, endpoint.zone_hints,
                     endpoint.node_hints});
    }
  }
}

void collect_from_pods(const std::vector<const model::Pod*>& pods, const NodeView& node, const model::Service& service,
                       std::size_t port_index, Family family, std::vector<Candidate>& out,
                       std::vector<Problem>& problems) {
  const model::ServicePort& port = service.ports[port_index];
  const model::Pod* first_missing = nullptr;
  std::size_t missing = 0;
  for (const model::Pod* pod : pods) {
    if (pod->phase == model::PodPhase::succeeded || pod->phase == model::PodPhase::failed) {
      continue;
    }
    const auto ip = std::find_if(pod->ips.begin(), pod->ips.end(), [&](const Ip& i) { return i.family() == family; });
    if (ip == pod->ips.end()) {
      continue;
    }
    const auto number = target_port(port, *pod);
    if (!number) {
      first_missing = first_missing == nullptr ? pod : first_missing;
      ++missing;
      continue;
    }
    const bool here = !pod->node_name.empty() && pod->node_name == node.name();
    const bool ready = service.publish_not_ready || (pod->ready && !pod->terminating);
    out.push_back(
        {Backend{*ip, *number, here || node.has_address(*ip)}, ready, pod->ready, pod->terminating, here, {}, {}});
  }
  if (missing != 0) {
    problems.push_back(missing_target(service, port_index, *first_missing, missing));
  }
}

}  // namespace

void EndpointIndex::follow_slice(const model::Cluster& cluster, const model::ObjectKey& key,
                                 std::set<model::ObjectId>& stale) {
  slices_.follow(cluster, key, stale);
}

void EndpointIndex::follow_pod(const model::Cluster& cluster, const model::ObjectKey& key,
                               std::set<model::ObjectId>& stale) {
  const model::Labels before = pods_.follow(cluster, key);
  const auto pod = cluster.pods.find(key);
  for (auto it = fed_by_pods_.lower_bound({key.ns, ""}); it != fed_by_pods_.end() && it->ns == key.ns; ++it) {
    const auto service = cluster.services.find(*it);
    if (service == cluster.services.end()) {
      continue;  // it is among what has changed
    }
    const model::Labels& selector = service->second.selector;
    if (matches(selector, before) || (pod != cluster.pods.end() && matches(selector, pod->second.meta.labels))) {
      stale.insert({model::Kind::service, *it});
    }
  }
}

std::vector<Candidate> EndpointIndex::collect(const model::Cluster& cluster, const NodeView& node,
                                              const model::Service& service, std::size_t port_index, Family family,
                                              std::vector<Problem>& problems) {
  const model::ObjectKey key = model::key_of(service.meta);
  const auto slices = slices_.of(key);
  std::vector<Candidate> out;
  if (!slices.empty()) {
    for (const model::ObjectKey& slice_key : slices) {
      if (const auto slice = cluster.endpoint_slices.find(slice_key); slice != cluster.endpoint_slices.end()) {
        collect_from_slice(slice->second, node, service.ports[port_index], family, out);
      }
    }
  } else if (!service.selector.empty()) {
    fed_by_pods_.insert(key);
    collect_from_pods(pods_.matching(cluster, key.ns, service.selector), node, service, port_index, family, out,
                      problems);
  }
  sort_and_merge(out);
  return out;
}

}  // namespace sp::compile
