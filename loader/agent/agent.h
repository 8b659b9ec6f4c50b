// SPDX-License-Identifier: Apache-2.0
// The agent: `sallyport run`. Fills the maps from the sources, keeps the programs attached, follows the node.
//
// Promises: leaves everything attached and pinned when it ends, however it ends (I6); what an earlier agent left is
// adopted; one object, row or device that fails never stops the others; only one agent works on a pin path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "loader/agent/local_delivery.h"
#include "loader/proxy/flags.h"
#include "loader/util/log.h"
#include "loader/util/result.h"
#include "maps/names.h"

namespace sp::agent {

// What this binary is, for --version and metrics.
struct Build {
  std::string version;
  std::string id;  // tells two builds of one version apart; may be empty
};

// What to do with the rules that a kube-proxy has left on this node, once ours are in force.
enum class Leftovers : std::uint8_t { remove, keep };

// The command line of `sallyport run`, as typed; loader/agent/settings.h makes decisions of it.
struct RunOptions {
  std::filesystem::path manifests;   // empty = the source is Kubernetes
  std::filesystem::path kubeconfig;  // empty = what --config names, else in-cluster
  std::string master;                // URL of the API server; empty = the kubeconfig's
  std::string node;                  // empty = what --config names, else the host's name
  std::vector<std::string> devices;  // empty = those with a default route
  std::filesystem::path pin_path = SP_DEFAULT_PIN_PATH;
  std::filesystem::path cgroup;                 // where socket hooks go; empty = the root, "none" = nowhere
  std::vector<std::filesystem::path> configs;   // empty = defaults
  std::optional<log::Level> log_level;          // nothing = by kube-proxy's -v
  std::vector<proxy::GivenFlag> proxy_flags;    // those of kube-proxy that have no member here
  std::optional<LocalDelivery> local_delivery;  // nothing = what --config says
  Leftovers leftovers = Leftovers::remove;      // with a Kubernetes source only
  bool init_only = false;                       // make what needs privileges, then end
};

// The name that Pods and EndpointSlices use for this node: `given`, else the host's name; lower case, no blanks around.
[[nodiscard]] Result<std::string> node_name(const std::string& given);

// Runs until SIGTERM or SIGINT. An error is one sentence that says what to do.
[[nodiscard]] Result<void> run(const RunOptions& options, const Build& build);

// Removes everything that agents made under `pin_path`, and with `kube_proxy` what a kube-proxy has left in this
// network namespace. Refused while an agent runs there. Returns lines to print.
[[nodiscard]] Result<std::string> cleanup(const std::filesystem::path& pin_path, bool kube_proxy);

}  // namespace sp::agent
