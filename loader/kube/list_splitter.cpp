// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/list_splitter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace sp::kube {
namespace {

constexpr std::size_t kMaxEnvelopeBytes = std::size_t{1} << 20;
// The buffer of a longer item is given back.
constexpr std::size_t kKeptBytes = std::size_t{256} << 10;
constexpr std::string_view kItems = "\"items\"";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string_view without_blanks_at_end(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// What of `text` is a block; zeroes after its end.
JsonMarks first_marks(std::string_view text) {
  if (text.size() >= JsonMarks::kBytes) {
    return marks_of(text.data());
  }
  std::array<char, JsonMarks::kBytes> block{};
  std::memcpy(block.data(), text.data(), text.size());
  return marks_of(block.data());
}

}  // namespace

// Length of the part of `chunk` that belongs to the string that is open.
std::size_t ListSplitter::take_string(std::string_view chunk) {
  std::size_t pos = 0;
  while (pos < chunk.size()) {
    if (escaped_) {
      escaped_ = false;
      ++pos;
      continue;
    }
    const char c = chunk[pos++];
    if (c == '"') {
      in_string_ = false;
      return pos;
    }
    escaped_ = c == '\\';
  }
  return pos;
}

// The envelope so far is `... "items" :`, of the outermost object.
bool ListSplitter::at_items() const {
  std::string_view text = without_blanks_at_end(envelope_);
  if (depth_ != 1 || !text.ends_with(':')) {
    return false;
  }
  text.remove_suffix(1);
  text = without_blanks_at_end(text);
  return text.ends_with(kItems) && !text.substr(0, text.size() - kItems.size()).ends_with('\\');
}

Result<void> ListSplitter::take_envelope(char c) {
  if (depth_ == 0 && !is_blank(c) && (c != '{' || !envelope_.empty())) {
    return Error{0, envelope_.empty() ? "is no JSON object" : "goes on after its end"};
  }
  if (c == '[' && at_items()) {
    stage_ = Stage::before_item;
    first_item_ = true;
  } else if (c == '{' || c == '[') {
    ++depth_;
  } else if (c == '}' || c == ']') {
    --depth_;
  } else if (c == '"') {
    in_string_ = true;
  }
  if (!is_blank(c) || depth_ > 0) {
    envelope_ += c;
  }
  return {};
}

Result<void> ListSplitter::take_between(char c) {
  if (is_blank(c)) {
    return {};
  }
  if (c == ']' && (first_item_ || stage_ == Stage::after_item)) {
    stage_ = Stage::envelope;
    envelope_ += c;
  } else if (c == ',' && stage_ == Stage::after_item) {
    stage_ = Stage::before_item;
  } else if (c == '{' && stage_ == Stage::before_item) {
    stage_ = Stage::item;
    first_item_ = false;
    item_depth_ = 0;
    item_strings_ = {};
  } else {
    return Error{0, "has items that are no JSON objects"};
  }
  return {};
}

// Length of the part of `chunk` that belongs to the item. The item is whole when its depth is 0 then.
std::size_t ListSplitter::item_length(std::string_view chunk) {
  for (std::size_t pos = 0; pos < chunk.size(); pos += JsonMarks::kBytes) {
    const JsonMarks marks = first_marks(chunk.substr(pos));
    const std::uint64_t inside = item_strings_.next(marks, std::min(JsonMarks::kBytes, chunk.size() - pos));
    const std::uint64_t closes = marks.closes & ~inside;
    const std::uint64_t opens = marks.opens & ~inside;
    const auto closed = static_cast<std::size_t>(std::popcount(closes));
    if (closed < item_depth_) {
      item_depth_ += static_cast<std::size_t>(std::popcount(opens)) - closed;
      continue;
    }
    // The end may be in here: bracket by bracket.
    for (std::uint64_t brackets = opens | closes; brackets != 0; brackets &= brackets - 1) {
      item_depth_ += (brackets & -brackets & opens) != 0 ? 1 : std::size_t{0} - 1;
      if (item_depth_ == 0) {
        return pos + static_cast<std::size_t>(std::countr_zero(brackets)) + 1;
      }
    }
  }
  return chunk.size();
}

// Takes what of `chunk` belongs to the item, the first '{' included, and returns its length.
Result<std::size_t> ListSplitter::take_item(std::string_view chunk, const Take& take) {
  const std::size_t pos = item_length(chunk);
  if (item_.size() + pos > max_item_bytes_) {
    return Error{0, "has an item that is longer than " + std::to_string(max_item_bytes_) + " bytes"};
  }
  item_.append(chunk.substr(0, pos));
  if (item_depth_ == 0) {
    stage_ = Stage::after_item;
    SP_TRY(take(item_));
    item_.clear();
    if (item_.capacity() > kKeptBytes) {
      item_.shrink_to_fit();
    }
  }
  return pos;
}

Result<void> ListSplitter::feed(std::string_view chunk, const Take& take) {
  std::size_t pos = 0;
  while (pos < chunk.size()) {
    const std::size_t begin = pos;
    if (stage_ == Stage::item) {
      SP_TRY_ASSIGN(length, take_item(chunk.substr(pos), take));
      pos += length;
    } else if (stage_ != Stage::envelope) {
      SP_TRY(take_between(chunk[pos]));
      pos += stage_ == Stage::item ? 0 : 1;  // take_item() wants the '{' that began it
    } else if (in_string_) {
      const std::size_t length = take_string(chunk.substr(pos));
      envelope_.append(chunk.substr(pos, length));
      pos += length;
    } else {
      SP_TRY(take_envelope(chunk[pos++]));
    }
    // Blanks, too: they take no memory, but compressed there may be no end of them.
    around_ = stage_ == Stage::item ? 0 : around_ + pos - begin;
    if (around_ > kMaxEnvelopeBytes || envelope_.size() > kMaxEnvelopeBytes) {
      return Error{0, "has more than " + std::to_string(kMaxEnvelopeBytes) + " bytes around its items"};
    }
  }
  return {};
}

Result<std::string> ListSplitter::finish() {
  if (stage_ != Stage::envelope || in_string_ || depth_ != 0 || envelope_.empty()) {
    return Error{0, "ends before it is whole"};
  }
  return std::move(envelope_);
}

}  // namespace sp::kube
