// SPDX-License-Identifier: Apache-2.0
// Takeover: what a kube-proxy of any mode left in this network namespace, and its removal.
//
// Promises: removes kube-proxy's own chains, tables, sets and virtual servers and the jumps to them, and nothing of
// kubelet's or anybody else's; may be repeated; a step that fails is one line, and the rest goes on; a tool that hangs
// is ended. Loads no kernel module just to look. Blocks while it works (tens of milliseconds, seconds with 100,000
// rules). Must not be called before the data plane carries what the rules carried.
//
// In this order, so that no packet falls between the two:
//   1. find(), before XDP is attached. With `translates`, store foreign_tcp_until_tick in sp_config: connections that
//      the kernel translates must reach it past our frontends.
//   2. Attach, and write all rows.
//   3. remove().
//
// Connections survive the rules that made them, in conntrack; but the kernel tracks and translates only while a rule
// that needs it exists in the namespace. So remove() leaves one that does nothing (kKeeper of rules.h), which goes when
// remove() is called without keep_connections. Connections of the ipvs mode end.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sp::takeover {

// Where the tools are, and how long each may take.
struct Tools {
  // Folders with iptables-legacy-save and the like; empty: those of $PATH.
  std::vector<std::filesystem::path> folders{};
  std::filesystem::path proc = "/proc";
  std::filesystem::path modules = "/sys/module";
  std::chrono::milliseconds limit{30'000};
};

struct Found {
  // What remove() would take away, a line each: "iptables-nft nat: 61 chains, 4 jumps".
  std::vector<std::string> leftovers{};
  // What it would not, or cannot, and what to do about it; a sentence each.
  std::vector<std::string> advice{};
  // Rules that translate were found: conntrack may still carry connections for them.
  bool translates = false;
};
[[nodiscard]] Found find(const Tools& tools);

struct Options {
  // Also the chains of the portmap plugin (CNI-HOSTPORT-*). They come back with the next Pod while the plugin is in
  // use.
  bool host_ports = false;
  // Connections that the rules translated go on: at a takeover. Not when everything of ours goes, too.
  bool keep_connections = true;
};

struct Report {
  std::vector<std::string> removed{};
  std::vector<std::string> errors{};
};
[[nodiscard]] Report remove(const Tools& tools, const Options& options = {});

// One sentence when a kube-proxy runs in this network namespace, whose rules would come back; empty when none is seen.
// Call it before serving `health_port` oneself.
[[nodiscard]] std::string running_kube_proxy(const std::filesystem::path& proc = "/proc",
                                             std::uint16_t health_port = 10256);

// How long conntrack keeps an idle TCP connection: the time for which foreign_tcp_until_tick is worth setting.
[[nodiscard]] std::chrono::seconds connection_life(const std::filesystem::path& proc = "/proc");

}  // namespace sp::takeover
