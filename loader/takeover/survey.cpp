// SPDX-License-Identifier: Apache-2.0
// Four rule sets of iptables, the tables of nftables, and the three things of the ipvs mode.
#include "loader/takeover/survey.h"

#include <spdlog/fmt/fmt.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

#include "loader/node/dump.h"
#include "loader/takeover/ipvs.h"
#include "loader/takeover/tool.h"

namespace sp::takeover {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// False when the kernel part that `module` names is surely absent: asking a tool would load it. Parts without
// parameters that are built in show up in modules.builtin alone, and where that file is missing nobody can say.
bool may_be_loaded(const Tools& tools, const std::string& module) {
  std::error_code ignored;
  if (fs::exists(tools.modules / module, ignored)) return true;
  utsname kernel{};
  if (::uname(&kernel) != 0) return true;
  const fs::path builtin = fs::path("/lib/modules") / kernel.release / "modules.builtin";
  if (!fs::exists(builtin, ignored)) return true;
  return read_text(builtin).find("/" + module + ".ko") != std::string::npos;
}

struct Variant {
  const char* family;   // "iptables", "ip6tables"
  const char* backend;  // "nft", "legacy"
  const char* nft_family;
  const char* legacy_names;  // below /proc
};
constexpr std::array<Variant, 4> kVariants = {{{"iptables", "nft", "ip", ""},
                                               {"ip6tables", "nft", "ip6", ""},
                                               {"iptables", "legacy", "", "net/ip_tables_names"},
                                               {"ip6tables", "legacy", "", "net/ip6_tables_names"}}};

// The variant's save or restore: under its full name, or under the plain one where that is what it is.
std::optional<fs::path> variant_tool(const Tools& tools, const Variant& variant, const char* verb) {
  if (auto exact = find_tool(tools, fmt::format("{}-{}-{}", variant.family, variant.backend, verb))) return exact;
  auto plain = find_tool(tools, fmt::format("{}-{}", variant.family, verb));
  if (!plain) return std::nullopt;
  const auto version = run_tool(tools, *plain, {"--version"});
  const bool nft = version && version->find("nf_tables") != std::string::npos;
  if (!version || nft != (std::string_view(variant.backend) == "nft")) return std::nullopt;
  return plain;
}

// Reads one rule set, whose tables are known to exist.
void survey_rules(const Tools& tools, const Variant& variant, const Options& options, Survey& survey) {
  const std::string name = fmt::format("{}-{}", variant.family, variant.backend);
  const auto save = variant_tool(tools, variant, "save");
  const auto restore = variant_tool(tools, variant, "restore");
  if (!save || !restore) {
    survey.advice.push_back(
        fmt::format("{0} has tables here, but {0}-save and {0}-restore are not on PATH: if "
                    "kube-proxy ran in that mode, its rules stay until the package iptables is "
                    "installed or the node is rebooted without it",
                    name));
    return;
  }
  const auto saved = run_tool(tools, *save, {});
  if (!saved) {
    survey.advice.push_back("rules cannot be read: " + saved.error().text());
    return;
  }
  RuleSet rules{name, *restore, plan_removal(*saved, options)};
  for (const std::string& sentence : rules.plan.advice) survey.advice.push_back(name + ": " + sentence);
  if (rules.plan.host_port_chains > 0 && !options.host_ports) {
    survey.advice.push_back(fmt::format(
        "{}: {} chains of the portmap plugin translate hostPorts that Sallyport translates, too: take portmap out of "
        "the nodes' CNI configuration, as docs/kubernetes.md says",
        name, rules.plan.host_port_chains));
  }
  if (!rules.plan.tables.empty()) survey.rule_sets.push_back(std::move(rules));
}

// Lines of `nft list tables`, "table ip kube-proxy", without their first word.
std::vector<std::string> list_nft_tables(const Tools& tools, Survey& survey) {
  const auto nft = find_tool(tools, "nft");
  if (!nft) return {};
  const auto listed = run_tool(tools, *nft, {"list", "tables"});
  if (!listed) {
    survey.advice.push_back("nftables cannot be read: " + listed.error().text());
    return {};
  }
  std::vector<std::string> tables;
  std::istringstream lines(*listed);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("table ")) tables.push_back(line.substr(6));
  }
  return tables;
}

void survey_netfilter(const Tools& tools, const Options& options, Survey& survey) {
  std::vector<std::string> tables;
  const bool nft_possible = may_be_loaded(tools, "nf_tables");
  // Without the nft tool, iptables-nft has to look by itself.
  const bool listed = nft_possible && find_tool(tools, "nft").has_value();
  if (listed) tables = list_nft_tables(tools, survey);
  const auto has = [&tables](const std::string& table) {
    return std::find(tables.begin(), tables.end(), table) != tables.end();
  };
  for (const std::string family : {"ip ", "ip6 "}) {
    if (has(family + "kube-proxy")) survey.nft_tables.push_back(family + "kube-proxy");
    if (has(family + kKeeper)) survey.keeper_tables.push_back(family + kKeeper);
  }
  if (has("inet cni_hostport")) {
    survey.advice.emplace_back(
        "nftables: table inet cni_hostport of the portmap plugin translates hostPorts that Sallyport translates, too: "
        "take portmap out of the nodes' CNI configuration, as docs/kubernetes.md says");
  }
  for (const Variant& variant : kVariants) {
    const std::string family = variant.nft_family;
    const bool there = family.empty()
                           ? !read_text(tools.proc / variant.legacy_names).empty()
                           : (listed ? has(family + " nat") || has(family + " filter") || has(family + " mangle")
                                     : nft_possible && variant_tool(tools, variant, "save").has_value());
    if (there) survey_rules(tools, variant, options, survey);
  }
}

// The addresses of kube-ipvs0; nothing when there is no such device.
Result<std::optional<std::set<Ip>>> ipvs_addresses() {
  SP_TRY_ASSIGN(socket, node::connect_route_socket());
  SP_TRY_ASSIGN(devices, node::dump_devices(socket.get()));
  const auto device = std::find_if(devices.begin(), devices.end(),
                                   [](const auto& candidate) { return candidate.device.name == kIpvsDevice; });
  if (device == devices.end()) return std::optional<std::set<Ip>>();
  SP_TRY_ASSIGN(addresses, node::dump_addresses(socket.get()));
  std::set<Ip> vips;
  for (const node::Address& address : addresses) {
    if (address.ifindex == device->device.ifindex) vips.insert(address.ip);
  }
  return std::optional(std::move(vips));
}

// What a tool prints; empty, with advice, when it is missing or fails.
std::string ask(const Tools& tools, const char* name, const std::vector<std::string>& arguments, Survey& survey) {
  const auto tool = find_tool(tools, name);
  if (!tool) {
    survey.advice.push_back(
        fmt::format("kube-proxy ran in ipvs mode here, but {0} is not on PATH: install the package "
                    "{0}, or reboot the node without kube-proxy",
                    name));
    return {};
  }
  auto printed = run_tool(tools, *tool, arguments);
  if (printed) return *printed;
  survey.advice.push_back("leftovers of the ipvs mode cannot be read: " + printed.error().text());
  return {};
}

void survey_ipvs(const Tools& tools, Survey& survey) {
  const auto vips = ipvs_addresses();
  if (!vips) survey.advice.push_back("kube-ipvs0 cannot be looked for: " + vips.error().text());
  survey.ipvs_device = vips && vips->has_value();
  if (survey.ipvs_device) {
    survey.advice.emplace_back(
        "kube-proxy ran in ipvs mode here: connections that ipvs carries end with its virtual servers, and their "
        "clients "
        "have to connect anew");
  }
  ProxySets sets;
  // Sets outlive the device when an earlier clean-up ended half-way.
  if (may_be_loaded(tools, "ip_set") && (survey.ipvs_device || find_tool(tools, "ipset"))) {
    sets = find_proxy_sets(ask(tools, "ipset", {"save"}, survey));
  }
  survey.sets = sets.names;
  if (survey.ipvs_device && !read_text(tools.proc / "net/ip_vs").empty()) {
    survey.virtual_servers = find_proxy_servers(ask(tools, "ipvsadm", {"--save", "--numeric"}, survey), **vips, sets);
  }
}

}  // namespace

Survey survey(const Tools& tools, const Options& options) {
  Survey survey;
  survey_netfilter(tools, options, survey);
  survey_ipvs(tools, survey);
  return survey;
}

}  // namespace sp::takeover
