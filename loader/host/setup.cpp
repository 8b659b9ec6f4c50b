// SPDX-License-Identifier: Apache-2.0
// Small numbers in small files.
#include "loader/host/setup.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "loader/kernel/pin.h"
#include "loader/util/fd.h"

namespace sp::host {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNetfilter = "proc/sys/net/netfilter/";
constexpr const char* kHashSize = "sys/module/nf_conntrack/parameters/hashsize";
constexpr std::uint64_t kEntriesPerBucket = 4;

// The name that people know: net.netfilter.nf_conntrack_max, or the path where it is no sysctl.
std::string name_of(const Setting& setting) {
  constexpr std::string_view kSysctls = "proc/sys/";
  if (!setting.file.starts_with(kSysctls)) return "/" + setting.file;
  std::string name = setting.file.substr(kSysctls.size());
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

Result<std::uint64_t> read_number(const fs::path& file) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, "read");
  std::array<char, 32> text{};
  const ssize_t count = ::read(fd.get(), text.data(), text.size());
  if (count < 0) return errno_error(errno, "read");
  std::uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + count, value).ec != std::errc()) return Error{EINVAL, "read"};
  return value;
}

// One write, as the kernel wants it; the error comes with it, which a stream would swallow.
Result<void> write_number(const fs::path& file, std::int64_t value) {
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, "write");
  const std::string text = std::to_string(value);
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return errno_error(errno, "write");
  }
  return {};
}

bool satisfied(const Setting& setting, std::uint64_t value) {
  return setting.rule == Setting::Rule::exactly ? value == setting.value : value >= setting.value;
}

void make(const Setting& setting, const fs::path& root, Outcome& outcome) {
  const fs::path file = root / setting.file;
  const auto before = read_number(file);
  if (before && satisfied(setting, *before)) return;
  const auto written =
      before ? write_number(file, static_cast<std::int64_t>(setting.value)) : Result<void>(before.error());
  if (written) {
    outcome.changed.push_back(fmt::format("{} = {} (was {})", name_of(setting), setting.value, *before));
  } else {
    (setting.optional ? outcome.warnings : outcome.errors)
        .push_back(
            fmt::format("{} cannot be set to {}: {}: set it on the host, or let the configuration leave it alone (0)",
                        name_of(setting), setting.value, written.error().text()));
  }
}

}  // namespace

std::vector<Setting> conntrack_settings(const Conntrack& conntrack) {
  std::vector<Setting> settings;
  const auto add = [&settings](const char* name, std::uint64_t value) {
    settings.push_back({.file = std::string(kNetfilter) + name, .value = value});
  };
  const auto add_seconds = [&add](const char* name, const std::optional<std::chrono::seconds>& seconds) {
    if (seconds && seconds->count() > 0) add(name, static_cast<std::uint64_t>(seconds->count()));
  };
  if (conntrack.max) {
    add("nf_conntrack_max", *conntrack.max);
    settings.push_back({.file = kHashSize,
                        .value = *conntrack.max / kEntriesPerBucket,
                        .rule = Setting::Rule::at_least,
                        .optional = true});
  }
  add_seconds("nf_conntrack_tcp_timeout_established", conntrack.tcp_established);
  add_seconds("nf_conntrack_tcp_timeout_close_wait", conntrack.tcp_close_wait);
  if (conntrack.tcp_be_liberal) add("nf_conntrack_tcp_be_liberal", 1);
  add_seconds("nf_conntrack_udp_timeout", conntrack.udp);
  add_seconds("nf_conntrack_udp_timeout_stream", conntrack.udp_stream);
  return settings;
}

Outcome apply_settings(const std::vector<Setting>& settings, const fs::path& root) {
  Outcome outcome;
  std::error_code ignored;
  outcome.without_conntrack = !fs::exists(root / kNetfilter / "nf_conntrack_max", ignored);
  for (const Setting& setting : settings) {
    const bool of_conntrack = setting.file.find("nf_conntrack") != std::string::npos;
    // Single files may be there all the same, where a container shows a part of /proc.
    if (of_conntrack && outcome.without_conntrack && !fs::exists(root / setting.file, ignored)) continue;
    make(setting, root, outcome);
  }
  return outcome;
}

Result<void> set_oom_score(int score, const fs::path& root) {
  const auto written = write_number(root / "proc/self/oom_score_adj", score);
  if (written) return {};
  return Error{written.error().err,
               fmt::format("oomScoreAdj {}: /proc/self/oom_score_adj: write (below the present value it takes "
                           "CAP_SYS_RESOURCE)",
                           score)};
}

Outcome init(const std::vector<Setting>& settings, const fs::path& pin_path, const fs::path& root) {
  Outcome outcome = apply_settings(settings, root);
  if (const auto made = kernel::make_pin_directory(pin_path); !made) outcome.errors.push_back(made.error().text());
  return outcome;
}

}  // namespace sp::host
