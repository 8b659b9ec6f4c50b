// SPDX-License-Identifier: Apache-2.0
// Survey: everything of kube-proxy's in this network namespace, in the words of the tools that remove it. Changes
// nothing, and asks no tool that would make the kernel load a module.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "loader/takeover/rules.h"
#include "loader/takeover/takeover.h"

namespace sp::takeover {

struct RuleSet {
  std::string name;  // "ip6tables-nft"
  std::filesystem::path restore;
  RulePlan plan;
};

struct Survey {
  std::vector<RuleSet> rule_sets{};
  std::vector<std::string> nft_tables{};       // "ip6 kube-proxy"
  std::vector<std::string> keeper_tables{};    // "ip6 SALLYPORT-TAKEOVER"
  std::vector<std::string> virtual_servers{};  // "-t 10.96.0.1:443"
  std::vector<std::string> sets{};
  bool ipvs_device = false;
  std::vector<std::string> advice{};
};
[[nodiscard]] Survey survey(const Tools& tools, const Options& options);

}  // namespace sp::takeover
