// SPDX-License-Identifier: Apache-2.0
// `sallyport run` on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "loader/cli/cli.h"

namespace sp::cli {

// Where CLI11 stores what it reads for `run`.
struct RunValues {
  agent::RunOptions options;
  std::filesystem::path write_config_to;
  bool cleanup = false;
  bool version = false;
};

void add_run(CLI::App& app, RunValues& values);
// After a successful parse: what is to be done.
[[nodiscard]] Command run_command(RunValues values, const std::string& version);

}  // namespace sp::cli
