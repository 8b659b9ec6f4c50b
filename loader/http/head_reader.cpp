// SPDX-License-Identifier: Apache-2.0
#include "loader/http/head_reader.h"

#include <curl/curl.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace sp::http {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) {
    return {};
  }
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool same_name(std::string_view one, std::string_view other) {
  return one.size() == other.size() && ::strncasecmp(one.data(), other.data(), one.size()) == 0;
}

std::optional<std::chrono::system_clock::time_point> parse_date(const std::string& text) {
  const std::time_t seconds = curl_getdate(text.c_str(), nullptr);
  return seconds == -1 ? std::nullopt : std::optional(std::chrono::system_clock::from_time_t(seconds));
}

int parse_status(std::string_view line) {
  const std::size_t blank = line.find(' ');
  int status = 0;
  if (blank != std::string_view::npos) {
    std::from_chars(line.data() + blank + 1, line.data() + line.size(), status);
  }
  return status;
}

}  // namespace

bool HeadReader::take(std::string_view line) {
  if (complete_) {
    return false;
  }
  if (line.starts_with("HTTP/")) {
    head_ = Head{};
    retry_after_.clear();
    head_.status = parse_status(line);
    head_.http2 = line.starts_with("HTTP/2");
    return false;
  }
  if (trimmed(line).empty()) {
    complete_ = head_.status >= 200;
    settle_retry_after();
    return complete_;
  }
  if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    take_field(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return false;
}

void HeadReader::take_field(std::string_view name, std::string_view value) {
  if (same_name(name, "content-type")) {
    head_.content_type = value;
  } else if (same_name(name, "content-encoding")) {
    head_.content_encoding = value;
  } else if (same_name(name, "retry-after")) {
    retry_after_ = value;
  } else if (same_name(name, "date")) {
    head_.server_time = parse_date(std::string(value));
  }
}

void HeadReader::settle_retry_after() {
  if (retry_after_.empty()) {
    return;
  }
  std::int32_t seconds = 0;
  const char* end = retry_after_.data() + retry_after_.size();
  if (const auto parsed = std::from_chars(retry_after_.data(), end, seconds);
      parsed.ec == std::errc() && parsed.ptr == end) {
    head_.retry_after = std::chrono::seconds(std::max(seconds, 0));
  } else if (const auto date = parse_date(retry_after_)) {
    // The server's date by the server's clock: ours may differ.
    const auto now = head_.server_time.value_or(std::chrono::system_clock::now());
    head_.retry_after = std::max(std::chrono::ceil<std::chrono::seconds>(*date - now), std::chrono::seconds(0));
  }
}

}  // namespace sp::http
