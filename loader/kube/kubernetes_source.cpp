// SPDX-License-Identifier: Apache-2.0
// Puts the parts together: Access, Api, one table and one reflector for each kind, the Events, and the log lines about
// all of them.
#include "loader/kube/kubernetes_source.h"

#include <array>
#include <utility>
#include <vector>

#include "loader/kube/journal.h"
#include "loader/kube/object_table.h"
#include "loader/kube/reflector.h"
#include "loader/util/log.h"
#include "loader/util/notices.h"

namespace sp::kube {

using model::Kind;

struct KubernetesSource::State {
  explicit State(EventLoop event_loop) : loop(std::move(event_loop)) {}

  [[nodiscard]] Result<void> open(Options options);
  [[nodiscard]] ObjectSink& table_of(Kind kind);
  [[nodiscard]] const Reflector& reflector_of(Kind kind) const {
    return *reflectors.at(static_cast<std::size_t>(kind));
  }
  [[nodiscard]] bool is_complete() const;
  void update_notices();

  EventLoop loop;
  std::unique_ptr<access::Access> access;
  std::unique_ptr<Api> api;
  JsonParser parser;
  std::optional<ReflectorContext> context;
  model::Cluster cluster;
  Journal journal{std::chrono::system_clock::now()};
  ObjectTable<model::Service> services{Kind::service, cluster.services, decode_service, journal};
  ObjectTable<model::EndpointSlice> slices{Kind::endpoint_slice, cluster.endpoint_slices, decode_endpoint_slice,
                                           journal};
  ObjectTable<model::Pod> pods{Kind::pod, cluster.pods, decode_pod, journal};
  ObjectTable<model::Node> nodes{Kind::node, cluster.nodes, decode_node, journal};
  ObjectTable<model::ServiceCidr> service_cidrs{Kind::service_cidr, cluster.service_cidrs, decode_service_cidr,
                                                journal};
  std::vector<std::unique_ptr<Reflector>> reflectors;  // by Kind
  std::unique_ptr<EventRecorder> events;
  Notices problems{log::Level::warn, "kube"};
  Notices remarks{log::Level::info, "kube"};
  std::vector<std::string> last_problems;
  std::vector<std::string> last_remarks;
};

ObjectSink& KubernetesSource::State::table_of(Kind kind) {
  switch (kind) {
    case Kind::service:
      return services;
    case Kind::endpoint_slice:
      return slices;
    case Kind::pod:
      return pods;
    case Kind::node:
      return nodes;
    case Kind::service_cidr:
      break;
  }
  return service_cidrs;
}

Result<void> KubernetesSource::State::open(Options options) {
  if (options.node_name.empty()) {
    return Error{0, "the name of this node is empty, expected that of its Node object (--hostname-override)"};
  }
  SP_TRY_ASSIGN(opened, access::Access::open(loop, options.access));
  access = std::move(opened);
  SP_TRY_ASSIGN(created, Api::create(loop, *access, std::move(options.observer)));
  api = std::move(created);
  context.emplace(ReflectorContext{loop, *api, parser, options.timing});
  for (const Kind kind : {Kind::service, Kind::endpoint_slice, Kind::pod, Kind::node, Kind::service_cidr}) {
    SP_TRY_ASSIGN(reflector, Reflector::create(*context, resource_of(kind, options.node_name), table_of(kind)));
    reflectors.push_back(std::move(reflector));
  }
  SP_TRY_ASSIGN(recorder, EventRecorder::create(loop, *api, std::move(options.node_name)));
  events = std::move(recorder);
  return {};
}

// Rows of hostPorts that a former process left must not be swept before the Pods are known, nor NodePorts at addresses
// that only the Node object names, so both are part of the gate (R-005 names the others).
bool KubernetesSource::State::is_complete() const {
  return reflector_of(Kind::service).listed() && reflector_of(Kind::endpoint_slice).listed() &&
         reflector_of(Kind::pod).answered() && reflector_of(Kind::node).answered();
}

void KubernetesSource::State::update_notices() {
  std::vector<std::string> current_problems;
  std::vector<std::string> current_remarks;
  for (const auto& reflector : reflectors) {
    if (!reflector->problem().empty()) {
      current_problems.push_back(reflector->problem());
    }
    if (!reflector->remark().empty()) {
      current_remarks.push_back(reflector->remark());
    }
  }
  if (current_problems != last_problems) {
    problems.update(current_problems);
    last_problems = std::move(current_problems);
  }
  if (current_remarks != last_remarks) {
    remarks.update(current_remarks);
    last_remarks = std::move(current_remarks);
  }
}

Result<std::unique_ptr<KubernetesSource>> KubernetesSource::open(Options options) {
  SP_TRY_ASSIGN(loop, EventLoop::create());
  auto state = std::make_unique<State>(std::move(loop));
  SP_TRY(state->open(std::move(options)));
  return std::unique_ptr<KubernetesSource>(new KubernetesSource(std::move(state)));
}

KubernetesSource::KubernetesSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
KubernetesSource::~KubernetesSource() = default;

int KubernetesSource::fd() const {
  return state_->loop.fd();
}

source::Update KubernetesSource::refresh() {
  if (const Result<void> turned = state_->loop.turn(); !turned) {
    state_->journal.add_complaint(turned.error().text());
  }
  source::Update update = state_->journal.take();
  if (!state_->cluster.complete && state_->is_complete()) {
    state_->cluster.complete = update.completed = true;
    log::info("kube", "{}: the first lists are complete services={} endpointslices={} pods_with_host_ports={}", text(),
              state_->services.size(), state_->slices.size(), state_->pods.size());
  }
  state_->update_notices();
  return update;
}

const model::Cluster& KubernetesSource::cluster() const {
  return state_->cluster;
}

EventRecorder& KubernetesSource::events() {
  return *state_->events;
}

SourceStats KubernetesSource::stats() const {
  SourceStats stats;
  for (std::size_t i = 0; i < stats.resources.size(); ++i) {
    stats.resources.at(i) = state_->reflectors.at(i)->stats();
  }
  stats.events_posted = state_->events->posted();
  stats.events_dropped = state_->events->dropped();
  return stats;
}

std::string KubernetesSource::text() const {
  const std::string& url = state_->api->url();
  return url.empty() ? state_->access->text() : url + " (" + state_->access->text() + ")";
}

}  // namespace sp::kube
