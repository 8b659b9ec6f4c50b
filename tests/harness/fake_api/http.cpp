// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/http.h"

#include <algorithm>

namespace sp::fake_api {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      result += ' ';
    } else if (text[i] != '%') {
      result += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Error{0, "invalid URL escape in \"" + std::string(text) + "\""};
      result += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return result;
}

}  // namespace

std::string HttpRequest::header(const std::string& lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? "" : found->second;
}

std::string_view HttpRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

Result<Query> parse_query(std::string_view target) {
  Query query;
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return query;
  for (std::string_view rest = target.substr(mark + 1); !rest.empty();) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view term = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (term.find(';') != std::string_view::npos) return Error{0, "invalid semicolon separator in query"};
    const std::size_t equals = std::min(term.find('='), term.size());
    SP_TRY_ASSIGN(key, decode(term.substr(0, equals)));
    SP_TRY_ASSIGN(value, decode(term.substr(std::min(equals + 1, term.size()))));
    query.emplace_back(std::move(key), std::move(value));
  }
  return query;
}

std::string_view reason_phrase(int status) {
  static const std::map<int, std::string_view> phrases = {
      {200, "OK"},
      {201, "Created"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {409, "Conflict"},
      {410, "Gone"},
      {415, "Unsupported Media Type"},
      {422, "Unprocessable Entity"},
      {429, "Too Many Requests"},
      {500, "Internal Server Error"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  };
  const auto found = phrases.find(status);
  return found == phrases.end() ? "Status" : found->second;
}

}  // namespace sp::fake_api
