// SPDX-License-Identifier: Apache-2.0
// Endpoints of a service port: collected from EndpointSlices or, where a Service has a selector and no slice, from the
// Pods that the selector matches, as the cluster's endpoints controller would.
//
// Nothing is chosen here; selection.h does that.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "loader/compile/compile.h"
#include "loader/compile/node_view.h"
#include "loader/compile/pod_index.h"
#include "loader/compile/slice_index.h"
#include "loader/model/cluster.h"
#include "loader/model/object_id.h"

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

// What endpoints are collected from, kept current object by object.
class EndpointIndex {
 public:
  // An object of `cluster` appeared, differs or has gone. Adds the Services whose endpoints that may change to `stale`.
  void follow_slice(const model::Cluster& cluster, const model::ObjectKey& key, std::set<model::ObjectId>& stale);
  void follow_pod(const model::Cluster& cluster, const model::ObjectKey& key, std::set<model::ObjectId>& stale);
  // A Service differs or has gone: it is forgotten until its endpoints are collected again.
  void forget(const model::ObjectKey& service) { fed_by_pods_.erase(service); }

  // Candidates of service.ports[port_index] in one family, sorted by address and port, each once. Their hints point
  // into `cluster`.
  [[nodiscard]] std::vector<Candidate> collect(const model::Cluster& cluster, const NodeView& node,
                                               const model::Service& service, std::size_t port_index, Family family,
                                               std::vector<Problem>& problems);

 private:
  SliceIndex slices_;
  PodIndex pods_;
  std::set<model::ObjectKey> fed_by_pods_;  // Services whose endpoints come from Pods
};

}  // namespace sp::compile
