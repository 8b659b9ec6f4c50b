// SPDX-License-Identifier: Apache-2.0
// Outcome: how a list or a watch ended, and what there is to say about it.
#pragma once

#include <simdjson.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "loader/kube/api.h"
#include "loader/kube/json_parser.h"
#include "loader/kube/resources.h"
#include "loader/kube/source_stats.h"

namespace sp::kube {

struct Outcome {
  std::optional<Cause> failure;  // none: it ended as it should
  std::string text;              // one line with what to do, if failure
  std::optional<std::chrono::seconds> retry_after;
  // The server answered, and to ask the same again is in vain: a status 4xx that time does not cure.
  bool is_final = false;
};

// A status that is not 200. `verb` is "list" or "watch"; `body` is a Status object or anything else.
[[nodiscard]] Outcome outcome_of_status(const Resource& resource, std::string_view verb, const http::Head& head,
                                        std::string body, JsonParser& parser);
// The object of an ERROR event.
[[nodiscard]] Outcome outcome_of_error_event(const Resource& resource, simdjson::dom::element status);
// An exchange that ended without a whole answer.
[[nodiscard]] Outcome outcome_of_end(const ApiEnd& end);
// The same, for what only this request may be told: an answer that cannot be decompressed.
[[nodiscard]] Outcome outcome_of_end(const Resource& resource, std::string_view verb, const ApiEnd& end);
[[nodiscard]] Outcome content_outcome(const Resource& resource, std::string_view verb, std::string_view text);

}  // namespace sp::kube
