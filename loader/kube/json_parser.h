// SPDX-License-Identifier: Apache-2.0
// JsonParser: one parser for everything that the API sends. What parse() returns is valid until the next parse().
//
// The whole text is checked, skipped members included: simdjson's tape (its DOM) costs 9 ms more than its lazy reader
// for 5,000 objects and in exchange a torn object never passes for a whole one.
#pragma once

#include <simdjson.h>

#include <memory>
#include <string>

#include "loader/util/result.h"

namespace sp::kube {

class JsonParser {
 public:
  // `text` is only grown in capacity, as simdjson reads beyond its end.
  [[nodiscard]] Result<simdjson::dom::element> parse(std::string& text);

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
};

}  // namespace sp::kube
