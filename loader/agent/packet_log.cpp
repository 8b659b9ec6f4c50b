// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/packet_log.h"

#include "loader/util/ip.h"
#include "maps/stats.h"

namespace sp::agent {
namespace {

struct Reason {
  std::string_view name;
  std::string_view text;
};

Reason reason_of(const sp_event& event) {
  switch (event.reason) {
#define SP_REASON_CASE(symbol, number, name, text) \
  case symbol:                                     \
    return {name, text};
    SP_REASONS(SP_REASON_CASE)
#undef SP_REASON_CASE
    default:
      return {"unknown-reason", "the programs are newer than this agent"};
  }
}

std::string endpoint(const sp_addr& address, __be16 port) {
  const Ip ip(address);
  const std::uint16_t number = Be16{port}.to_host();
  return ip.family() == Family::v6 ? fmt::format("[{}]:{}", ip.text(), number)
                                   : fmt::format("{}:{}", ip.text(), number);
}

std::string protocol_name(std::uint8_t number) {
  switch (number) {
    case SP_PROTO_TCP:
    case SP_PROTO_UDP:
    case SP_PROTO_SCTP:
      return std::string(to_string(static_cast<Protocol>(number)));
    default:
      return std::to_string(number);
  }
}

}  // namespace

std::string describe(const sp_event& event, const std::string& device) {
  const Reason reason = reason_of(event);
  return fmt::format("{} proto={} from={} to={} device={} bytes={}: {}", reason.name, protocol_name(event.proto),
                     endpoint(event.saddr, event.sport), endpoint(event.daddr, event.dport), device, event.len_bytes,
                     reason.text);
}

log::Level level_of(const sp_event& event) {
  if (event.reason == SP_DROP_TABLE) {
    return log::Level::error;
  }
  return event.reason >= SP_REASON_DROP_FIRST && event.reason < SP_REASON_NOTE_FIRST ? log::Level::warn
                                                                                     : log::Level::debug;
}

void PacketLog::add(const sp_event& event, Clock::time_point now) {
  const log::Level level = level_of(event);
  if (!log::enabled(level)) {
    return;
  }
  if (const auto held_back = repeats_.admit(reason_of(event).name, now)) {
    const std::string more = *held_back == 0 ? "" : fmt::format(" (and {} more since the last line)", *held_back);
    log::write(level, "packet", describe(event, device_name_(event.ifindex)) + more);
  }
}

}  // namespace sp::agent
