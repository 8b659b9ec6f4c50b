// SPDX-License-Identifier: Apache-2.0
// Selection: which endpoints new flows of a service port go to. Pure; every set is sorted as the
// candidates are.
#pragma once

#include <span>
#include <vector>

#include "loader/compile/desired.h"
#include "loader/compile/endpoints.h"
#include "loader/compile/node_view.h"
#include "loader/model/service.h"

namespace sp::compile {

// Ready endpoints, narrowed by topology hints; if there are none, terminating ones that still serve, wherever they are.
[[nodiscard]] std::vector<Backend> cluster_set(std::span<const Candidate> candidates, const NodeView& node);

// The same of this node alone, without regard to hints. Falls back on its own: R-036.
[[nodiscard]] std::vector<Backend> local_set(std::span<const Candidate> candidates);

// Every endpoint whose flows must be left alone: serving ones, and ready ones (a published Pod may be ready only).
[[nodiscard]] std::vector<Backend> serving_set(std::span<const Candidate> candidates);

// Is there any endpoint that some node could use? Decides between a reset and silence (section 2.5).
[[nodiscard]] bool has_usable(std::span<const Candidate> candidates);

// The row of one policy, without affinity.
[[nodiscard]] ServiceRow select(std::span<const Candidate> candidates, model::TrafficPolicy policy,
                                const NodeView& node);

}  // namespace sp::compile
