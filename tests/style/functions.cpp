// SPDX-License-Identifier: Apache-2.0
// style_functions CAP FILE...: prints each C or C++ function of more than CAP lines, from signature to closing brace.
//
// A scanner and no parser: it blanks comments, literals and preprocessor lines, then follows braces. A brace opens a
// function when the text in front of it ends like a signature; everything inside belongs to that function, lambdas too.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

// Overwrites [from, to) with blanks and keeps the line breaks.
void blank(std::string& text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < std::min(to, text.size()); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

// End of a preprocessor line with its continuations.
std::size_t directive_end(const std::string& text, std::size_t at) {
  std::size_t end = text.find('\n', at);
  while (end != std::string::npos && text[end - 1] == '\\') end = text.find('\n', end + 1);
  return end == std::string::npos ? text.size() : end;
}

// End of a quoted literal that starts at `at`.
std::size_t literal_end(const std::string& text, std::size_t at) {
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == text[at] || text[i] == '\n') {
      return i + 1;
    }
  }
  return text.size();
}

// End of a raw string whose quote is at `at`: R"tag( ... )tag"
std::size_t raw_end(const std::string& text, std::size_t at) {
  const std::size_t open = text.find('(', at);
  const std::string close = ")" + text.substr(at + 1, open - at - 1) + "\"";
  const std::size_t end = text.find(close, open);
  return end == std::string::npos ? text.size() : end + close.size();
}

// End of whatever is no code and starts at `at`; `at` itself when code starts there.
std::size_t not_code_end(const std::string& text, std::size_t at) {
  const std::string_view rest = std::string_view(text).substr(at);
  const bool line_start = text.find_last_not_of(" \t", at == 0 ? 0 : at - 1) == std::string::npos || at == 0 ||
                          text[text.find_last_not_of(" \t", at - 1)] == '\n';
  if (rest[0] == '#' && line_start) return directive_end(text, at);
  if (rest.starts_with("//")) return std::min(text.find('\n', at), text.size());
  if (rest.starts_with("/*")) return std::min(text.find("*/", at + 2), text.size() - 2) + 2;
  if (rest[0] == '"') return at > 0 && text[at - 1] == 'R' ? raw_end(text, at) : literal_end(text, at);
  // 1'000 is no character literal.
  if (rest[0] == '\'' && (at == 0 || std::isxdigit(static_cast<unsigned char>(text[at - 1])) == 0)) {
    return literal_end(text, at);
  }
  return at;
}

std::string code_only(std::string text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = not_code_end(text, at);
    // Literals stay visible as an x: a signature may contain them, SEC("xdp").
    const bool literal = end > at && (text[at] == '"' || text[at] == '\'');
    blank(text, at, end);
    if (literal) text[at] = 'x';
    at = std::max(end, at + 1);
  }
  return text;
}

// Is this the text in front of a function's opening brace?
bool is_signature(const std::string& head) {
  static const std::regex kTypeWord(R"(\b(class|struct|enum|union|namespace)\b)");
  static const std::regex kCallEnd(R"(\)\s*(const|noexcept|override|final|\s|&)*$)");
  const std::size_t last = head.find_last_not_of(" \t\n");
  if (last == std::string::npos || head.find(')') == std::string::npos) return false;
  if (std::regex_search(head, kCallEnd)) return true;
  return !std::regex_search(head, kTypeWord) && head[last] != '=' && head[last] != ',' && head[last] != '(';
}

struct Scanner {
  const std::string& file;
  std::string text;
  std::size_t cap;
  bool found = false;

  [[nodiscard]] std::size_t line_of(std::size_t at) const {
    return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  }

  [[nodiscard]] std::size_t closing(std::size_t open) const {
    int depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
      if (text[i] == '{') ++depth;
      if (text[i] == '}' && --depth == 0) return i;
    }
    return text.size() - 1;
  }

  void report(std::size_t begin, std::size_t close) {
    const std::size_t first = text.find_first_not_of(" \t\n", begin);
    const std::size_t lines = line_of(close) - line_of(first) + 1;
    if (lines <= cap) return;
    found = true;
    const std::string signature = text.substr(first, text.find('\n', first) - first);
    std::printf("%s: %zu lines, at most %zu: %s\n", file.c_str(), lines, cap, signature.c_str());
  }

  void scan() {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == ';' || text[at] == '}') begin = at + 1;
      if (text[at] != '{') continue;
      if (!is_signature(text.substr(begin, at - begin))) {
        begin = at + 1;
        continue;
      }
      const std::size_t close = closing(at);
      const std::size_t next = text.find_first_not_of(" \t\n", close + 1);
      at = close;
      // A braced member initializer: the body of this constructor is still to come.
      if (next != std::string::npos && (text[next] == ',' || text[next] == '{')) continue;
      report(begin, close);
      begin = close + 1;
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  bool found = false;
  for (int i = 2; i < argc; ++i) {
    const std::string file = argv[i];
    std::ifstream stream(file);
    std::ostringstream content;
    content << stream.rdbuf();
    Scanner scanner{file, code_only(content.str()), std::strtoul(argv[1], nullptr, 10)};
    scanner.scan();
    found = found || scanner.found;
  }
  return found ? 1 : 0;
}
