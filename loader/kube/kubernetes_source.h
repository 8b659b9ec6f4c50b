// SPDX-License-Identifier: Apache-2.0
// KubernetesSource: the Kubernetes API as the origin of objects: Services, EndpointSlices, Pods of this node, the own
// Node and ServiceCIDRs, listed and watched (service-semantics 1.1).
//
// Promises: cluster() is always made of whole objects; an object that cannot be decoded keeps its last good state;
// while the API is away, for however long, nothing changes; cluster().complete after Services, EndpointSlices
// and Pods have been listed (R-005; a server that lets us see no Pods has told so, which counts); what is wrong with
// the API is logged once when it begins and once when it is over. Needs no thread. Not thread-safe.
#pragma once

#include <memory>
#include <string>

#include "loader/access/access.h"
#include "loader/http/client.h"
#include "loader/kube/event_recorder.h"
#include "loader/kube/source_stats.h"
#include "loader/kube/timing.h"
#include "loader/source/source.h"
#include "loader/util/result.h"

namespace sp::kube {

struct Options {
  access::Options access = {};
  std::string node_name = {};    // as in Node.metadata.name; empty is refused
  http::Observer observer = {};  // called for every answer, for metrics
  Timing timing = {};
};

class KubernetesSource final : public source::Source {
 public:
  // Starts to list as soon as the loop turns: reaching the server is no condition. Fails when `options` cannot be used:
  // the kubeconfig does not parse, its context does not exist, there is no service account.
  [[nodiscard]] static Result<std::unique_ptr<KubernetesSource>> open(Options options);
  ~KubernetesSource() override;

  [[nodiscard]] int fd() const override;
  [[nodiscard]] source::Update refresh() override;
  [[nodiscard]] const model::Cluster& cluster() const override;

  [[nodiscard]] EventRecorder& events();
  [[nodiscard]] SourceStats stats() const;
  // Whom we talk to: "https://192.0.2.1:6443 (in-cluster)".
  [[nodiscard]] std::string text() const;

 private:
  struct State;
  explicit KubernetesSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sp::kube
