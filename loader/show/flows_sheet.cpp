// SPDX-License-Identifier: Apache-2.0
// What packets wrote: connections, from the two flow tables and the two tables of embryos.
#include <netinet/tcp.h>

#include <cstring>

#include "loader/show/sheets.h"
#include "loader/show/words.h"
#include "loader/util/ticks.h"

namespace sp::show {
namespace {

using kernel::Reader;

Ip address_of(const __be32& v4) {
  return Ip::v4(v4);
}
Ip address_of(const __be32 (&v6)[4]) {
  return Ip::v6(v6);
}

// The partner's key is the translated tuple read backwards (maps/flow.h).
template <typename Key, typename Value>
Key partner_key(const Key& key, const Value& value) {
  Key partner{};
  std::memcpy(&partner.saddr, &value.daddr, sizeof partner.saddr);
  std::memcpy(&partner.daddr, &value.saddr, sizeof partner.daddr);
  partner.sport = value.rule.dport;
  partner.dport = value.rule.sport;
  partner.proto = key.proto;
  return partner;
}

const char* established_state(__u8 protocol, unsigned tcp_flags_of_both) {
  if (protocol != SP_PROTO_TCP) return "established";
  if ((tcp_flags_of_both & TH_RST) != 0) return "reset";
  return (tcp_flags_of_both & TH_FIN) != 0 ? "closing" : "established";
}

class FlowsSheet {
 public:
  FlowsSheet(const Reader& reader, const ServiceNames& names) : reader_(reader), names_(names) {}

  template <typename Key, typename Value>
  void add(const Key& key, const Value& value, const char* state, std::uint32_t last_seen_tick) {
    const std::uint32_t idle_ticks = now_ - last_seen_tick;
    // A packet may have come after we looked at the clock.
    const bool later = static_cast<std::int32_t>(idle_ticks) < 0;
    sheet_.add({protocol_text(key.proto), state, endpoint_text(address_of(key.saddr), key.sport),
                endpoint_text(address_of(key.daddr), key.dport),
                endpoint_text(address_of(value.saddr), value.rule.sport),
                endpoint_text(address_of(value.daddr), value.rule.dport), service_text(names_, value.rule.service_id),
                std::uint64_t{later ? 0 : seconds_of_ticks(idle_ticks)},
                value.rule.ifindex == 0 ? std::string() : device_text(value.rule.ifindex)});
  }

  template <typename Key, typename Value, typename Find>
  void add_established(const Key& key, const Value& value, const Find& find) {
    if ((value.rule.flags & SP_FLOW_REPLY) != 0) return;
    unsigned tcp_flags = value.rule.tcp_flags | value.rule.peer_tcp_flags;
    std::uint32_t last_seen_tick = value.rule.last_seen_tick;
    // A pair that has just been removed has no partner any more; its request half tells enough.
    if (const auto partner = find(partner_key(key, value)); partner && *partner) {
      const sp_flow_rule& reply = (*partner)->rule;
      tcp_flags |= reply.tcp_flags;
      if (static_cast<std::int32_t>(reply.last_seen_tick - last_seen_tick) > 0) last_seen_tick = reply.last_seen_tick;
    }
    add(key, value, established_state(key.proto, tcp_flags), last_seen_tick);
  }

  template <typename Key, typename Embryo>
  void add_embryo(const Key& key, const Embryo& embryo) {
    const auto& rule = embryo.flow.rule;
    if ((rule.flags & SP_FLOW_REPLY) == 0) add(key, embryo.flow, "embryo", rule.last_seen_tick);
  }

  Result<void> fill() {
    SP_TRY(reader_.walk_flows4([this](const auto& key, const auto& value) {
      add_established(key, value, [this](const auto& partner) { return reader_.find_flow4(partner); });
    }));
    SP_TRY(reader_.walk_flows6([this](const auto& key, const auto& value) {
      add_established(key, value, [this](const auto& partner) { return reader_.find_flow6(partner); });
    }));
    SP_TRY(reader_.walk_embryos4([this](const auto& key, const auto& value) { add_embryo(key, value); }));
    return reader_.walk_embryos6([this](const auto& key, const auto& value) { add_embryo(key, value); });
  }

  [[nodiscard]] Sheet take() { return std::move(sheet_); }

 private:
  const Reader& reader_;
  const ServiceNames& names_;
  std::uint32_t now_ = current_tick();
  Sheet sheet_{{"protocol", "state", "client", "frontend", "source", "backend", "service", "idle_s", "device"}};
};

}  // namespace

Result<Sheet> flows_sheet(const Reader& reader) {
  SP_TRY_ASSIGN(names, service_names(reader));
  FlowsSheet sheet(reader, names);
  SP_TRY(sheet.fill());
  return sheet.take();
}

}  // namespace sp::show
