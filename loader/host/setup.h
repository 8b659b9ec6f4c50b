// SPDX-License-Identifier: Apache-2.0
// Host set-up: the settings of the node that kube-proxy's configuration asks for, and what --init-only makes.
//
// Promises: a setting that is as it should be is not written; one that fails is named and the others are still made; a
// kernel without conntrack is no failure. Whether a failure ends the start is the caller's to say.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "loader/util/result.h"

namespace sp::host {

// kube-proxy's conntrack settings; nothing leaves the kernel's value as it is.
struct Conntrack {
  std::optional<std::uint32_t> max{};
  std::optional<std::chrono::seconds> tcp_established{};
  std::optional<std::chrono::seconds> tcp_close_wait{};
  bool tcp_be_liberal = false;
  std::optional<std::chrono::seconds> udp{};
  std::optional<std::chrono::seconds> udp_stream{};
};

// One file and what shall be in it.
struct Setting {
  enum class Rule : std::uint8_t { exactly, at_least };
  std::string file;  // below the root: "proc/sys/net/netfilter/nf_conntrack_max"
  std::uint64_t value = 0;
  Rule rule = Rule::exactly;
  bool optional = false;  // where it cannot be written, as in a container with a read-only /sys, things work less well

  bool operator==(const Setting&) const = default;
};

// Pure. The hash table gets a bucket for every four entries and never shrinks.
[[nodiscard]] std::vector<Setting> conntrack_settings(const Conntrack& conntrack);

struct Outcome {
  std::vector<std::string> changed{};   // "net.netfilter.nf_conntrack_max = 131072 (was 65536)"
  std::vector<std::string> warnings{};  // what could not be done, and need not
  std::vector<std::string> errors{};    // what could not be done, with what to do
  bool without_conntrack = false;       // nf_conntrack is not loaded here: its settings were left out
};

// Makes the settings under `root`.
[[nodiscard]] Outcome apply_settings(const std::vector<Setting>& settings, const std::filesystem::path& root = "/");

// How readily the kernel ends this process when memory runs out: -1000 (never) to 1000.
[[nodiscard]] Result<void> set_oom_score(int score, const std::filesystem::path& root = "/");

// All that needs privileges beyond CAP_BPF and CAP_NET_ADMIN: the settings, bpffs and the pin directory (--init-only).
[[nodiscard]] Outcome init(const std::vector<Setting>& settings, const std::filesystem::path& pin_path,
                           const std::filesystem::path& root = "/");

}  // namespace sp::host
