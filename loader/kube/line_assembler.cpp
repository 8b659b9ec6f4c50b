// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/line_assembler.h"

#include <algorithm>

namespace sp::kube {
namespace {

// The buffer of a longer line is given back.
constexpr std::size_t kKeptBytes = std::size_t{256} << 10;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

Result<void> LineAssembler::feed(std::string_view chunk, const Take& take) {
  while (!chunk.empty()) {
    const std::size_t length = std::min(chunk.find('\n'), chunk.size());
    if (line_.size() + length > max_bytes_) {
      return Error{0, "a line is longer than " + std::to_string(max_bytes_) + " bytes"};
    }
    line_.append(chunk.substr(0, length));
    if (length == chunk.size()) {
      break;
    }
    chunk.remove_prefix(length + 1);
    if (!is_blank(line_)) {
      SP_TRY(take(line_));
    }
    line_.clear();
    if (line_.capacity() > kKeptBytes) {
      line_.shrink_to_fit();
    }
  }
  return {};
}

}  // namespace sp::kube
