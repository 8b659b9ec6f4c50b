// SPDX-License-Identifier: Apache-2.0
// Compiler: find what is stale, plan it again, settle the frontends that it claims, publish what differs.
#include "loader/compile/compiler.h"

#include <algorithm>
#include <utility>

#include "loader/compile/frontends.h"
#include "loader/compile/host_port.h"
#include "loader/compile/precedence.h"
#include "loader/util/sort_unique.h"

namespace sp::compile {
namespace {

using model::Kind;

// Where `name` is or belongs: the first of `rows` that does not come before it. In a reset most belong at the end.
template <typename Rows>
auto place_of(Rows& rows, const std::string& name) {
  return rows.empty() || rows.rbegin()->first < name ? rows.end() : rows.lower_bound(name);
}

}  // namespace

Delta Compiler::update(const model::Cluster& cluster, const node::Facts& facts,
                       std::span<const model::ObjectId> changed) {
  if (is_new_view(cluster, facts, changed)) {
    return reset(cluster, facts);
  }
  const std::uint64_t problems = problems_.version();
  Delta delta = compile_stale(cluster, follow(cluster, changed));
  delta.problems = problems_.version() != problems;
  return delta;
}

bool Compiler::is_new_view(const model::Cluster& cluster, const node::Facts& facts,
                           std::span<const model::ObjectId> changed) {
  const auto is_own_node = [&](const model::ObjectId& id) {
    return id.kind == Kind::node && id.key.name == facts.node_name;
  };
  if (node_ && facts == facts_ && std::none_of(changed.begin(), changed.end(), is_own_node)) {
    return false;
  }
  facts_ = facts;
  // Most news of devices and of the Node's status say nothing that rows depend on.
  return node_ != NodeView(cluster, facts, options_);
}

// Brings the indices up to date, and tells which plans are stale.
Compiler::Ids Compiler::follow(const model::Cluster& cluster, std::span<const model::ObjectId> changed) {
  Ids stale;
  bool cidrs = false;
  for (const model::ObjectId& id : changed) {
    cidrs |= id.kind == Kind::service_cidr;
    if (id.kind == Kind::endpoint_slice) {
      endpoints_.follow_slice(cluster, id.key, stale);
    } else if (id.kind == Kind::pod) {
      endpoints_.follow_pod(cluster, id.key, stale);
      pod_addresses_.follow(cluster, id.key, facts_.node_name, stale);
      stale.insert(id);
    } else if (id.kind == Kind::service) {
      const auto found = cluster.services.find(id.key);
      const bool ours = found != cluster.services.end() && is_ours(found->second);
      node_ports_.follow(id.key, ours ? &found->second : nullptr, stale);
      stale.insert(id);
    }
  }
  if (cidrs) {
    networks_.follow_cidrs(cluster, problems_);
  }
  return stale;
}

Delta Compiler::compile_stale(const model::Cluster& cluster, const Ids& stale) {
  Work work;
  for (const model::ObjectId& id : stale) {
    replan(cluster, id, work);
  }
  sort_unique(work.frontends);
  for (const Frontend& frontend : work.frontends) {
    settle(frontend, work);
  }
  for (const auto& [object, old_names] : work.touched) {
    publish(*object, old_names, work.delta);
    if (object->second.empty()) {
      plans_.erase(plans_.find(object->first));
    }
  }
  networks_.publish(desired_, work.delta);
  sort_unique(work.delta.services);
  sort_unique(work.delta.source_ranges);
  return std::move(work.delta);
}

ObjectPlan Compiler::plan(const model::Cluster& cluster, const model::ObjectId& id) {
  if (id.kind == Kind::pod) {
    const auto pod = cluster.pods.find(id.key);
    return pod == cluster.pods.end() ? ObjectPlan{} : plan_host_ports(pod->second, *node_, pod_addresses_);
  }
  endpoints_.forget(id.key);
  const auto service = cluster.services.find(id.key);
  return service == cluster.services.end() ? ObjectPlan{}
                                           : plan_service(service->second, {cluster, *node_, node_ports_, endpoints_});
}

void Compiler::replan(const model::Cluster& cluster, const model::ObjectId& id, Work& work) {
  ObjectPlan now = plan(cluster, id);
  auto known = plans_.find(id);
  if (known == plans_.end()) {
    if (now.empty()) {
      return;
    }
    known = plans_.try_emplace(id).first;
  }
  ObjectPlan& before = known->second;
  touch(*known, work);
  unsettle(before, work);
  claims_.remove(*known);
  problems_.replace(before.problems, now.problems);
  if (before.cluster_ips != now.cluster_ips) {
    networks_.add(now.cluster_ips);
    networks_.remove(before.cluster_ips);
  }
  before = std::move(now);
  unsettle(before, work);
  claims_.add(*known);
}

void Compiler::touch(PlannedObject& object, Work& work) {
  const auto [it, is_new] = work.touched.try_emplace(&object);
  if (is_new) {
    for (const PlannedRow& planned : object.second.rows) {
      it->second.push_back(planned.name);
    }
  }
}

// Whoever has one of these frontends now may lose it.
void Compiler::unsettle(const ObjectPlan& plan, Work& work) {
  for (const Claim& claim : plan.claims) {
    const auto claims = claims_.at(claim.frontend);
    if (!claims.empty()) {
      touch(*claims.front().object, work);
    }
    work.frontends.push_back(claim.frontend);
  }
}

void Compiler::settle(const Frontend& frontend, Work& work) {
  const auto claims = claims_.at(frontend);
  const auto known = desired_.frontends.find(frontend);
  if (claims.empty()) {
    if (known != desired_.frontends.end()) {
      desired_.frontends.erase(known);
      work.delta.frontends.push_back(frontend);
    }
  } else {
    touch(*claims.front().object, work);
    FrontendRow row = frontend_row(claims.front());
    if (known == desired_.frontends.end() || known->second != row) {
      desired_.frontends.insert_or_assign(known, frontend, std::move(row));
      work.delta.frontends.push_back(frontend);
    }
  }
  std::vector<Problem> now = claims.size() > 1 ? conflicts(claims) : std::vector<Problem>{};
  const auto told = conflicts_.find(frontend);
  if (told == conflicts_.end() && now.empty()) {
    return;
  }
  problems_.replace(told == conflicts_.end() ? std::vector<Problem>{} : told->second, now);
  if (now.empty()) {
    conflicts_.erase(told);
  } else {
    conflicts_[frontend] = std::move(now);
  }
}

// A row is wanted while a claim on it wins, and its source ranges while one with the flag does.
void Compiler::publish(PlannedObject& object, const std::vector<SharedName>& old_names, Delta& delta) {
  ObjectPlan& plan = object.second;
  struct Use {
    bool any = false;
    bool ranges = false;
  };
  std::vector<Use> uses(plan.rows.size());
  for (std::uint32_t i = 0; i < plan.claims.size(); ++i) {
    const Claim& claim = plan.claims[i];
    if (claims_.at(claim.frontend).front() == ClaimRef{&object, i}) {
      uses[claim.row].any = true;
      uses[claim.row].ranges |= (claim.flags & SP_FRONTEND_SOURCE_RANGES) != 0;
    }
  }
  const auto by_text = [](const std::string* a, const std::string* b) { return *a < *b; };
  std::map<const std::string*, ServiceRow*, decltype(by_text)> rows(by_text);
  std::map<const std::string*, const std::vector<Prefix>*, decltype(by_text)> ranges(by_text);
  for (std::size_t i = 0; i < plan.rows.size(); ++i) {
    PlannedRow& planned = plan.rows[i];
    if (uses[i].any) {
      rows.emplace(&planned.name.text(), &planned.row);
    }
    if (uses[i].ranges) {
      ranges.emplace(&planned.name.text(), &planned.source_ranges);
    }
  }
  for (const SharedName& name : old_names) {
    rows.emplace(&name.text(), nullptr);
    ranges.emplace(&name.text(), nullptr);
  }
  for (const auto& [name, row] : rows) {
    set_row(*name, row, delta);
  }
  for (const auto& [name, list] : ranges) {
    set_ranges(*name, list, delta);
  }
}

void Compiler::set_row(const std::string& name, ServiceRow* row, Delta& delta) {
  const auto known = place_of(desired_.services, name);
  const bool exists = known != desired_.services.end() && known->first == name;
  if (row == nullptr && !exists) {
    return;
  }
  if (row != nullptr && exists && known->second == *row) {
    *row = known->second;  // one copy of the backends does
    return;
  }
  delta.services.push_back(name);
  backends_ -= exists ? known->second.backends.size() : 0;
  if (row == nullptr) {
    desired_.services.erase(known);
    return;
  }
  backends_ += row->backends.size();
  desired_.services.insert_or_assign(known, name, *row);
}

void Compiler::set_ranges(const std::string& name, const std::vector<Prefix>* ranges, Delta& delta) {
  const auto known = desired_.source_ranges.find(name);
  const bool exists = known != desired_.source_ranges.end();
  if (ranges == nullptr ? !exists : exists && known->second == *ranges) {
    return;
  }
  delta.source_ranges.push_back(name);
  if (ranges == nullptr) {
    desired_.source_ranges.erase(known);
  } else {
    desired_.source_ranges.insert_or_assign(known, name, *ranges);
  }
}

}  // namespace sp::compile
