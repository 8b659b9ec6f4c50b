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

Totals count(const compile::Desired& desired) {
  Totals totals{.frontends = desired.frontends.size(), .services = desired.services.size()};
  for (const auto& [name, row] : desired.services) {
    totals.backends += row.backends.size();
  }
  return totals;
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
  const compile::Output output = compile::compile(cluster, facts, options_);
  sync::Report report = sync_.apply(output.desired, cluster.complete, Clock::now());
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - woke_at);
  totals_ = count(output.desired);

  // A changed object deserves its line even if no row depends on what changed; a changed route does not.
  if (cause == Cause::manifests || cause == Cause::api || wrote_something(report)) {
    log::info("agent", "applied took_us={} frontends=+{}-{} services=+{}-{} backends=+{}-{} source={}", took.count(),
              report.frontends_written, report.frontends_erased, report.services_written, report.services_erased,
              report.backends_written, report.backends_retired, to_string(cause));
  }
  std::vector<std::string> problems = node_port_clashes(output.desired, snat_ports_);
  for (const compile::Problem& problem : output.problems) {
    problems.push_back(problem.object + ": " + problem.text);
  }
  problems_.update(std::move(problems));
  failures_.update(std::exchange(report.problems, {}));
  last_ = {took, std::move(report), count(changed, model::Kind::service), count(changed, model::Kind::endpoint_slice)};
}

}  // namespace sp::agent
