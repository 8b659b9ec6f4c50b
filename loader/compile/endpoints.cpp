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

}  // namespace

std::size_t EndpointIndex::NameHash::operator()(const ServiceName& name) const {
  const std::hash<std::string_view> hash;
  return hash(name.first) * 31 + hash(name.second);
}

EndpointIndex::EndpointIndex(const model::Cluster& cluster, const NodeView& node) : node_(node), pods_(cluster.pods) {
  slices_.reserve(cluster.endpoint_slices.size());
  for (const auto& [key, slice] : cluster.endpoint_slices) {
    slices_[{slice.meta.ns, slice.service_name}].push_back(&slice);
  }
}

std::vector<Candidate> EndpointIndex::collect(const model::Service& service, std::size_t port_index, Family family,
                                              std::vector<Problem>& problems) {
  std::vector<Candidate> out;
  const auto found = slices_.find({service.meta.ns, service.meta.name});
  if (found != slices_.end()) {
    collect_from_slices(found->second, service.ports[port_index], family, out);
  } else if (!service.selector.empty()) {
    collect_from_pods(service, port_index, family, out, problems);
  }
  sort_and_merge(out);
  return out;
}

void EndpointIndex::collect_from_slices(const Slices& slices, const model::ServicePort& port, Family family,
                                        std::vector<Candidate>& out) const {
  for (const model::EndpointSlice* slice : slices) {
    if (slice->family != family) {
      continue;
    }
    for (const model::EndpointPort& slice_port : slice->ports) {
      if (slice_port.protocol != port.protocol || slice_port.port == 0 || slice_port.name != port.name) {
        continue;
      }
      out.reserve(out.size() + slice->endpoints.size());
      for (const model::Endpoint& endpoint : slice->endpoints) {
        if (endpoint.address.family() != family) {
          continue;
        }
        const bool here = !endpoint.node_name.empty() && endpoint.node_name == node_.name();
        const Backend backend{endpoint.address, slice_port.port, here || node_.has_address(endpoint.address)};
        out.push_back({backend, endpoint.ready, endpoint.serving, endpoint.terminating, here, endpoint.zone_hints,
                       endpoint.node_hints});
      }
    }
  }
}

void EndpointIndex::collect_from_pods(const model::Service& service, std::size_t port_index, Family family,
                                      std::vector<Candidate>& out, std::vector<Problem>& problems) {
  const model::ServicePort& port = service.ports[port_index];
  const model::Pod* first_missing = nullptr;
  std::size_t missing = 0;
  for (const model::Pod* pod : pods_.matching(service.meta.ns, service.selector)) {
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
    const bool here = !pod->node_name.empty() && pod->node_name == node_.name();
    const bool ready = service.publish_not_ready || (pod->ready && !pod->terminating);
    out.push_back(
        {Backend{*ip, *number, here || node_.has_address(*ip)}, ready, pod->ready, pod->terminating, here, {}, {}});
  }
  if (missing != 0) {
    problems.push_back(missing_target(service, port_index, *first_missing, missing));
  }
}

}  // namespace sp::compile
