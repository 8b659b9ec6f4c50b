// SPDX-License-Identifier: Apache-2.0
#include "loader/util/json.h"

#include <spdlog/fmt/fmt.h>

namespace sp {

void JsonWriter::start_value() {
  if (needs_comma_) text_ += ',';
  needs_comma_ = true;
}

void JsonWriter::begin_object() {
  start_value();
  text_ += '{';
  needs_comma_ = false;
}

void JsonWriter::end_object() {
  text_ += '}';
  needs_comma_ = true;
}

void JsonWriter::begin_array() {
  start_value();
  text_ += '[';
  needs_comma_ = false;
}

void JsonWriter::end_array() {
  text_ += ']';
  needs_comma_ = true;
}

void JsonWriter::key(std::string_view name) {
  start_value();
  quote(name);
  text_ += ':';
  needs_comma_ = false;
}

void JsonWriter::string(std::string_view value) {
  start_value();
  quote(value);
}

void JsonWriter::number(std::uint64_t value) {
  start_value();
  text_ += std::to_string(value);
}

void JsonWriter::boolean(bool value) {
  start_value();
  text_ += value ? "true" : "false";
}

void JsonWriter::raw(std::string_view json) {
  start_value();
  text_ += json;
}

void JsonWriter::quote(std::string_view value) {
  text_ += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (byte < 0x20) {
      text_ += fmt::format("\\u{:04x}", byte);
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

}  // namespace sp
