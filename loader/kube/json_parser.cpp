// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/json_parser.h"

namespace sp::kube {
namespace {

// A parser that has seen a larger text is replaced with the next small one: it keeps several times that much memory.
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;

}  // namespace

Result<simdjson::dom::element> JsonParser::parse(std::string& text) {
  if (!parser_ || (parser_->capacity() > kKeptBytes && text.size() <= kKeptBytes)) {
    parser_ = std::make_unique<simdjson::dom::parser>();
  }
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  simdjson::dom::element document;
  if (const auto error = parser_->parse(text.data(), text.size(), false).get(document)) {
    return Error{0, simdjson::error_message(error)};
  }
  return document;
}

}  // namespace sp::kube
