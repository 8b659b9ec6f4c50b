// SPDX-License-Identifier: Apache-2.0
// What to say about a command line that was not understood.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "loader/cli/cli.h"

namespace sp::cli {

// "sallyport run: REASON" and where to look.
[[nodiscard]] Message usage(const std::string& command, const std::string& reason);
// After a failed parse of `app`: an unknown word is answered with the one that was probably meant.
[[nodiscard]] Message usage_error(const CLI::App& app, const CLI::ParseError& error);

}  // namespace sp::cli
