// SPDX-License-Identifier: Apache-2.0
// JsonWriter: writes one JSON text (RFC 8259) on one line, commas and escapes included.
//
// The caller closes what it opens and gives each member a key; nothing checks that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sp {

class JsonWriter {
 public:
  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);
  void string(std::string_view value);
  void number(std::uint64_t value);
  void boolean(bool value);
  // A finished JSON text: null, or a number with a sign or a fraction.
  void raw(std::string_view json);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void start_value();
  void quote(std::string_view value);

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace sp
