// SPDX-License-Identifier: Apache-2.0
// Selection: service-semantics 2.3, in its order.
#include "loader/compile/selection.h"

#include <algorithm>

namespace sp::compile {
namespace {

enum class Topology { none, same_node, same_zone };

bool names(std::span<const std::string> hints, std::string_view wanted) {
  return std::find(hints.begin(), hints.end(), wanted) != hints.end();
}

// A level of hints counts only if every ready endpoint has some and one names us: a half-hinted set would starve the
// endpoints without hints.
Topology topology_of(std::span<const Candidate> candidates, const NodeView& node) {
  bool any_ready = false;
  bool all_node = true;
  bool all_zone = true;
  bool this_node = false;
  bool this_zone = false;
  for (const Candidate& candidate : candidates) {
    if (!candidate.ready) {
      continue;
    }
    any_ready = true;
    all_node = all_node && !candidate.node_hints.empty();
    all_zone = all_zone && !candidate.zone_hints.empty();
    if (!all_node && !all_zone) {
      return Topology::none;
    }
    this_node = this_node || names(candidate.node_hints, node.name());
    this_zone = this_zone || names(candidate.zone_hints, node.zone());
  }
  if (any_ready && all_node && this_node) {
    return Topology::same_node;
  }
  return any_ready && all_zone && this_zone && !node.zone().empty() ? Topology::same_zone : Topology::none;
}

template <typename Predicate>
std::vector<Backend> filter(std::span<const Candidate> candidates, Predicate&& wanted) {
  std::vector<Backend> out;
  out.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    if (wanted(candidate)) {
      out.push_back(candidate.backend);
    }
  }
  return out;
}

}  // namespace

std::vector<Backend> cluster_set(std::span<const Candidate> candidates, const NodeView& node) {
  const Topology topology = topology_of(candidates, node);
  auto out = filter(candidates, [&](const Candidate& c) {
    return c.ready &&
           (topology == Topology::none ||
            (topology == Topology::same_node ? names(c.node_hints, node.name()) : names(c.zone_hints, node.zone())));
  });
  return out.empty() ? filter(candidates, [](const Candidate& c) { return c.is_fallback(); }) : out;
}

std::vector<Backend> local_set(std::span<const Candidate> candidates) {
  auto out = filter(candidates, [](const Candidate& c) { return c.ready && c.on_this_node; });
  return out.empty() ? filter(candidates, [](const Candidate& c) { return c.is_fallback() && c.on_this_node; }) : out;
}

std::vector<Backend> serving_set(std::span<const Candidate> candidates) {
  return filter(candidates, [](const Candidate& c) { return c.serving || c.ready; });
}

bool has_usable(std::span<const Candidate> candidates) {
  return std::any_of(candidates.begin(), candidates.end(),
                     [](const Candidate& c) { return c.ready || c.is_fallback(); });
}

ServiceRow select(std::span<const Candidate> candidates, model::TrafficPolicy policy, const NodeView& node) {
  ServiceRow row;
  const bool local = policy == model::TrafficPolicy::local;
  row.backends = local ? local_set(candidates) : cluster_set(candidates, node);
  const std::vector<Backend> serving = serving_set(candidates);
  // Mostly the two are equal, and then one copy does.
  row.serving = std::ranges::equal(serving, row.backends) ? row.backends : BackendSet(serving);
  if (local && row.backends.empty() && has_usable(candidates)) {
    row.flags |= SP_SERVICE_DROP_EMPTY;
  }
  return row;
}

}  // namespace sp::compile
