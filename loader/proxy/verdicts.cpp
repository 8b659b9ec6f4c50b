// SPDX-License-Identifier: Apache-2.0
#include "loader/proxy/verdicts.h"

#include <algorithm>
#include <sstream>

#include "loader/proxy/fields.h"

namespace sp::proxy {
namespace {

// Calls `found` with each field of a verdict that differs from its default.
template <typename Found>
void changed_fields(ProxyConfig config, Verdict verdict, Found found) {
  ProxyConfig defaults;
  complete(defaults);
  const std::vector<Field> unset = fields(defaults);
  const std::vector<Field> set = fields(config);
  for (const Setting& setting : settings()) {
    for (const std::string& path : paths_of(setting)) {
      const std::string value = shown(find_field(set, path)->slot);
      if (setting.verdict == verdict && value != shown(find_field(unset, path)->slot)) {
        found(setting, path, value);
      }
    }
  }
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::supported:
      return "supported";
    case Verdict::ignored:
      return "ignored";
    case Verdict::silent:
      return "ignored silently";
    case Verdict::refused:
      break;
  }
  return "refused";
}

const Setting* find_setting(std::string_view flag) {
  const auto all = settings();
  const auto found =
      std::find_if(all.begin(), all.end(), [flag](const Setting& setting) { return setting.flag == flag; });
  return found == all.end() || flag.empty() ? nullptr : &*found;
}

std::vector<std::string> paths_of(const Setting& setting) {
  std::istringstream words{std::string(setting.fields)};
  std::vector<std::string> paths;
  for (std::string path; words >> path;) {
    paths.push_back(path);
  }
  return paths;
}

std::vector<std::string> ignored(const ProxyConfig& config, const std::vector<GivenFlag>& flags) {
  std::vector<std::string> lines;
  changed_fields(config, Verdict::ignored,
                 [&lines](const Setting& setting, const std::string& path, const std::string& value) {
                   lines.push_back("accepted and ignored: " + path + "=" + value + ": " + std::string(setting.effect));
                 });
  for (const GivenFlag& given : flags) {
    const Setting* const setting = find_setting(given.flag);
    if (setting != nullptr && setting->verdict == Verdict::ignored && setting->fields.empty()) {
      lines.push_back("accepted and ignored: --" + given.flag + ": " + std::string(setting->effect));
    }
  }
  return lines;
}

std::vector<std::string> refused(const ProxyConfig& config) {
  std::vector<std::string> lines;
  changed_fields(config, Verdict::refused,
                 [&lines](const Setting& setting, const std::string& path, const std::string& value) {
                   lines.push_back(path + ": is " + value + ": " + std::string(setting.effect));
                 });
  return lines;
}

}  // namespace sp::proxy
