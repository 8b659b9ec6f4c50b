// SPDX-License-Identifier: Apache-2.0
// ListSplitter: the items of a List (JSON), each as soon as its last byte is there. Holds one item and what stands
// around the items, so a list of any length costs little memory, in pages or not. No I/O.
//
// Finds where items begin and end, and no more: whether they are JSON is for the parser to say, and so is what finish()
// returns, the list without its items.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "loader/kube/json_marks.h"
#include "loader/util/result.h"

namespace sp::kube {

class ListSplitter {
 public:
  using Take = std::function<Result<void>(std::string&)>;

  // An item that is longer than `max_item_bytes` is an error.
  explicit ListSplitter(std::size_t max_item_bytes) : max_item_bytes_(max_item_bytes) {}

  // Calls `take` for every item that `chunk` completes; its error ends the work.
  [[nodiscard]] Result<void> feed(std::string_view chunk, const Take& take);
  // After the last chunk: {"kind":"ServiceList","metadata":{...},"items":[]}. Fails when the list is not whole.
  [[nodiscard]] Result<std::string> finish();

 private:
  enum class Stage { envelope, before_item, item, after_item };

  [[nodiscard]] std::size_t item_length(std::string_view chunk);
  [[nodiscard]] std::size_t take_string(std::string_view chunk);
  [[nodiscard]] Result<void> take_between(char c);
  [[nodiscard]] Result<void> take_envelope(char c);
  [[nodiscard]] Result<std::size_t> take_item(std::string_view chunk, const Take& take);
  [[nodiscard]] bool at_items() const;

  std::size_t max_item_bytes_;
  Stage stage_ = Stage::envelope;
  bool in_string_ = false;  // of the envelope
  bool escaped_ = false;    // the next character of the string means itself
  bool first_item_ = true;
  std::size_t depth_ = 0;       // of the envelope
  std::size_t around_ = 0;      // bytes that are of no item, since the last one
  std::size_t item_depth_ = 0;  // within an item
  StringMask item_strings_;
  std::string envelope_;
  std::string item_;
};

}  // namespace sp::kube
