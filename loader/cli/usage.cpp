// SPDX-License-Identifier: Apache-2.0
#include "loader/cli/usage.h"

#include <spdlog/fmt/fmt.h>

#include <vector>

#include "loader/util/closest.h"

namespace sp::cli {
namespace {

// More than these are no answer but a page: that is what --help is for.
constexpr std::size_t kListedWords = 20;

// The words that would have been accepted where `word` stood.
std::vector<std::string> known_words(const CLI::App& app, const std::string& word) {
  std::vector<std::string> known;
  if (word.starts_with("-")) {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        known.push_back("--" + name);
      }
      for (const std::string& name : option->get_snames()) {
        known.push_back("-" + name);
      }
    }
  } else {
    for (const CLI::App* subcommand : app.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(subcommand->get_name());
    }
  }
  return known;
}

std::string unknown_word(const CLI::App& app, const std::string& given) {
  const std::string word = given.substr(0, given.find('='));
  const std::vector<std::string> known = known_words(app, word);
  const std::string what = word.starts_with("-") ? "unknown option "
                           : known.empty()       ? "unexpected word "
                                                 : "unknown command ";
  if (const auto meant = closest(word, known)) {
    return what + word + ": did you mean " + *meant + "?";
  }
  if (known.size() > kListedWords) {
    return what + word;
  }
  return what + word + (known.empty() ? "" : fmt::format(": expected one of {}", fmt::join(known, ", ")));
}

}  // namespace

Message usage(const std::string& command, const std::string& reason) {
  return {kUsage, command + ": " + reason + "\nTry '" + command + " --help'.\n"};
}

Message usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  const CLI::App& where = chosen.empty() ? app : *chosen.front();
  const std::string command = "sallyport" + (chosen.empty() ? "" : " " + where.get_name());
  // A word that nobody knows explains what is missing ("--manifest DIR"), so it comes first.
  const std::vector<std::string> extra = app.remaining(true);
  std::string reason = extra.empty() ? std::string(error.what()) : unknown_word(where, extra.front());
  if (extra.empty() && chosen.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    reason = "a command is missing: expected run, status, get or cleanup";
  }
  if (extra.empty() && where.get_name() == "get" && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    reason = "what to print is missing: expected devices, frontends, services, backends or flows";
  }
  return usage(command, reason);
}

}  // namespace sp::cli
