// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/face.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "loader/serve/health_server.h"
#include "loader/serve/metrics_server.h"
#include "loader/util/log.h"

namespace sp::agent {
namespace {

constexpr std::array kFamilies{Family::v4, Family::v6};

serve::RetryingServer::OnFailure on_failure(const Settings& settings) {
  return settings.proxy.bind_address_hard_fail ? serve::RetryingServer::OnFailure::fail
                                               : serve::RetryingServer::OnFailure::retry;
}

// What load balancers are to know of the own Node.
std::optional<serve::NodeState> node_state(const model::Cluster& cluster, const std::string& name, bool standalone) {
  const auto node = cluster.nodes.find({"", name});
  if (node != cluster.nodes.end()) {
    return serve::NodeState{node->second.deleting, node->second.autoscaled};
  }
  // A folder of manifests need not describe the node, and nobody drains it through one.
  return standalone ? std::optional(serve::NodeState{}) : std::nullopt;
}

std::size_t count(const std::vector<model::ObjectId>& changed, model::Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(changed.begin(), changed.end(), [kind](const auto& id) { return id.kind == kind; }));
}

}  // namespace

Face::Face(const Settings& settings, const Subjects& subjects)
    : subjects_(subjects),
      node_name_(settings.node),
      node_port_ranges_(settings.config.node_port_addresses),
      metrics_(subjects.metrics),
      health_(std::chrono::duration_cast<std::chrono::milliseconds>(settings.config.sync_period)),
      checks_(settings.node) {}

Result<std::unique_ptr<Face>> Face::open(EventLoop& loop, const Settings& settings, const Subjects& subjects) {
  std::unique_ptr<Face> face(new Face(settings, subjects));
  SP_TRY(face->listen(loop, settings));
  return face;
}

Result<void> Face::listen(EventLoop& loop, const Settings& settings) {
  metrics_.set_data_plane([this] { return sample(); });
  SP_TRY_ASSIGN(service_health,
                serve::ServiceHealth::create(loop, {[this] { return health_.healthy(serve::Moment::now()); },
                                                    [this](const model::ObjectKey& key, const Error& error) {
                                                      report_health_check(key, error);
                                                    }}));
  service_health_ = std::move(service_health);

  SP_TRY_ASSIGN(healthz, serve::parse_bind_address(settings.proxy.healthz_bind_address, proxy::kHealthzPort));
  if (healthz) {
    SP_TRY_ASSIGN(server,
                  serve::RetryingServer::start(loop, "healthz", *healthz,
                                               serve::health_pages(health_, serve::Moment::now,
                                                                   [this](serve::Probe probe, int status) {
                                                                     probe == serve::Probe::healthz
                                                                         ? metrics_.kube_proxy.healthz_answered(status)
                                                                         : metrics_.kube_proxy.livez_answered(status);
                                                                   }),
                                               on_failure(settings)));
    health_server_ = std::move(server);
  }
  SP_TRY_ASSIGN(metrics_at, serve::parse_bind_address(settings.proxy.metrics_bind_address, proxy::kMetricsPort));
  if (metrics_at) {
    SP_TRY_ASSIGN(server, serve::RetryingServer::start(
                              loop, "metrics", *metrics_at,
                              serve::metrics_pages({[this] { return metrics_text(); },
                                                    [config = settings.proxy] { return proxy::configz_json(config); },
                                                    {}}),
                              on_failure(settings)));
    metrics_server_ = std::move(server);
  }
  return {};
}

void Face::report_health_check(const model::ObjectKey& key, const Error& error) {
  log::warn("health-check", "Service {}: spec.healthCheckNodePort: {}", key.text(), error.text());
  if (subjects_.cluster == nullptr) {
    return;
  }
  const auto& services = subjects_.cluster->cluster().services;
  if (const auto service = services.find(key); service != services.end()) {
    subjects_.cluster->events().post_health_check_failure(service->second.meta, error.text());
  }
}

void Face::noticed(const source::Update& update, const model::Cluster& cluster) {
  metrics_.agent.input_rejected(update.complaints.size());
  health_.set_node(node_state(cluster, node_name_, subjects_.cluster == nullptr));
  if (!update.any()) {
    return;
  }
  const auto now = serve::Moment::now();
  for (const Family family : kFamilies) {
    health_.queued(family, now);
    metrics_.kube_proxy.sync_queued(family, now.wall);
  }
  metrics_.kube_proxy.services_changed(count(update.changed, model::Kind::service));
  metrics_.kube_proxy.endpoints_changed(count(update.changed, model::Kind::endpoint_slice));
  triggers_.insert(triggers_.end(), update.triggers.begin(), update.triggers.end());
  // Half a cluster would have load balancers told of Services whose endpoints are not listed yet.
  if (cluster.complete && (update.completed ? checks_.rebuild(cluster) : checks_.update(cluster, update.changed))) {
    reconcile_health_checks();
  }
}

// Where nodePorts answer (section 5.3): load balancers ask there.
void Face::reconcile_health_checks() {
  std::optional<std::vector<Ip>> addresses;
  if (!node_port_ranges_.empty()) {
    addresses.emplace();
    for (const node::Address& address : subjects_.watcher.facts().addresses) {
      if (std::any_of(node_port_ranges_.begin(), node_port_ranges_.end(),
                      [&](const Prefix& range) { return range.contains(address.ip); })) {
        addresses->push_back(address.ip);
      }
    }
  }
  service_health_->reconcile(checks_.table(), addresses);
}

void Face::applied(const ApplyResult& result, Cause cause, bool finished) {
  if (cause == Cause::netlink) {
    reconcile_health_checks();
  }
  const auto now = serve::Moment::now();
  const bool whole = cause != Cause::api && cause != Cause::manifests;
  const auto extent = whole ? metrics::KubeProxyMetrics::Extent::full : metrics::KubeProxyMetrics::Extent::partial;
  for (const Family family : kFamilies) {
    metrics_.kube_proxy.synced(family, extent, result.took, now.wall);
    if (finished) {
      health_.applied(family, now);
    }
    for (const auto trigger : triggers_) {
      metrics_.kube_proxy.endpoints_programmed(family, trigger, started_, now.wall);
    }
  }
  triggers_.clear();
  metrics_.kube_proxy.changes_applied();
  metrics::AgentMetrics& agent = metrics_.agent;
  agent.programmed(result.took);
  agent.sync_ended(result.rows_failed);
  agent.set_problems(result.problems);
  agent.frontends.written(result.report.frontends_written);
  agent.frontends.erased(result.report.frontends_erased);
  agent.services.written(result.report.services_written);
  agent.services.erased(result.report.services_erased);
  agent.backends.written(result.report.backends_written);
  agent.backends.erased(result.report.backends_retired);
}

// Rows that drop because their policy is Local and this node has no endpoint, by what leads there.
void Face::measure_local_policies() {
  std::array<std::set<std::string_view>, 2> internal;
  std::array<std::set<std::string_view>, 2> external;
  const compile::Desired& desired = subjects_.applier.desired();
  for (const auto& [frontend, row] : desired.frontends) {
    const auto service = desired.services.find(row.service);
    if (service != desired.services.end() && service->second.backends.empty() &&
        (service->second.flags & SP_SERVICE_DROP_EMPTY) != 0) {
      auto& rows = row.kind == SP_KIND_CLUSTER_IP ? internal : external;
      rows.at(static_cast<std::size_t>(frontend.ip.family())).insert(row.service.text());
    }
  }
  for (const Family family : kFamilies) {
    const auto at = static_cast<std::size_t>(family);
    metrics_.kube_proxy.set_no_local_endpoints(family, internal.at(at).size(), external.at(at).size());
  }
}

std::string Face::metrics_text() {
  measure_local_policies();
  if (subjects_.cluster != nullptr) {
    source_metrics_.update(subjects_.cluster->stats(), metrics_.agent);
  }
  return metrics_.text();
}

Result<metrics::DataPlaneSample> Face::sample() const {
  const Totals& totals = subjects_.applier.totals();
  const auto [flows4, flows6] = subjects_.plane.flow_population();
  return metrics::take_sample(subjects_.reader, {totals.frontends, totals.services, totals.backends, flows4, flows6},
                              sample_options_);
}

}  // namespace sp::agent
