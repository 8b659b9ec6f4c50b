// SPDX-License-Identifier: Apache-2.0
// kube-proxy's flags on our command line, made of the table in loader/proxy/verdicts.h.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "loader/proxy/flags.h"

namespace sp::cli {

// Adds every flag of the table that `run` does not have yet. What is given is appended to `given`.
void add_proxy_flags(CLI::App& run, std::vector<proxy::GivenFlag>& given);

// A switch as Go has it: --name, --name=true, --name=false.
CLI::Option* add_switch(CLI::App& app, const std::string& name, bool& into, const std::string& help);

// `words` as CLI11 understands them: kube-proxy takes --log_dir for --log-dir, "--name=" for an empty value and -v=2
// for -v 2.
[[nodiscard]] std::vector<std::string> plain_words(int argc, const char* const* argv);

}  // namespace sp::cli
