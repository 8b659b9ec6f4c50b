// SPDX-License-Identifier: Apache-2.0
#include "loader/cli/proxy_flags.h"

#include <algorithm>

#include "loader/proxy/fields.h"
#include "loader/proxy/verdicts.h"

namespace sp::cli {
namespace {

constexpr std::size_t kHelpColumns = 100;

CLI::Option* add_flag(CLI::App& run, const proxy::Setting& setting, std::vector<proxy::GivenFlag>& given) {
  const std::string flag(setting.flag);
  const CLI::callback_t keep = [&given, flag](const CLI::results_t& texts) {
    for (const std::string& text : texts) {
      given.push_back({flag, text});
    }
    return true;
  };
  const bool has_value = setting.takes == proxy::Takes::value;
  const std::string name = flag.size() == 1 ? "-" + flag + ",--" + flag : "--" + flag;
  return run.add_option(name, keep, std::string(setting.effect))
      ->expected(has_value ? 1 : 0)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->option_text(has_value ? "VALUE" : " ");
}

// Wrapped, each line with the indentation of the help.
std::string paragraph(const std::string& title, const std::vector<std::string>& words) {
  std::string text = "\n" + title + ":\n ";
  std::size_t column = 1;
  for (const std::string& word : words) {
    if (column + word.size() + 1 > kHelpColumns) {
      text += "\n ";
      column = 1;
    }
    text += " " + word;
    column += word.size() + 1;
  }
  return text;
}

}  // namespace

void add_proxy_flags(CLI::App& run, std::vector<proxy::GivenFlag>& given) {
  std::vector<std::string> ignored;
  std::vector<std::string> refused;
  for (const proxy::Setting& setting : proxy::settings()) {
    const std::string name = "--" + std::string(setting.flag);
    if (setting.flag.empty() || run.get_option_no_throw(name) != nullptr) {
      continue;
    }
    CLI::Option* const option = add_flag(run, setting, given);
    // One line each would bury the options that do something.
    if (setting.verdict == proxy::Verdict::supported) {
      option->group("As kube-proxy has them");
    } else {
      option->group("");
      (setting.verdict == proxy::Verdict::refused ? refused : ignored).push_back(name);
    }
  }
  run.footer(paragraph("Accepted and ignored", ignored) + "\n" + paragraph("Refused, because of Windows", refused) +
             "\n\nA KubeProxyConfiguration in --config replaces most of kube-proxy's flags: see "
             "docs/kube-proxy-flags.md.");
}

CLI::Option* add_switch(CLI::App& app, const std::string& name, bool& into, const std::string& help) {
  const CLI::callback_t read = [&into, name](const CLI::results_t& texts) {
    const auto value = proxy::read_text(&into, texts.back());
    if (!value) {
      throw CLI::ValidationError(name, value.error().text());
    }
    return true;
  };
  return app.add_option(name, read, help)
      ->expected(0)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->option_text(" ");
}

std::vector<std::string> plain_words(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word.starts_with("-v=")) {
      word.insert(0, "-");
    }
    const bool option = word.starts_with("--");
    const std::size_t equals = std::min(word.find('='), word.size());
    if (option) {
      std::replace(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals), '_', '-');
    }
    if (option && equals + 1 == word.size()) {
      words.push_back(word.substr(0, equals));
      words.emplace_back();
    } else {
      words.push_back(std::move(word));
    }
  }
  return words;
}

}  // namespace sp::cli
