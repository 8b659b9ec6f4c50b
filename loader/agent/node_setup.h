// SPDX-License-Identifier: Apache-2.0
// NodeSetup: the settings of the node that a kube-proxy makes when it starts, and --init-only, which makes them
// with privileges that the agent itself then does without.
#pragma once

#include <string>

#include "loader/agent/agent.h"
#include "loader/agent/settings.h"

namespace sp::agent {

// Logs what was changed and what could not be: a node with the kernel's own timeouts still serves.
void set_up_node(const Settings& settings);

// Makes what needs privileges, and nothing else. An error if something is missing afterwards.
[[nodiscard]] Result<void> init_node(const RunOptions& options, const Settings& settings);

}  // namespace sp::agent
