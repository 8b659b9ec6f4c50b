// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/options.h"

#include <charconv>
#include <map>
#include <set>

namespace sp::fake_api {
namespace {

using Complain = std::function<void(const std::string&)>;

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status forbidden_option(const std::string& field, const std::string& why) {
  return invalid("ListOptions.meta.k8s.io", "", field, "Forbidden: " + why);
}

class Reader {
 public:
  Reader(const Query& query, const Complain& complain) : complain_(complain) {
    for (const auto& [name, value] : query) {
      static const std::set<std::string> known = {"labelSelector",       "fieldSelector",   "watch",
                                                  "allowWatchBookmarks", "resourceVersion", "resourceVersionMatch",
                                                  "timeoutSeconds",      "limit",           "continue",
                                                  "sendInitialEvents",   "pretty"};
      if (known.count(name) == 0) complain("unknown query parameter " + name);
      if (!values_.emplace(name, value).second) complain("query parameter twice: " + name);
    }
  }

  [[nodiscard]] std::string text(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? "" : found->second;
  }

  std::optional<bool> flag(const std::string& name) const {
    const std::string value = text(name);
    if (value.empty()) return std::nullopt;
    if (value != "true" && value != "false" && value != "1" && value != "0")
      complain_(name + " is no boolean: " + value);
    return value != "false" && value != "0";
  }

  // Nothing = unset. Sets `bad` when it is none, or negative.
  std::optional<std::int64_t> count(const std::string& name, std::optional<Status>& bad) const {
    const std::string value = text(name);
    if (value.empty()) return std::nullopt;
    const auto parsed = number(value);
    if (!parsed) bad = bad_request("strconv.ParseInt: parsing \"" + value + "\": invalid syntax");
    if (parsed && *parsed < 0) {
      complain_("negative " + name);
      bad = bad_request(name + " is negative: " + value);
    }
    return parsed;
  }

 private:
  const Complain& complain_;
  std::map<std::string, std::string> values_;
};

std::optional<Status> check_list(const ListOptions& options, const std::string& version) {
  using Match = ListOptions::Match;
  if (options.match != Match::unset && version.empty()) {
    return forbidden_option("resourceVersionMatch",
                            "resourceVersionMatch is forbidden unless resourceVersion is provided");
  }
  if (options.match != Match::unset && !options.next.empty()) {
    return forbidden_option("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided");
  }
  if (options.match == Match::exact && version == "0") {
    return forbidden_option("resourceVersionMatch",
                            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
  }
  if (options.send_initial_events) {
    return forbidden_option("sendInitialEvents", "sendInitialEvents is forbidden for list");
  }
  if (!options.next.empty() && !version.empty() && version != "0") {
    return bad_request("specifying resource version is not allowed when using continue");
  }
  return std::nullopt;
}

std::optional<Status> check_watch(const ListOptions& options, bool streaming_lists) {
  using Match = ListOptions::Match;
  if (options.send_initial_events) {
    if (options.match != Match::not_older_than) {
      return forbidden_option("resourceVersionMatch",
                              "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if (!streaming_lists) {
      return forbidden_option("sendInitialEvents",
                              "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled");
    }
  }
  if (options.match != Match::unset && !options.send_initial_events) {
    return forbidden_option("resourceVersionMatch",
                            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  }
  return std::nullopt;
}

// What the real server ignores.
void check_sense(const ListOptions& options, const Complain& complain) {
  if (options.watch && options.limit != 0) complain("limit on a watch");
  if (options.watch && !options.next.empty()) complain("continue on a watch");
  if (options.watch && !options.timeout) complain("watch without timeoutSeconds: it would end at the server's whim");
  if (!options.watch && options.bookmarks) complain("allowWatchBookmarks on a list");
  if (options.send_initial_events == true && !options.bookmarks) {
    complain("sendInitialEvents without allowWatchBookmarks: the end of the list would never be told");
  }
}

std::optional<Status> read_plain(const Reader& reader, ListOptions& options) {
  std::optional<Status> bad;
  options.watch = reader.flag("watch").value_or(false);
  options.bookmarks = reader.flag("allowWatchBookmarks").value_or(false);
  options.send_initial_events = reader.flag("sendInitialEvents");
  options.limit = static_cast<std::size_t>(reader.count("limit", bad).value_or(0));
  if (const auto seconds = reader.count("timeoutSeconds", bad)) options.timeout = std::chrono::seconds(*seconds);
  options.next = reader.text("continue");
  const std::string match = reader.text("resourceVersionMatch");
  if (match == "Exact") {
    options.match = ListOptions::Match::exact;
  } else if (match == "NotOlderThan") {
    options.match = ListOptions::Match::not_older_than;
  } else if (!match.empty()) {
    return invalid("ListOptions.meta.k8s.io", "", "resourceVersionMatch",
                   "Unsupported value: \"" + match + "\": supported values: \"\", \"Exact\", \"NotOlderThan\"");
  }
  return bad;
}

}  // namespace

std::variant<ListOptions, Status> parse_list_options(const Query& query, const Resource& resource, bool streaming_lists,
                                                     const Complain& complain) {
  const Reader reader(query, complain);
  ListOptions options;
  if (auto bad = read_plain(reader, options)) return *bad;
  const std::string version = reader.text("resourceVersion");
  if (auto bad = options.watch ? check_watch(options, streaming_lists) : check_list(options, version)) return *bad;
  if (!version.empty()) {
    const auto parsed = number(version);
    if (!parsed || *parsed < 0) {
      return invalid(
          "ListOptions.meta.k8s.io", "", "resourceVersion",
          "Invalid value: \"" + version + "\": strconv.ParseUint: parsing \"" + version + "\": invalid syntax");
    }
    options.version = static_cast<Version>(*parsed);
  }
  auto labels = LabelSelector::parse(reader.text("labelSelector"));
  if (!labels) return bad_request(labels.error().what);
  options.labels = *std::move(labels);
  auto fields = FieldSelector::parse(reader.text("fieldSelector"), resource);
  if (!fields) return bad_request(fields.error().what);
  options.fields = *std::move(fields);
  options.selectors = reader.text("labelSelector") + "&" + reader.text("fieldSelector");
  check_sense(options, complain);
  return options;
}

}  // namespace sp::fake_api
