// SPDX-License-Identifier: Apache-2.0
// Running a command-line tool: text in, text out, no shell, an end in bounded time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/takeover/takeover.h"
#include "loader/util/result.h"

namespace sp::takeover {

// Where `name` is: the first executable of that name in tools.folders, or in $PATH when there are none.
[[nodiscard]] std::optional<std::filesystem::path> find_tool(const Tools& tools, std::string_view name);

// Runs the program with `input` on stdin, in our network namespace and the C locale, and returns its stdout. An exit
// code other than 0 is an Error with the first line of its stderr; after `tools.limit` it is killed.
[[nodiscard]] Result<std::string> run_tool(const Tools& tools, const std::filesystem::path& program,
                                           const std::vector<std::string>& arguments, std::string_view input = {});

}  // namespace sp::takeover
