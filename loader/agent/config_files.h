// SPDX-License-Identifier: Apache-2.0
// The files of --config, each document told apart by its kind.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "loader/proxy/config_watch.h"
#include "loader/proxy/read.h"
#include "loader/source/value.h"
#include "loader/util/result.h"

namespace sp::agent {

struct ConfigFiles {
  std::vector<proxy::ConfigFile> files;  // as they were read
  std::optional<proxy::Reading> proxy;   // of the KubeProxyConfiguration
  std::string proxy_file;
  std::optional<source::Value> own;  // the document without a kind: Sallyport's settings
  std::string own_file;
};

// An error for a file that cannot be read or parsed, and for a second document of a kind.
[[nodiscard]] Result<ConfigFiles> read_config_files(const std::vector<std::filesystem::path>& paths);

}  // namespace sp::agent
