// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/page_token.h"

namespace sp::fake_api {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Unpadded base64 with the alphabet of URLs.
std::string to_base64(std::string_view plain) {
  std::string text;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : plain) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6;) {
      held -= 6;
      text += kDigits[bits >> held & 63U];
    }
  }
  if (held > 0) text += kDigits[bits << (6 - held) & 63U];
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string plain;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      plain += static_cast<char>(bits >> held & 255U);
    }
  }
  return plain;
}

}  // namespace

std::string PageToken::encode() const {
  const Json token = {
      {"v", "meta.k8s.io/v1"}, {"rv", version ? Json(*version) : Json(-1)}, {"start", after}, {"list", list}};
  return to_base64(token.dump());
}

std::optional<PageToken> PageToken::decode(const std::string& text) {
  const std::optional<std::string> plain = from_base64(text);
  const Json token = plain ? Json::parse(*plain, nullptr, false) : Json();
  if (!token.is_object() || !token.contains("rv") || !token["rv"].is_number_integer()) return std::nullopt;
  PageToken result;
  if (token["rv"].get<std::int64_t>() >= 0) result.version = token["rv"].get<Version>();
  result.after = field_text(token, "start");
  result.list = field_text(token, "list");
  return result;
}

}  // namespace sp::fake_api
