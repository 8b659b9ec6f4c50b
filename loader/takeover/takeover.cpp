// SPDX-License-Identifier: Apache-2.0
// find() tells what the survey saw; remove() acts on a survey of its own.
#include "loader/takeover/takeover.h"

#include <netlink/route/link.h>
#include <spdlog/fmt/fmt.h>

#include <fstream>

#include "loader/node/netlink.h"
#include "loader/takeover/ipvs.h"
#include "loader/takeover/survey.h"
#include "loader/takeover/tool.h"

namespace sp::takeover {
namespace {

std::string table_line(const RuleSet& rules, const TablePlan& table) {
  return fmt::format("{} {}: {} chains, {} jumps", rules.name, table.table, table.chains, table.jumps);
}

// The leftovers but iptables' tables: what they are called, and who removes them with which words.
struct Removal {
  std::string line;
  const char* tool;
  std::vector<std::string> arguments;
  std::string input;
};

std::string joined(const char* before, const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += fmt::format("{}{}\n", before, word);
  return text;
}

// One transaction, so that a rule asks for connections at every moment.
std::string replacement(const std::string& table, bool keep_connections) {
  const std::string removal = "delete table " + table + "\n";
  if (!keep_connections) return removal;
  const std::string keeper = table.substr(0, table.find(' ') + 1) + kKeeper;
  return fmt::format(
      "add table {0}\nadd chain {0} keep {{ type nat hook postrouting priority 100 ; policy accept ; }}\n"
      "add rule {0} keep ct state established accept\n{1}",
      keeper, removal);
}

// In the order of removal: virtual servers before the sets, which are then in no rule any more.
std::vector<Removal> removals(const Survey& survey, bool keep_connections) {
  std::vector<Removal> steps;
  for (const std::string& table : survey.nft_tables) {
    steps.push_back({"nftables table " + table, "nft", {"-f", "-"}, replacement(table, keep_connections)});
  }
  if (!keep_connections) {
    for (const std::string& table : survey.keeper_tables) {
      steps.push_back({"nftables table " + table, "nft", {"-f", "-"}, "delete table " + table + "\n"});
    }
  }
  if (!survey.virtual_servers.empty()) {
    steps.push_back({fmt::format("ipvs: {} virtual servers", survey.virtual_servers.size()),
                     "ipvsadm",
                     {"--restore"},
                     joined("-D ", survey.virtual_servers)});
  }
  if (!survey.sets.empty()) {
    steps.push_back(
        {fmt::format("ipset: {} sets", survey.sets.size()), "ipset", {"restore"}, joined("destroy ", survey.sets)});
  }
  return steps;
}

// Another program may change rules between our look and our write, which makes the restore fail as a whole.
constexpr int kRestoreTries = 3;

Result<void> remove_rules(const Tools& tools, const RuleSet& rules, const TablePlan& first, const Options& options) {
  TablePlan table = first;
  for (int tries = 1;; ++tries) {
    // Waits for whoever holds the lock of the legacy variant.
    const auto restored = run_tool(tools, rules.restore, {"--noflush", "--wait", "5"}, table.text);
    if (restored) return {};
    if (tries == kRestoreTries)
      return Error{0, fmt::format("{}: {}", table_line(rules, table), restored.error().text())};
    const Survey again = survey(tools, options);
    bool found = false;
    for (const RuleSet& candidate : again.rule_sets) {
      if (candidate.name != rules.name) continue;
      for (const TablePlan& now : candidate.plan.tables) {
        if (now.table != table.table) continue;
        table = now;
        found = true;
      }
    }
    if (!found) return {};
  }
}

Result<void> remove_device() {
  SP_TRY_ASSIGN(socket, node::connect_route_socket());
  rtnl_link* link = rtnl_link_alloc();
  if (link == nullptr) return Error{ENOMEM, "netlink: allocate a link"};
  rtnl_link_set_name(link, kIpvsDevice);
  const int code = rtnl_link_delete(socket.get(), link);
  rtnl_link_put(link);
  if (code < 0) return node::netlink_error(code, "delete device " + std::string(kIpvsDevice));
  return {};
}

void note(Report& report, const Result<void>& done, const std::string& line) {
  if (done) {
    report.removed.push_back(line);
  } else {
    report.errors.push_back(done.error().text());
  }
}

Result<void> run_removal(const Tools& tools, const Removal& step) {
  const auto tool = find_tool(tools, step.tool);
  if (!tool) return Error{0, fmt::format("{}: {} is not on PATH", step.line, step.tool)};
  const auto done = run_tool(tools, *tool, step.arguments, step.input);
  if (!done) return Error{done.error().err, fmt::format("{}: {}", step.line, done.error().what)};
  return {};
}

}  // namespace

Found find(const Tools& tools) {
  const Survey seen = survey(tools, {});
  Found found{.leftovers = {}, .advice = seen.advice};
  for (const RuleSet& rules : seen.rule_sets) {
    for (const TablePlan& table : rules.plan.tables) {
      found.leftovers.push_back(table_line(rules, table));
      found.translates = found.translates || table.translates;
    }
  }
  for (const Removal& step : removals(seen, true)) found.leftovers.push_back(step.line);
  if (seen.ipvs_device) found.leftovers.push_back("device " + std::string(kIpvsDevice));
  found.translates = found.translates || seen.ipvs_device || !seen.nft_tables.empty();
  return found;
}

Report remove(const Tools& tools, const Options& options) {
  Report report;
  const Survey seen = survey(tools, options);
  for (const RuleSet& rules : seen.rule_sets) {
    for (const TablePlan& table : rules.plan.tables) {
      note(report, remove_rules(tools, rules, table, options), table_line(rules, table));
    }
  }
  for (const Removal& step : removals(seen, options.keep_connections))
    note(report, run_removal(tools, step), step.line);
  if (seen.ipvs_device) note(report, remove_device(), "device " + std::string(kIpvsDevice));
  return report;
}

std::chrono::seconds connection_life(const std::filesystem::path& proc) {
  constexpr std::chrono::seconds kKernelDefault{432'000};
  std::ifstream file(proc / "sys/net/netfilter/nf_conntrack_tcp_timeout_established");
  long seconds = 0;
  if (!(file >> seconds) || seconds <= 0) return kKernelDefault;
  return std::chrono::seconds(seconds);
}

}  // namespace sp::takeover
