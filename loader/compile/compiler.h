// SPDX-License-Identifier: Apache-2.0
// Compiler: the compile step with a memory. A change of one object costs the plan of the objects that it concerns,
// however many others there are; the result is the same as if everything had been compiled anew.
//
// Every Service and every Pod with hostPorts has a plan: the rows and frontends that it asks for. Indices tell which
// plans a change makes stale: slices by Service, Pods by label, who wants a nodePort, who claims a frontend.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "loader/compile/claim_index.h"
#include "loader/compile/compile.h"
#include "loader/compile/delta.h"
#include "loader/compile/endpoints.h"
#include "loader/compile/node_port_owners.h"
#include "loader/compile/node_view.h"
#include "loader/compile/object_plan.h"
#include "loader/compile/pod_addresses.h"
#include "loader/compile/problem_list.h"
#include "loader/compile/service_networks.h"
#include "loader/model/object_id.h"

namespace sp::compile {

// Sizes of Desired.
struct Totals {
  std::size_t frontends = 0;
  std::size_t services = 0;
  std::size_t backends = 0;  // of all services, as many times as they are named
};

class Compiler {
 public:
  explicit Compiler(Options options) : options_(std::move(options)) {}
  // Plans know their place in memory.
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  // Forgets everything and compiles `cluster` anew.
  [[nodiscard]] Delta reset(const model::Cluster& cluster, const node::Facts& facts);
  // `changed` names every object that appeared, differs or has gone since the last call. The first call, and one that
  // brings another view of this node, resets.
  [[nodiscard]] Delta update(const model::Cluster& cluster, const node::Facts& facts,
                             std::span<const model::ObjectId> changed);

  [[nodiscard]] const Desired& desired() const { return desired_; }
  // Costs as much as there are problems; Delta::problems says when they differ.
  [[nodiscard]] std::vector<Problem> problems() const { return problems_.all(); }
  [[nodiscard]] Totals totals() const { return {desired_.frontends.size(), desired_.services.size(), backends_}; }
  // The result, for a compiler that is used once.
  [[nodiscard]] Output finish() && { return {std::move(desired_), problems_.all()}; }

 private:
  using Ids = std::set<model::ObjectId>;
  // Objects whose part of Desired may differ, with the names of the rows that they had before.
  using Touched = std::unordered_map<PlannedObject*, std::vector<SharedName>>;

  // One update on its way.
  struct Work {
    Touched touched;
    std::vector<Frontend> frontends;  // to be settled
    Delta delta;
  };

  [[nodiscard]] bool is_new_view(const model::Cluster& cluster, const node::Facts& facts,
                                 std::span<const model::ObjectId> changed);
  // Steps of reset().
  void follow_all(const model::Cluster& cluster);
  void plan_all(const model::Cluster& cluster);
  void settle_all();
  [[nodiscard]] Ids follow(const model::Cluster& cluster, std::span<const model::ObjectId> changed);
  [[nodiscard]] Delta compile_stale(const model::Cluster& cluster, const Ids& stale);
  [[nodiscard]] ObjectPlan plan(const model::Cluster& cluster, const model::ObjectId& id);
  void replan(const model::Cluster& cluster, const model::ObjectId& id, Work& work);
  static void touch(PlannedObject& object, Work& work);
  void unsettle(const ObjectPlan& plan, Work& work);
  void settle(const Frontend& frontend, Work& work);
  void publish(PlannedObject& object, const std::vector<SharedName>& old_names, Delta& delta);
  void set_row(const std::string& name, ServiceRow* row, Delta& delta);
  void set_ranges(const std::string& name, const std::vector<Prefix>* ranges, Delta& delta);

  Options options_;
  node::Facts facts_;
  std::optional<NodeView> node_;
  EndpointIndex endpoints_;
  NodePortOwners node_ports_;
  PodAddresses pod_addresses_;
  Plans plans_;
  ClaimIndex claims_;
  std::map<Frontend, std::vector<Problem>> conflicts_;  // of contested frontends
  ServiceNetworks networks_;
  ProblemList problems_;
  Desired desired_;
  std::size_t backends_ = 0;
};

}  // namespace sp::compile
