// SPDX-License-Identifier: Apache-2.0
// Lists: which state of the world answers, and which page of it.
#include "tests/harness/fake_api/page_token.h"
#include "tests/harness/fake_api/service.h"
#include "tests/harness/fake_api/service_call.h"

namespace sp::fake_api {
namespace {

constexpr const char* kTokenTooOld =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list.";

// Which state, and from where on.
struct Range {
  std::optional<Version> exact;  // nothing = the newest
  std::string after;
  std::size_t limit = 0;
  std::string list;
};

std::variant<Range, Status> range_of_token(const Store& store, const ListOptions& options, const std::string& list,
                                           Journal& journal) {
  const auto token = PageToken::decode(options.next);
  if (!token) {
    journal.complain("continue token that is none of ours: " + options.next);
    return bad_request("invalid continue token: continue key is not valid: illegal base64 data");
  }
  if (token->list != list) {
    journal.complain("continue token with other selectors than the list began with: " + list);
    return bad_request("invalid continue token: it belongs to " + token->list);
  }
  if (token->version && store.compacted(*token->version)) {
    Status status = expired(kTokenTooOld);
    status.next = PageToken{std::nullopt, token->after, list}.encode();
    return status;
  }
  return Range{token->version, token->after, options.limit, list};
}

// The rows of "resourceVersion and resourceVersionMatch for list" in the API's documentation.
std::variant<Range, Status> range_of(const Store& store, const ListOptions& options, const Settings& settings,
                                     const std::string& list, Journal& journal) {
  if (!options.next.empty()) return range_of_token(store, options, list, journal);
  Range range{std::nullopt, "", options.limit, list};
  if (!options.version) return range;
  const Version newest = store.version();
  if (*options.version > newest) return too_large_version(*options.version, newest);
  if (*options.version == 0) {
    if (settings.stale_by > 0) {
      Version stale = newest > settings.stale_by ? newest - settings.stale_by : 1;
      while (store.compacted(stale)) ++stale;
      range.exact = stale;
    }
    if (settings.any_ignores_limit) range.limit = 0;
    return range;
  }
  using Match = ListOptions::Match;
  // A limit without a match means "exactly this version", for historical reasons.
  const bool exact = options.match == Match::exact || (options.match == Match::unset && options.limit > 0);
  if (!exact) return range;
  if (store.compacted(*options.version)) return expired("The resourceVersion for the provided list is too old.");
  range.exact = options.version;
  return range;
}

struct Page {
  std::string items;
  std::string next;
  std::size_t remaining = 0;
};

Page page_of(const Store::Table& table, Version version, const Range& range, const std::string& ns,
             const ListOptions& options) {
  Page page;
  const std::string prefix = ns.empty() ? "" : ns + "/";
  std::size_t taken = 0;
  auto at = range.after.empty() ? table.lower_bound(prefix) : table.upper_bound(range.after);
  std::string last;
  for (; at != table.end() && at->first.compare(0, prefix.size(), prefix) == 0; ++at) {
    if (range.limit != 0 && taken == range.limit) {
      ++page.remaining;
      continue;
    }
    last = at->first;
    if (!options.selects(at->second->value)) continue;
    page.items += (taken++ == 0 ? "" : ",") + at->second->text;
  }
  // With selectors the server does not know whether what remains will match: the last page may be empty.
  if (page.remaining > 0) page.next = PageToken{version, last, range.list}.encode();
  return page;
}

}  // namespace

void Service::serve_list(Call& call, const ListOptions& options) {
  const std::string list = std::string(call.resource().plural) + "/" + call.place.ns + "?" + options.selectors;
  const auto resolved = range_of(store_, options, settings(), list, journal_);
  if (const auto* status = std::get_if<Status>(&resolved)) return refuse(call, *status);
  const Range& range = std::get<Range>(resolved);
  auto [table, version] = store_.now(call.resource());
  if (range.exact) {
    auto then = store_.at(call.resource(), *range.exact);
    if (!then) return refuse(call, expired("The resourceVersion for the provided list is too old."));
    table = *std::move(then);
    version = *range.exact;
  }
  const Page page = page_of(table, version, range, call.place.ns, options);
  Json meta = {{"resourceVersion", std::to_string(version)}};
  if (!page.next.empty()) {
    meta["continue"] = page.next;
    if (!options.filtered()) meta["remainingItemCount"] = page.remaining;
  }
  answer(call, 200,
         R"({"kind":")" + std::string(call.resource().kind) + R"(List","apiVersion":")" +
             call.resource().api_version() + R"(","metadata":)" + meta.dump() + R"(,"items":[)" + page.items + "]}\n");
}

}  // namespace sp::fake_api
