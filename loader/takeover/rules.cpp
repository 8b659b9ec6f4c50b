// SPDX-License-Identifier: Apache-2.0
// Reading a dump, deciding which chains go, and writing the restore.
#include "loader/takeover/rules.h"

#include <spdlog/fmt/fmt.h>

#include <set>
#include <unordered_set>

#include "loader/takeover/owners.h"

namespace sp::takeover {
namespace {

constexpr std::string_view kMarkChain = "KUBE-MARK-MASQ";
constexpr std::string_view kMasqueradeChain = "KUBE-POSTROUTING";

struct Chain {
  std::string_view name;
  std::string_view policy;  // "-" for chains that somebody made
};

struct Rule {
  std::string_view chain;
  std::string_view target;  // of -j or -g; empty without one
  std::string_view text;    // what follows "-A ": the chain and the rest, as printed
};

struct Table {
  std::string_view name;
  std::vector<Chain> chains{};
  std::vector<Rule> rules{};
};

// The next word of a rule; quoted ones with their quotes, which no chain's name has.
std::string_view next_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::size_t end = 0;
  for (bool quoted = false; end < rest.size() && (quoted || rest[end] != ' '); ++end) {
    if (rest[end] == '\\' && end + 1 < rest.size()) {
      ++end;
    } else if (rest[end] == '"') {
      quoted = !quoted;
    }
  }
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

Rule parse_rule(std::string_view text) {
  Rule rule{.chain = {}, .target = {}, .text = text};
  std::string_view rest = text;
  rule.chain = next_word(rest);
  for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
    if (word == "-j" || word == "-g") rule.target = next_word(rest);
  }
  return rule;
}

std::vector<Table> parse(std::string_view saved) {
  std::vector<Table> tables;
  while (!saved.empty()) {
    const std::size_t end = std::min(saved.find('\n'), saved.size());
    std::string_view line = saved.substr(0, end);
    saved.remove_prefix(std::min(end + 1, saved.size()));
    if (line.starts_with('*')) {
      tables.push_back({line.substr(1)});
    } else if (tables.empty()) {
      continue;
    } else if (line.starts_with(':')) {
      line.remove_prefix(1);
      const std::string_view name = next_word(line);
      tables.back().chains.push_back({name, next_word(line)});
    } else if (line.starts_with("-A ")) {
      tables.back().rules.push_back(parse_rule(line.substr(3)));
    }
  }
  return tables;
}

using Names = std::unordered_set<std::string_view>;

// What becomes of the chains of one table.
struct Fate {
  Names doomed;   // go, or are emptied
  Names emptied;  // of these: a rule of somebody else's refers to them, so the chain stays, without rules
  Names filled;   // chains with rules
  bool mark_in_use = false;
};

Names doomed_chains(const Table& table, const Options& options) {
  Names doomed;
  for (const Chain& chain : table.chains) {
    if (is_proxy_chain(table.name, chain.name) || (options.host_ports && is_host_port_chain(chain.name)) ||
        (!options.keep_connections && chain.name == kKeeper)) {
      doomed.insert(chain.name);
    }
  }
  return doomed;
}

Fate decide(const Table& table, const Options& options) {
  Fate fate{.doomed = doomed_chains(table, options), .emptied = {}, .filled = {}};
  const auto foreign = [&fate](const Rule& rule) {
    return !is_builtin_chain(rule.chain) && !fate.doomed.contains(rule.chain) && fate.doomed.contains(rule.target);
  };
  for (const Rule& rule : table.rules) {
    fate.mark_in_use = fate.mark_in_use || (rule.target == kMarkChain && foreign(rule));
    fate.filled.insert(rule.chain);
  }
  // Marking without masquerading would send the Pods' replies astray: the two stay together.
  if (fate.mark_in_use) {
    fate.doomed.erase(kMarkChain);
    fate.doomed.erase(kMasqueradeChain);
  }
  for (const Rule& rule : table.rules) {
    if (foreign(rule)) fate.emptied.insert(rule.target);
  }
  return fate;
}

TablePlan write_plan(const Table& table, const Fate& fate, bool keep_connections) {
  TablePlan plan{.table = std::string(table.name), .text = {}};
  std::string head;
  std::string jumps;
  std::string tail;
  // In the dump's order, so that equal rules make equal plans.
  for (const Chain& chain : table.chains) {
    if (!fate.doomed.contains(chain.name)) continue;
    const bool stays = fate.emptied.contains(chain.name);
    if (stays && !fate.filled.contains(chain.name)) continue;
    ++plan.chains;
    plan.translates = plan.translates || (table.name == "nat" && is_service_chain(chain.name));
    head += fmt::format(":{} - [0:0]\n", chain.name);
    if (!stays) tail += fmt::format("-X {}\n", chain.name);
  }
  for (const Rule& rule : table.rules) {
    if (!is_builtin_chain(rule.chain) || !fate.doomed.contains(rule.target)) continue;
    ++plan.jumps;
    jumps += fmt::format("-D {}\n", rule.text);
  }
  if (plan.translates && keep_connections) {
    head += fmt::format(":{0} - [0:0]\n-A {0} -m conntrack --ctstate ESTABLISHED -j RETURN\n", kKeeper);
  }
  if (plan.chains + plan.jumps > 0) plan.text = fmt::format("*{}\n{}{}{}COMMIT\n", table.name, head, jumps, tail);
  return plan;
}

void advise(const Table& table, const Fate& fate, std::vector<std::string>& advice) {
  if (fate.mark_in_use) {
    advice.push_back(
        fmt::format("table {}: rules of others mark packets through {}, so it and {} stay: let the portmap "
                    "plugin go, or drop externalSetMarkChain from its configuration",
                    table.name, kMarkChain, kMasqueradeChain));
  }
  for (const std::string_view chain : std::set<std::string_view>(fate.emptied.begin(), fate.emptied.end())) {
    advice.push_back(
        fmt::format("table {}: a rule that is not kube-proxy's jumps to {}, so that chain stays, empty: "
                    "remove the rule",
                    table.name, chain));
  }
  for (const Chain& chain : table.chains) {
    if (table.name == "filter" && chain.name == "FORWARD" && chain.policy == "DROP" &&
        fate.doomed.contains("KUBE-FORWARD")) {
      advice.emplace_back(
          "table filter: the policy of FORWARD is DROP, and kube-proxy's KUBE-FORWARD accepted what it had translated: "
          "have FORWARD accept packets from and to the Pods' addresses, or connections to Pods of this node are lost");
    }
  }
}

}  // namespace

RulePlan plan_removal(std::string_view saved, const Options& options) {
  RulePlan plan;
  for (const Table& table : parse(saved)) {
    const Fate fate = decide(table, options);
    for (const Chain& chain : table.chains) plan.host_port_chains += is_host_port_chain(chain.name) ? 1 : 0;
    advise(table, fate, plan.advice);
    TablePlan planned = write_plan(table, fate, options.keep_connections);
    if (!planned.text.empty()) plan.tables.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace sp::takeover
