// SPDX-License-Identifier: Apache-2.0
// Kubeconfig: the current context of a kubeconfig file, as value types. Pure: the files that it names are not read.
//
// Promises: unknown keys are ignored, as in kubectl; an error names file, key and what was expected, and quotes no
// secret; relative paths are taken from the folder of the kubeconfig; data given in the file hides a file name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loader/util/result.h"

namespace sp::access {

// Text that stands in the kubeconfig or in a file of its own; neither when both are empty.
struct Material {
  std::string data = {};
  std::filesystem::path file = {};

  [[nodiscard]] bool given() const { return !data.empty() || !file.empty(); }
};

struct ClusterEntry {
  std::string name = {};
  std::string server = {};
  Material ca = {};
  bool skip_verify = false;
  std::string tls_server_name = {};
  std::string proxy_url = {};
};

// A credential plugin (client.authentication.k8s.io).
struct ExecEntry {
  std::string api_version = {};
  std::string command = {};
  std::vector<std::string> arguments = {};
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::string install_hint = {};
  bool provide_cluster_info = false;
};

struct UserEntry {
  std::string name = {};
  Material certificate = {};
  Material key = {};
  std::string token = {};
  std::filesystem::path token_file = {};
  std::string username = {};
  std::string password = {};
  std::optional<ExecEntry> exec = {};
};

struct Kubeconfig {
  std::filesystem::path path = {};
  std::string context = {};
  ClusterEntry cluster = {};
  UserEntry user = {};  // empty: anonymous
};

// `path` is where the text comes from.
[[nodiscard]] Result<Kubeconfig> parse_kubeconfig(std::string_view text, const std::filesystem::path& path);

}  // namespace sp::access
