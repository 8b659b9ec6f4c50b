// SPDX-License-Identifier: Apache-2.0
// Endpoints of a service port: collected from EndpointSlices or, where a Service has a selector and no slice, from the
// Pods that the selector matches, as the cluster's endpoints controller would.
//
// Nothing is chosen here; selection.h does that.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "loader/compile/compile.h"
#include "loader/compile/node_view.h"
#include "loader/compile/pod_index.h"
#include "loader/model/cluster.h"

namespace sp::compile {

// One endpoint that a service port may use.
struct Candidate {
  Backend backend;
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  // Its nodeName is this node: what Local policies ask. Backend::local also holds for any address of this node.
  bool on_this_node = false;
  std::span<const std::string> zone_hints;
  std::span<const std::string> node_hints;

  // Used when nothing is ready: still serving while it terminates.
  [[nodiscard]] bool is_fallback() const { return !ready && serving && terminating; }
};

class EndpointIndex {
 public:
  // Both must outlive the index; the candidates' hints point into `cluster`.
  EndpointIndex(const model::Cluster& cluster, const NodeView& node);

  // Candidates of service.ports[port_index] in one family, sorted by address and port, each once.
  [[nodiscard]] std::vector<Candidate> collect(const model::Service& service, std::size_t port_index, Family family,
                                               std::vector<Problem>& problems);

 private:
  using ServiceName = std::pair<std::string_view, std::string_view>;  // namespace, name
  struct NameHash {
    std::size_t operator()(const ServiceName& name) const;
  };
  using Slices = std::vector<const model::EndpointSlice*>;

  void collect_from_slices(const Slices& slices, const model::ServicePort& port, Family family,
                           std::vector<Candidate>& out) const;
  void collect_from_pods(const model::Service& service, std::size_t port_index, Family family,
                         std::vector<Candidate>& out, std::vector<Problem>& problems);

  const NodeView& node_;
  std::unordered_map<ServiceName, Slices, NameHash> slices_;
  PodIndex pods_;
};

}  // namespace sp::compile
