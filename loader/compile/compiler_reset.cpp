// SPDX-License-Identifier: Apache-2.0
// Compiler::reset(): compiles everything, in the order of its names. Nothing was there before, so that nothing needs to
// be found, compared or taken back, and what comes goes to the end of what is there. Update after update comes to the
// same result.
#include <utility>

#include "loader/compile/compiler.h"
#include "loader/compile/frontends.h"
#include "loader/compile/precedence.h"
#include "loader/util/sort_unique.h"

namespace sp::compile {

using model::Kind;

Delta Compiler::reset(const model::Cluster& cluster, const node::Facts& facts) {
  facts_ = facts;
  node_.emplace(cluster, facts_, options_);
  // Each by itself: the old rows go before the new ones come.
  desired_ = {};
  backends_ = 0;
  claims_ = {};
  plans_.clear();
  conflicts_.clear();
  problems_ = {};
  problems_.replace({}, node_->problems());
  networks_ = ServiceNetworks(node_->addresses());
  networks_.follow_cidrs(cluster, problems_);
  desired_.networks.pods = node_->pod_networks();
  endpoints_ = {};
  node_ports_ = {};
  pod_addresses_ = {};
  follow_all(cluster);
  plan_all(cluster);
  settle_all();
  Delta each;  // what came, one by one; the answer is that everything did
  for (PlannedObject& object : plans_) {
    publish(object, {}, each);
  }
  networks_.publish(desired_, each);
  Delta delta;
  delta.everything = true;
  delta.problems = true;
  return delta;
}

// Brings the indices up to date.
void Compiler::follow_all(const model::Cluster& cluster) {
  Ids stale;  // everything is, whatever they say
  for (const auto& [key, service] : cluster.services) {
    node_ports_.follow(key, is_ours(service) ? &service : nullptr, stale);
    stale.clear();
  }
  for (const auto& [key, slice] : cluster.endpoint_slices) {
    endpoints_.follow_slice(cluster, key, stale);
    stale.clear();
  }
  for (const auto& [key, pod] : cluster.pods) {
    endpoints_.follow_pod(cluster, key, stale);
    pod_addresses_.follow(cluster, key, facts_.node_name, stale);
    stale.clear();
  }
}

void Compiler::plan_all(const model::Cluster& cluster) {
  const auto add = [&](const model::ObjectId& id) {
    ObjectPlan now = plan(cluster, id);
    if (now.empty()) {
      return;
    }
    PlannedObject& object = *plans_.try_emplace(plans_.end(), id, std::move(now));
    problems_.replace({}, object.second.problems);
    networks_.add(object.second.cluster_ips);
    claims_.add(object);
  };
  for (const auto& [key, service] : cluster.services) {
    add({Kind::service, key});
  }
  for (const auto& [key, pod] : cluster.pods) {
    add({Kind::pod, key});
  }
}

void Compiler::settle_all() {
  std::vector<Frontend> frontends;
  for (const auto& [id, plan] : plans_) {
    for (const Claim& claim : plan.claims) {
      frontends.push_back(claim.frontend);
    }
  }
  sort_unique(frontends);
  for (const Frontend& frontend : frontends) {
    const auto claims = claims_.at(frontend);
    desired_.frontends.try_emplace(desired_.frontends.end(), frontend, frontend_row(claims.front()));
    std::vector<Problem> losers = claims.size() > 1 ? conflicts(claims) : std::vector<Problem>{};
    if (!losers.empty()) {
      problems_.replace({}, losers);
      conflicts_.try_emplace(conflicts_.end(), frontend, std::move(losers));
    }
  }
}

}  // namespace sp::compile
