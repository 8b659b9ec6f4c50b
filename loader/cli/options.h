// SPDX-License-Identifier: Apache-2.0
// Options of the command line that more than one subcommand needs.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "loader/util/closest.h"

namespace sp::cli {

template <typename Value>
CLI::Validator one_of(const std::map<std::string, Value>& words) {
  std::vector<std::string> known;
  for (const auto& [word, value] : words) {
    known.push_back(word);
  }
  return CLI::Validator(
      [known](std::string& given) {
        if (std::find(known.begin(), known.end(), given) != known.end()) {
          return std::string();
        }
        const auto meant = closest(given, known);
        return "'" + given + "' is unknown: " +
               (meant ? "did you mean " + *meant + "?" : fmt::format("expected one of {}", fmt::join(known, ", ")));
      },
      "", "");
}

// An option whose words stand for values.
template <typename Value>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Value& into, const std::map<std::string, Value>& words,
                        const std::string& help) {
  return app
      .add_option_function<std::string>(
          name, [&into, words](const std::string& word) { into = words.at(word); }, help)
      ->check(one_of(words));
}

inline void add_pin_path(CLI::App& app, std::filesystem::path& pin_path) {
  app.add_option("--pin-path", pin_path, "Where maps and links are pinned")
      ->option_text("DIR [" SP_DEFAULT_PIN_PATH "]");
}

}  // namespace sp::cli
