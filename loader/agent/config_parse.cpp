// SPDX-License-Identifier: Apache-2.0
// From a document of --config to a Config: its keys.
#include <algorithm>
#include <utility>

#include "loader/agent/config.h"
#include "loader/agent/config_reader.h"
#include "loader/source/value.h"

namespace sp::agent {
namespace {

using source::Value;

constexpr std::uint32_t kMinEntries = 16;
constexpr std::uint32_t kMaxEntries = 1U << 26;
constexpr std::uint32_t kMaxTimeoutS = 31536000;  // a year
constexpr std::uint32_t kMaxAgingS = 3600;

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

// A device: its name, or with a * at the end how it begins.
Result<void> add_pattern(const Value& item, const Place& at, std::vector<std::string>& patterns) {
  constexpr std::size_t kMaxNameBytes = 15;  // IFNAMSIZ - 1
  const std::string& text = item.text;
  const std::size_t star = text.find('*');
  const std::size_t name_bytes = std::min(text.size(), star);
  const bool good = item.kind == Value::Kind::scalar && !text.empty() && name_bytes <= kMaxNameBytes &&
                    (star == std::string::npos || star + 1 == text.size());
  if (!good) {
    return at.error("is " + shown(item) + ": expected the name of a device, or its beginning and a *, as in cali*");
  }
  patterns.push_back(text);
  return {};
}

Reader patterns(std::vector<std::string>& into) {
  return [&into](const Value& node, const Place& place) -> Result<void> {
    std::vector<std::string> list;
    SP_TRY(read_list(node, place, "devices, as in [cni0, cali*]",
                     [&list](const Value& item, const Place& at) { return add_pattern(item, at, list); }));
    into = std::move(list);
    return {};
  };
}

Reader pod_devices(PodDeviceChoice& into) {
  return [&into](const Value& node, const Place& place) -> Result<void> {
    PodDeviceChoice choice{.automatic = false, .patterns = {}};
    if (node.kind == Value::Kind::list) {
      SP_TRY(patterns(choice.patterns)(node, place));
    } else if (node.kind == Value::Kind::scalar && (node.text == "auto" || node.text == "none")) {
      choice.automatic = node.text == "auto";
    } else {
      return place.error("is " + shown(node) + ": expected auto, none, or a list of devices, as in [cni0, cali*]");
    }
    into = std::move(choice);
    return {};
  };
}

// What the mode needs is there, and nothing that another would need.
Result<void> check_detection(const DetectLocal& detect, const Place& place) {
  using Mode = DetectLocal::Mode;
  const auto& cidrs = detect.cluster_cidrs;
  if (cidrs.empty() == (detect.mode == Mode::cluster_cidr)) {
    return place.at("cluster_cidrs")
        .error(cidrs.empty() ? "is empty: expected the ranges of Pods, because mode is cluster-cidr"
                             : "is given: expected mode to be cluster-cidr");
  }
  if (cidrs.size() > 2 || (cidrs.size() == 2 && cidrs[0].address.family() == cidrs[1].address.family())) {
    return place.at("cluster_cidrs")
        .error("has " + std::to_string(cidrs.size()) + " entries: expected one range, or one of each family");
  }
  if (detect.devices.empty() == (detect.mode == Mode::devices)) {
    return place.at("devices").error(detect.devices.empty()
                                         ? "is empty: expected the devices of Pods, because mode is devices"
                                         : "is given: expected mode to be devices");
  }
  return {};
}

// As a whole: what it leaves out is not filled from kube-proxy's configuration.
Reader detect_local(DetectLocal& into) {
  return [&into](const Value& node, const Place& place) -> Result<void> {
    using Mode = DetectLocal::Mode;
    DetectLocal detect;
    SP_TRY(read_mapping(node, place,
                        {{"mode", word<Mode>(detect.mode, {{"none", Mode::none},
                                                           {"cluster-cidr", Mode::cluster_cidr},
                                                           {"node-cidr", Mode::node_cidr},
                                                           {"devices", Mode::devices}})},
                         {"cluster_cidrs", prefixes(detect.cluster_cidrs)},
                         {"devices", patterns(detect.devices)}}));
    SP_TRY(check_detection(detect, place));
    into = std::move(detect);
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
      {"detect_local", detect_local(config.detect_local)},
      {"masquerade_all", boolean(config.masquerade_all)},
      {"localhost_node_ports", boolean(config.localhost_node_ports)},
      {"pod_devices", pod_devices(config.pod_devices)},
      {"local_delivery", word<LocalDelivery>(config.local_delivery, {{"stack", LocalDelivery::stack},
                                                                     {"peer", LocalDelivery::peer},
                                                                     {"xdp", LocalDelivery::xdp}})},
      {"aging_interval", seconds(config.aging_interval, kMaxAgingS)},
  };
}

}  // namespace

Result<Config> read_config(const Value& document, const std::string& file, Config base) {
  SP_TRY(read_mapping(document, Place{file, ""}, top_level(base)));
  return base;
}

}  // namespace sp::agent
