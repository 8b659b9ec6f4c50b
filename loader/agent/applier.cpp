// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/applier.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "loader/agent/host_settings.h"
#include "loader/util/log.h"

namespace sp::agent {
namespace {

bool wrote_something(const sync::Report& report) {
  return report.frontends_written + report.frontends_erased + report.services_written + report.services_erased +
             report.backends_written + report.backends_retired >
         0;
}

std::size_t count(std::span<const model::ObjectId> ids, model::Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(ids.begin(), ids.end(), [&](const model::ObjectId& id) { return id.kind == kind; }));
}

}  // namespace

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::start:
      return "start";
    case Cause::manifests:
      return "manifests";
    case Cause::api:
      return "api";
    case Cause::netlink:
      return "netlink";
    case Cause::retry:
      return "retry";
    case Cause::reconcile:
      break;
  }
  return "reconcile";
}

void Applier::apply(const model::Cluster& cluster, const node::Facts& facts, std::span<const model::ObjectId> changed,
                    Cause cause, Clock::time_point woke_at) {
  const bool anew = cause == Cause::start || cause == Cause::reconcile;
  const compile::Delta delta = anew ? compiler_.reset(cluster, facts) : compiler_.update(cluster, facts, changed);
  const compile::Desired& desired = compiler_.desired();
  sync::Report report = cause == Cause::retry ? sync_.apply(desired, cluster.complete, Clock::now())
                                              : sync_.apply(desired, delta, cluster.complete, Clock::now());
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - woke_at);

  // A changed object deserves its line even if no row depends on what changed; a changed route does not.
  if (cause == Cause::manifests || cause == Cause::api || wrote_something(report)) {
    log::info("agent", "applied took_us={} frontends=+{}-{} services=+{}-{} backends=+{}-{} source={}", took.count(),
              report.frontends_written, report.frontends_erased, report.services_written, report.services_erased,
              report.backends_written, report.backends_retired, to_string(cause));
  }
  tell_problems(delta);
  const std::size_t rows_failed = report.problems.size();
  failures_.update(std::exchange(report.problems, {}));
  last_ = {took,
           std::move(report),
           rows_failed,
           clashes_.size() + compiler_.problems().size(),
           count(changed, model::Kind::service),
           count(changed, model::Kind::endpoint_slice)};
}

// Looks at all problems and all frontends only if theirs differ.
void Applier::tell_problems(const compile::Delta& delta) {
  const bool look = delta.everything || std::any_of(delta.frontends.begin(), delta.frontends.end(),
                                                    [this](const auto& frontend) { return may_clash(frontend); });
  if (look) {
    clashes_ = node_port_clashes(compiler_.desired(), snat_ports_);
  }
  if (!look && !delta.problems) {
    return;
  }
  std::vector<std::string> lines = clashes_;
  for (const compile::Problem& problem : compiler_.problems()) {
    lines.push_back(problem.object + ": " + problem.text);
  }
  problems_.update(std::move(lines));
}

// Could this frontend, which differs or has gone, make or mend a clash?
bool Applier::may_clash(const compile::Frontend& frontend) const {
  const bool inside = std::any_of(snat_ports_.begin(), snat_ports_.end(),
                                  [&](const PortRange& range) { return range.contains(frontend.port); });
  const auto row = desired().frontends.find(frontend);
  return inside && (!clashes_.empty() || (row != desired().frontends.end() && row->second.kind == SP_KIND_NODE_PORT));
}

}  // namespace sp::agent
