// SPDX-License-Identifier: Apache-2.0
// From a document of --config to a Config. One table per mapping says which keys exist and how each is read, so that
// the unknown-key message and the reader cannot disagree.
#include <charconv>
#include <functional>
#include <map>
#include <utility>

#include "loader/agent/config.h"
#include "loader/source/value.h"
#include "loader/util/closest.h"

namespace sp::agent {
namespace {

using source::Value;

constexpr std::uint32_t kMinEntries = 16;
constexpr std::uint32_t kMaxEntries = 1U << 26;
constexpr std::uint32_t kMaxTimeoutS = 31536000;  // a year
constexpr std::uint32_t kMaxAgingS = 3600;

// Where a message points to: the file, and the dotted key ("timeouts.tcp_close").
struct Place {
  std::string file;
  std::string key;

  [[nodiscard]] Place at(const std::string& child) const { return {file, key.empty() ? child : key + "." + child}; }
  [[nodiscard]] Place at(std::size_t index) const { return {file, key + "[" + std::to_string(index) + "]"}; }
  [[nodiscard]] Error error(const std::string& what) const {
    return Error{0, file + ": " + (key.empty() ? "" : key + ": ") + what};
  }
};

using Reader = std::function<Result<void>(const Value&, const Place&)>;
using Readers = std::map<std::string, Reader>;

std::string shown(const Value& node) {
  switch (node.kind) {
    case Value::Kind::scalar:
      return "'" + node.text.substr(0, 60) + "'";
    case Value::Kind::list:
      return "a list";
    case Value::Kind::map:
      return "a mapping";
    case Value::Kind::null:
      break;
  }
  return "nothing";
}

std::string list_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

// Every key of `node` has a reader and is given once. A key without a value keeps its default.
Result<void> read_mapping(const Value& node, const Place& place, const Readers& readers) {
  if (node.kind == Value::Kind::null) {
    return {};
  }
  std::vector<std::string> known;
  for (const auto& [key, reader] : readers) {
    known.push_back(key);
  }
  if (node.kind != Value::Kind::map) {
    return place.error("is " + shown(node) + ": expected a mapping with the keys " + list_of(known));
  }
  if (node.has_repeated_key) {
    return place.at(node.text).error("is given twice");
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const std::string& key = node.keys[i];
    const auto reader = readers.find(key);
    if (reader == readers.end()) {
      const auto meant = closest(key, known);
      return place.at(key).error("unknown key: " +
                                 (meant ? "did you mean '" + *meant + "'?" : "expected one of " + list_of(known)));
    }
    if (node.items[i].kind != Value::Kind::null) {
      SP_TRY(reader->second(node.items[i], place.at(key)));
    }
  }
  return {};
}

Result<void> read_list(const Value& node, const Place& place, const std::string& expected, const Reader& item) {
  if (node.kind != Value::Kind::list) {
    return place.error("is " + shown(node) + ": expected a list of " + expected);
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    SP_TRY(item(node.items[i], place.at(i)));
  }
  return {};
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), number);
  return err == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

Result<std::uint32_t> read_number(const Value& node, const Place& place, std::uint32_t min, std::uint32_t max,
                                  const std::string& unit) {
  const auto number = node.kind == Value::Kind::scalar ? parse_number<std::uint32_t>(node.text) : std::nullopt;
  if (!number || *number < min || *number > max) {
    return place.error("is " + shown(node) + ": expected a whole number of " + unit + " from " + std::to_string(min) +
                       " to " + std::to_string(max));
  }
  return *number;
}

Reader entries(std::uint32_t& into) {
  return [&into](const Value& node, const Place& place) -> Result<void> {
    SP_TRY_ASSIGN(number, read_number(node, place, kMinEntries, kMaxEntries, "entries"));
    into = number;
    return {};
  };
}

Reader seconds(std::chrono::seconds& into, std::uint32_t max) {
  return [&into, max](const Value& node, const Place& place) -> Result<void> {
    SP_TRY_ASSIGN(number, read_number(node, place, 1, max, "seconds"));
    into = std::chrono::seconds(number);
    return {};
  };
}

Reader mapping(Readers readers) {
  return [readers = std::move(readers)](const Value& node, const Place& place) {
    return read_mapping(node, place, readers);
  };
}

std::optional<PortRange> parse_range(const std::string& text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_number<std::uint16_t>(std::string_view(text).substr(0, dash));
  const auto last =
      dash == std::string::npos ? first : parse_number<std::uint16_t>(std::string_view(text).substr(dash + 1));
  if (!first || !last || *first == 0 || *first > *last) {
    return std::nullopt;
  }
  return PortRange{*first, *last};
}

Reader port_ranges(std::vector<PortRange>& into) {
  return [&into](const Value& node, const Place& place) -> Result<void> {
    const std::string expected = "one or two port ranges, as in [1024-29999, 61000-65535]";
    std::vector<PortRange> ranges;
    SP_TRY(read_list(node, place, "port ranges, as in [1024-29999, 61000-65535]",
                     [&ranges](const Value& item, const Place& at) -> Result<void> {
                       const auto range = item.kind == Value::Kind::scalar ? parse_range(item.text) : std::nullopt;
                       if (!range) {
                         return at.error("is " + shown(item) +
                                         ": expected FIRST-LAST with 1 <= FIRST <= LAST <= 65535");
                       }
                       ranges.push_back(*range);
                       return {};
                     }));
    if (ranges.empty() || ranges.size() > 2) {
      return place.error("has " + std::to_string(ranges.size()) + " entries: expected " + expected);
    }
    if (ranges.size() == 2 && ranges[0].overlaps(ranges[1])) {
      return place.error(ranges[0].text() + " and " + ranges[1].text() +
                         " overlap: expected ranges without a common port");
    }
    into = std::move(ranges);
    return {};
  };
}

Reader prefixes(std::vector<Prefix>& into) {
  return [&into](const Value& node, const Place& place) -> Result<void> {
    std::vector<Prefix> list;
    SP_TRY(read_list(node, place, "address ranges, as in [192.0.2.0/24, 2001:db8::/64]",
                     [&list](const Value& item, const Place& at) -> Result<void> {
                       const auto prefix = item.kind == Value::Kind::scalar ? Prefix::parse(item.text) : std::nullopt;
                       if (!prefix) {
                         return at.error("is " + shown(item) + ": expected ADDRESS/BITS, as in 192.0.2.0/24");
                       }
                       list.push_back(*prefix);
                       return {};
                     }));
    into = std::move(list);
    return {};
  };
}

Readers top_level(Config& config) {
  kernel::Sizes& maps = config.maps;
  Timeouts& timeouts = config.timeouts;
  return {
      {"maps", mapping({{"flows4", entries(maps.flows4)},
                        {"flows6", entries(maps.flows6)},
                        {"embryos4", entries(maps.embryos4)},
                        {"embryos6", entries(maps.embryos6)},
                        {"frontends", entries(maps.frontends)},
                        {"services", entries(maps.services)},
                        {"slots", entries(maps.slots)},
                        {"backends", entries(maps.backends)}})},
      {"timeouts", mapping({{"tcp_established", seconds(timeouts.tcp_established, kMaxTimeoutS)},
                            {"tcp_close_wait", seconds(timeouts.tcp_close_wait, kMaxTimeoutS)},
                            {"tcp_time_wait", seconds(timeouts.tcp_time_wait, kMaxTimeoutS)},
                            {"tcp_close", seconds(timeouts.tcp_close, kMaxTimeoutS)},
                            {"udp_stream", seconds(timeouts.udp_stream, kMaxTimeoutS)}})},
      {"snat_ports", port_ranges(config.snat_ports)},
      {"nodePortAddresses", prefixes(config.node_port_addresses)},
      {"aging_interval", seconds(config.aging_interval, kMaxAgingS)},
  };
}

}  // namespace

Result<Config> read_config(const Value& document, const std::string& file, Config base) {
  SP_TRY(read_mapping(document, Place{file, ""}, top_level(base)));
  return base;
}

}  // namespace sp::agent
