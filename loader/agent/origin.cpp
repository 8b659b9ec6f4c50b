// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/origin.h"

#include <string>
#include <utility>

#include "loader/source/manifest_dir.h"

namespace sp::agent {
namespace {

// "192.0.2.1:6443" of "https://192.0.2.1:6443 (in-cluster)".
std::string host_of(const std::string& text) {
  const std::size_t scheme = text.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  return text.substr(begin, text.find_first_of("/ ", begin) - begin);
}

Result<Origin> open_cluster(const RunOptions& options, const Settings& settings, metrics::Metrics& metrics) {
  // The observer outlives this function, and the source does not exist yet.
  auto observed = std::make_shared<kube::KubernetesSource*>(nullptr);
  const auto observer = [&metrics, observed](const http::Answered& answered) {
    const std::string code = answered.status == 0 ? "<error>" : std::to_string(answered.status);
    metrics.agent.api_request_ended(code, answered.method, *observed == nullptr ? "" : host_of((*observed)->text()));
  };
  SP_TRY_ASSIGN(cluster, kube::KubernetesSource::open({.access = {settings.kubeconfig, options.master},
                                                       .node_name = settings.node,
                                                       .observer = observer}));
  *observed = cluster.get();
  return Origin{std::move(cluster), *observed};
}

}  // namespace

Result<Origin> open_origin(const RunOptions& options, const Settings& settings, metrics::Metrics& metrics) {
  if (settings.source == SourceKind::kubernetes) {
    return open_cluster(options, settings, metrics);
  }
  SP_TRY_ASSIGN(manifests, source::ManifestDir::open(options.manifests));
  return Origin{std::make_unique<source::ManifestDir>(std::move(manifests)), nullptr};
}

}  // namespace sp::agent
