// SPDX-License-Identifier: Apache-2.0
#include "loader/access/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "loader/util/fd.h"

namespace sp::access {
namespace {

constexpr std::size_t kMaxBytes = 4UL * 1024 * 1024;

}  // namespace

Result<std::string> read_text_file(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) {
    return errno_error(errno, path.string() + ": cannot be read");
  }
  std::string text;
  std::array<char, 16384> piece{};
  for (;;) {
    const ssize_t count = ::read(fd.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return errno_error(errno, path.string() + ": cannot be read");
    }
    if (count == 0) {
      return text;
    }
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > kMaxBytes) {
      return Error{0, path.string() + ": has more than 4 MiB: is it the right file"};
    }
  }
}

}  // namespace sp::access
