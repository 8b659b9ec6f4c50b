// SPDX-License-Identifier: Apache-2.0
// Predecessor: what a kube-proxy has left on this node, and how we come after it without a gap.
#pragma once

#include <string>

#include "loader/agent/agent.h"
#include "maps/config.h"

namespace sp::agent {

class Predecessor {
 public:
  explicit Predecessor(Leftovers leftovers) : leftovers_(leftovers) {}

  // Warns of a kube-proxy that still runs, as far as its rules are not to be kept. Before our own health server listens
  // at `health_address`, which is kube-proxy's, too.
  void look_for_rival(const std::string& health_address) const;
  // Before anything is attached: connections that its rules translate shall reach the kernel, which goes on with them.
  void look(sp_config_val& config);
  // Once all rows and programs are in force: takes its rules away, unless they are to be kept. Logs what was done;
  // later calls do nothing.
  void replace();

 private:
  Leftovers leftovers_;
  bool found_ = false;
};

}  // namespace sp::agent
