// SPDX-License-Identifier: Apache-2.0
// Values of fields: from YAML, from a flag, and back.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

#include "loader/proxy/fields.h"
#include "loader/proxy/go_duration.h"
#include "loader/util/json.h"

namespace sp::proxy {
namespace {

using source::Value;

template <typename Number>
std::optional<Number> parse_number(const std::string& text) {
  Number number{};
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), number);
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(number)) {
      return std::nullopt;
    }
  }
  return err == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

bool is_word(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// The words of Go's flags and those of YAML 1.1, which kube-proxy's reader takes in a file.
std::optional<bool> parse_bool(const std::string& text) {
  if (is_word(text, {"true", "True", "TRUE", "t", "T", "1", "yes", "Yes", "YES", "on", "On", "ON"})) {
    return true;
  }
  if (is_word(text, {"false", "False", "FALSE", "f", "F", "0", "no", "No", "NO", "off", "Off", "OFF"})) {
    return false;
  }
  return std::nullopt;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// What each kind of slot takes, for messages.
struct Expected {
  std::string operator()(const bool*) const { return "true or false"; }
  std::string operator()(const std::int32_t*) const { return "a whole number"; }
  std::string operator()(const std::uint32_t*) const { return "a whole number from 0"; }
  std::string operator()(const float*) const { return "a number"; }
  std::string operator()(const Duration*) const { return "a duration such as 30s or 1h0m0s"; }
  std::string operator()(const FlushFrequency&) const { return "a duration such as 5s, or a number of nanoseconds"; }
  std::string operator()(const std::string*) const { return "a text"; }
  std::string operator()(const std::vector<std::string>*) const { return "a list of texts"; }
  std::string operator()(const std::map<std::string, bool>*) const { return "names with true or false"; }
  std::string operator()(const std::vector<VModule>*) const { return "file patterns with a whole number from 0 each"; }
};

Error refuse(const Slot& slot, const std::string& given) {
  return Error{0, "is " + given + ": expected " + std::visit(Expected{}, slot)};
}

template <typename T>
Result<void> store(const Slot& slot, T& into, const std::optional<T>& value, const std::string& given) {
  if (!value) {
    return refuse(slot, "'" + given + "'");
  }
  into = *value;
  return {};
}

// One name=value pair of a flag.
struct Pair {
  std::string name;
  std::string value;
};
std::optional<Pair> parse_pair(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return std::nullopt;
  }
  return Pair{text.substr(0, equals), text.substr(equals + 1)};
}

// Stores a scalar, or what a flag says.
struct TextReader {
  const Slot& slot;
  const std::string& text;

  Result<void> operator()(bool* into) const { return store(slot, *into, parse_bool(text), text); }
  Result<void> operator()(std::int32_t* into) const {
    return store(slot, *into, parse_number<std::int32_t>(text), text);
  }
  Result<void> operator()(std::uint32_t* into) const {
    return store(slot, *into, parse_number<std::uint32_t>(text), text);
  }
  Result<void> operator()(float* into) const { return store(slot, *into, parse_number<float>(text), text); }
  Result<void> operator()(Duration* into) const { return store(slot, *into, parse_go_duration(text), text); }
  Result<void> operator()(const FlushFrequency& into) const {
    const auto number = parse_number<std::int64_t>(text);
    return store(slot, *into.span, number ? std::optional(Duration(*number)) : parse_go_duration(text), text);
  }
  Result<void> operator()(std::string* into) const {
    *into = text;
    return {};
  }
  Result<void> operator()(std::vector<std::string>* into) const {
    for (const std::string& part : split(text, ',')) {
      if (!part.empty()) {
        into->push_back(part);
      }
    }
    return {};
  }
  Result<void> operator()(std::map<std::string, bool>* into) const {
    for (const std::string& part : split(text, ',')) {
      const auto pair = parse_pair(part);
      const auto value = pair ? parse_bool(pair->value) : std::nullopt;
      if (!value && !part.empty()) {
        return refuse(slot, "'" + text + "'");
      }
      if (value) {
        (*into)[pair->name] = *value;
      }
    }
    return {};
  }
  Result<void> operator()(std::vector<VModule>* into) const {
    for (const std::string& part : split(text, ',')) {
      const auto pair = parse_pair(part);
      const auto value = pair ? parse_number<std::uint32_t>(pair->value) : std::nullopt;
      if (!value && !part.empty()) {
        return refuse(slot, "'" + text + "'");
      }
      if (value) {
        into->push_back({pair->name, *value});
      }
    }
    return {};
  }
};

// Lists and maps of a file; the caller has dealt with scalars.
struct TreeReader {
  const Slot& slot;
  const Value& value;

  template <typename Scalar>
  Result<void> operator()(Scalar) const {
    return refuse(slot, shown(value));
  }
  Result<void> operator()(std::vector<std::string>* into) const {
    if (value.kind != Value::Kind::list) {
      return refuse(slot, shown(value));
    }
    std::vector<std::string> list;
    for (const Value& item : value.items) {
      if (item.kind != Value::Kind::scalar) {
        return refuse(slot, shown(item) + " in a list");
      }
      list.push_back(item.text);
    }
    *into = std::move(list);
    return {};
  }
  Result<void> operator()(std::map<std::string, bool>* into) const {
    if (value.kind != Value::Kind::map) {
      return refuse(slot, shown(value));
    }
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      const auto set = value.items[i].quoted ? std::nullopt : parse_bool(value.items[i].text);
      if (!set) {
        return Error{0, value.keys[i] + " is " + shown(value.items[i]) + ": expected true or false"};
      }
      (*into)[value.keys[i]] = *set;
    }
    return {};
  }
  Result<void> operator()(std::vector<VModule>* into) const {
    if (value.kind != Value::Kind::list) {
      return refuse(slot, shown(value));
    }
    std::vector<VModule> list;
    for (const Value& item : value.items) {
      const Value* const pattern = item.find("filePattern");
      const Value* const verbosity = item.find("verbosity");
      const auto level = verbosity != nullptr ? parse_number<std::uint32_t>(verbosity->text) : std::nullopt;
      if (pattern == nullptr || !level) {
        return Error{0, "has " + shown(item) + ": expected a mapping with filePattern and verbosity"};
      }
      list.push_back({pattern->text, *level});
    }
    *into = std::move(list);
    return {};
  }
};

}  // namespace

Result<void> read_text(const Slot& slot, const std::string& text) {
  return std::visit(TextReader{slot, text}, slot);
}

Result<void> read_value(const Slot& slot, const Value& value) {
  if (value.kind == Value::Kind::null) {
    return {};
  }
  const bool tree = std::holds_alternative<std::vector<std::string>*>(slot) ||
                    std::holds_alternative<std::map<std::string, bool>*>(slot) ||
                    std::holds_alternative<std::vector<VModule>*>(slot);
  if (tree || value.kind != Value::Kind::scalar) {
    return std::visit(TreeReader{slot, value}, slot);
  }
  const bool number = std::holds_alternative<bool*>(slot) || std::holds_alternative<std::int32_t*>(slot) ||
                      std::holds_alternative<std::uint32_t*>(slot) || std::holds_alternative<float*>(slot);
  // kube-proxy refuses "14" and "true" in quotes too.
  return number && value.quoted ? refuse(slot, "the text \"" + value.text.substr(0, 60) + "\"")
                                : read_text(slot, value.text);
}

}  // namespace sp::proxy
