// SPDX-License-Identifier: Apache-2.0
// ListOptions: the query of a list or a watch, checked as the API server checks it, and more strictly where a real
// server silently ignores what no client of ours should send.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "tests/harness/fake_api/http.h"
#include "tests/harness/fake_api/selector.h"
#include "tests/harness/fake_api/status.h"
#include "tests/harness/fake_api/store.h"

namespace sp::fake_api {

struct ListOptions {
  enum class Match : std::uint8_t { unset, exact, not_older_than };

  LabelSelector labels;
  FieldSelector fields;
  std::string selectors;  // both as they came: a continue token belongs to them
  bool watch = false;
  bool bookmarks = false;
  std::optional<Version> version;  // nothing = unset; 0 = any
  Match match = Match::unset;
  std::optional<bool> send_initial_events;
  std::optional<std::chrono::seconds> timeout;
  std::size_t limit = 0;  // 0 = none
  std::string next;       // continue

  [[nodiscard]] bool filtered() const { return !labels.empty() || !fields.empty(); }
  [[nodiscard]] bool selects(const Json& object) const { return labels.matches(object) && fields.matches(object); }
};

// `complain` is told what a real server would let pass.
[[nodiscard]] std::variant<ListOptions, Status> parse_list_options(
    const Query& query, const Resource& resource, bool streaming_lists,
    const std::function<void(const std::string&)>& complain);

}  // namespace sp::fake_api
