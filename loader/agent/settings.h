// SPDX-License-Identifier: Apache-2.0
// Settings: what this agent is to do, decided from the command line, the files of --config and their defaults.
//
// Promises: reads the files and nothing else of the system but the host's name; an error names every problem at once.
// Precedence: the command line (as far as kube-proxy lets it), Sallyport's own file, a KubeProxyConfiguration,
// defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "loader/agent/agent.h"
#include "loader/agent/config.h"
#include "loader/proxy/config.h"
#include "loader/proxy/config_watch.h"
#include "loader/util/log.h"
#include "loader/util/result.h"

namespace sp::agent {

enum class SourceKind : std::uint8_t { manifests, kubernetes };

// A line for the log, to be written once log::init() has run.
struct Remark {
  log::Level level = log::Level::info;
  std::string text;
};

struct Settings {
  SourceKind source = SourceKind::manifests;
  std::filesystem::path kubeconfig;  // of a Kubernetes source; empty = in-cluster
  std::string node;                  // this node's name, lower case
  log::Level log_level = log::Level::info;
  Config config;             // Sallyport's own, with what kube-proxy's configuration says about the same things
  proxy::ProxyConfig proxy;  // completed and valid
  std::vector<proxy::ConfigFile> files;  // what was read: to be watched
  std::vector<Remark> remarks;
};

// What is said when nothing names a source.
inline constexpr const char* kNoSource =
    "where Services come from is not said: expected --manifests DIR, --kubeconfig FILE (or clientConnection.kubeconfig "
    "in the file of --config), or to run in a Pod, where KUBERNETES_SERVICE_HOST is set";

[[nodiscard]] Result<Settings> resolve(const RunOptions& options);

// `run --write-config-to FILE`: writes the KubeProxyConfiguration in force. Returns a line to print.
[[nodiscard]] Result<std::string> write_config(const RunOptions& options, const std::filesystem::path& file);

}  // namespace sp::agent
