// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/selector.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace sp::fake_api {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

// Letters, digits, '-', '_' and '.', with a letter or digit at both ends; at most 63.
bool is_label_part(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), is_word) &&
         std::isalnum(static_cast<unsigned char>(text.front())) != 0 &&
         std::isalnum(static_cast<unsigned char>(text.back())) != 0;
}

// "name" or "dns.prefix/name"
bool is_label_key(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_label_part(text);
  const std::string_view prefix = text.substr(0, slash);
  const bool dns = !prefix.empty() && prefix.size() <= 253 && std::all_of(prefix.begin(), prefix.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0 || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
  });
  return dns && is_label_part(text.substr(slash + 1));
}

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

class LabelSelector::Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<LabelSelector> parse() {
    LabelSelector selector;
    skip_blanks();
    if (rest_.empty()) return selector;
    while (true) {
      SP_TRY_ASSIGN(requirement, parse_requirement());
      selector.requirements_.push_back(std::move(requirement));
      skip_blanks();
      if (rest_.empty()) return selector;
      if (!take(",")) return wrong("found '" + std::string(rest_) + "', expected: ',' or 'end of string'");
    }
  }

 private:
  Result<Requirement> parse_requirement() {
    Requirement result;
    skip_blanks();
    const bool absent = take("!");
    result.key = word();
    if (result.key.empty())
      return wrong("found '" + std::string(rest_) + "', expected: !, identifier, or 'end of string'");
    if (!is_label_key(result.key)) return wrong("invalid label key \"" + result.key + "\"");
    skip_blanks();
    result.test = absent ? Test::absent : Test::exists;
    if (rest_.empty() || rest_.front() == ',') return result;
    if (absent) return wrong("found '" + std::string(rest_) + "', expected: ',' or 'end of string'");
    SP_TRY(parse_test(result));
    for (const std::string& value : result.values) {
      if (!value.empty() && !is_label_part(value)) return wrong("invalid label value \"" + value + "\"");
    }
    return result;
  }

  Result<void> parse_test(Requirement& result) {
    if (take("==") || take("=")) {
      result.test = Test::in;
    } else if (take("!=")) {
      result.test = Test::not_in;
    } else if (take(">") || rest_.front() == '<') {
      result.test = take("<") ? Test::less : Test::greater;
    } else {
      const std::string verb = word();
      if (verb != "in" && verb != "notin") return wrong("found '" + verb + "', expected: in, notin, =, ==, !=, gt, lt");
      result.test = verb == "in" ? Test::in : Test::not_in;
      return parse_set(result);
    }
    skip_blanks();
    result.values.push_back(word());
    const bool compares = result.test == Test::greater || result.test == Test::less;
    if (compares && !number(result.values[0])) return wrong("for 'Gt', 'Lt' operators, the value must be an integer");
    return {};
  }

  Result<void> parse_set(Requirement& result) {
    skip_blanks();
    if (!take("(")) return wrong("found '" + std::string(rest_) + "' expected: '('");
    do {
      skip_blanks();
      result.values.push_back(word());
      skip_blanks();
    } while (take(","));
    if (!take(")")) return wrong("found '" + std::string(rest_) + "', expected: ',', or ')'");
    return {};
  }

  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  bool take(std::string_view token) {
    if (rest_.substr(0, token.size()) != token) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  std::string word() {
    std::size_t length = 0;
    while (length < rest_.size() && (is_word(rest_[length]) || rest_[length] == '/')) ++length;
    std::string result(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return result;
  }
  static Error wrong(const std::string& why) { return Error{0, "unable to parse requirement: " + why}; }

  std::string_view rest_;
};

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  return Parser(text).parse();
}

bool LabelSelector::Requirement::matches(const Json& labels) const {
  const auto found = labels.is_object() ? labels.find(key) : labels.end();
  const bool present = labels.is_object() && found != labels.end();
  if (test == Test::exists) return present;
  if (test == Test::absent) return !present;
  const std::string value = present && found->is_string() ? found->get<std::string>() : "";
  if (test == Test::in) return present && std::find(values.begin(), values.end(), value) != values.end();
  if (test == Test::not_in) return !present || std::find(values.begin(), values.end(), value) == values.end();
  const std::optional<std::int64_t> left = number(value);
  if (!left) return false;
  return test == Test::greater ? *left > *number(values[0]) : *left < *number(values[0]);
}

bool LabelSelector::matches(const Json& object) const {
  static const Json none = Json::object();
  const Json::json_pointer at("/metadata/labels");
  const Json& labels = object.contains(at) ? object.at(at) : none;
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&labels](const Requirement& requirement) { return requirement.matches(labels); });
}

namespace {

// Up to the next comma that no backslash escapes.
std::string_view next_term(std::string_view& rest) {
  std::size_t end = 0;
  while (end < rest.size() && rest[end] != ',') end += rest[end] == '\\' ? 2 : 1;
  end = std::min(end, rest.size());
  const std::string_view term = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return term;
}

Result<std::string> unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=') return Error{0, "invalid field selector: unescaped character in value: ="};
    if (text[i] == '\\') {
      if (++i == text.size() || std::string_view("\\,=").find(text[i]) == std::string_view::npos) {
        return Error{0, "invalid field selector: invalid escape sequence"};
      }
    }
    result += text[i];
  }
  return result;
}

}  // namespace

Result<FieldSelector> FieldSelector::parse(std::string_view text, const Resource& resource) {
  FieldSelector selector;
  while (!text.empty()) {
    const std::string_view term = next_term(text);
    if (term.empty()) continue;  // the API's parser lets them pass
    const std::size_t at = term.find_first_of("=!");
    const std::string_view tail = at == std::string_view::npos ? "" : term.substr(at);
    std::size_t width = tail.substr(0, 2) == "==" || tail.substr(0, 2) == "!=" ? 2 : 1;
    if (tail.empty() || (tail[0] == '!' && width == 1)) {
      return Error{0, "invalid selector: '" + std::string(term) + "'; can't understand '" + std::string(term) + "'"};
    }
    SP_TRY_ASSIGN(value, unescape(tail.substr(width)));
    Term parsed{std::string(term.substr(0, at)), std::move(value), tail[0] == '='};
    if (!resource.selects(parsed.field)) {
      return Error{0, "field label not supported: " + parsed.field};
    }
    selector.terms_.push_back(std::move(parsed));
  }
  return selector;
}

bool FieldSelector::matches(const Json& object) const {
  return std::all_of(terms_.begin(), terms_.end(), [&object](const Term& term) {
    return (field_text(object, term.field) == term.value) == term.equal;
  });
}

std::string FieldSelector::name() const {
  for (const Term& term : terms_) {
    if (term.field == "metadata.name" && term.equal) return term.value;
  }
  return "";
}

}  // namespace sp::fake_api
