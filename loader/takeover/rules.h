// SPDX-License-Identifier: Apache-2.0
// From what iptables-save prints to what iptables-restore --noflush must read so that the leftovers are gone and every
// other rule stays where it is. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "loader/takeover/takeover.h"

namespace sp::takeover {

// A chain (iptables) or table (nftables) whose only rule asks for a connection's state and is never met. It holds what
// established connections need: the kernel stops to track and translate with the last rule of the namespace that asks.
inline constexpr const char* kKeeper = "SALLYPORT-TAKEOVER";

struct TablePlan {
  std::string table;
  std::size_t chains = 0;   // removed, or emptied where a rule of somebody else's refers to one
  std::size_t jumps = 0;    // removed from chains of others: the kernel's own
  bool translates = false;  // chains of services are among them, not just those that kubelet makes, too
  // Input of one iptables-restore --noflush: the table changes as a whole or not at all.
  std::string text;
};

struct RulePlan {
  std::vector<TablePlan> tables{};  // those in which something is to be removed
  std::vector<std::string> advice{};
  std::size_t host_port_chains = 0;  // of the portmap plugin, whether they are to go or not
};

[[nodiscard]] RulePlan plan_removal(std::string_view saved, const Options& options);

}  // namespace sp::takeover
