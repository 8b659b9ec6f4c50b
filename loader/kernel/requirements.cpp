// SPDX-License-Identifier: Apache-2.0
// Kernel version and privileges.
#include "loader/kernel/requirements.h"

#include <spdlog/fmt/fmt.h>
#include <sys/utsname.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

namespace sp::kernel {
namespace {

// Debian 12's kernel: the oldest that the verifier tests load the programs on.
constexpr std::pair<unsigned, unsigned> kOldestKernel{6, 1};

std::optional<std::pair<unsigned, unsigned>> parse_release(std::string_view release) {
  std::pair<unsigned, unsigned> version;
  const char* const end = release.data() + release.size();
  const auto major = std::from_chars(release.data(), end, version.first);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
  if (std::from_chars(major.ptr + 1, end, version.second).ec != std::errc{}) return std::nullopt;
  return version;
}

}  // namespace

Result<void> check_kernel_release(std::string_view release) {
  const auto version = parse_release(release);
  if (version && *version >= kOldestKernel) return {};
  return Error{0, fmt::format("kernel {} is too old: {}.{} or newer is needed", release, kOldestKernel.first,
                              kOldestKernel.second)};
}

Result<void> check_running_kernel() {
  utsname name{};
  if (::uname(&name) != 0) return errno_error(errno, "ask for the kernel's version (uname)");
  return check_kernel_release(name.release);
}

Error explain_privileges(Error error) {
  if (error.err != EPERM && error.err != EACCES) return error;
  error.what =
      "privileges are missing: run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (" + error.what + ")";
  return error;
}

}  // namespace sp::kernel
