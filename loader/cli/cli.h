// SPDX-License-Identifier: Apache-2.0
// The command line: words in, one finished command out. Parsing runs nothing and prints nothing.
#pragma once

#include <filesystem>
#include <string>
#include <variant>

#include "loader/agent/agent.h"
#include "loader/show/show.h"

namespace sp::cli {

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kUsage = 2;

struct Status {
  std::filesystem::path pin_path = SP_DEFAULT_PIN_PATH;
};

struct Get {
  show::What what = show::What::frontends;
  show::Format format = show::Format::table;
  std::filesystem::path pin_path = SP_DEFAULT_PIN_PATH;
};

struct Cleanup {
  std::filesystem::path pin_path = SP_DEFAULT_PIN_PATH;
  bool kube_proxy = false;  // also what a kube-proxy has left on this node
};

// `run --write-config-to FILE`.
struct WriteConfig {
  agent::RunOptions options;
  std::filesystem::path file;
};

// Nothing to run: help and version on stdout (code 0), or what was wrong on stderr (code 2).
struct Message {
  int code = kSuccess;
  std::string text;
};

using Command = std::variant<agent::RunOptions, WriteConfig, Status, Get, Cleanup, Message>;

// `version` is what --version prints. Of the environment, whether KUBERNETES_SERVICE_HOST is set is asked.
[[nodiscard]] Command parse(int argc, const char* const* argv, const std::string& version);

}  // namespace sp::cli
