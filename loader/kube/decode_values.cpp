// SPDX-License-Identifier: Apache-2.0
// What several kinds have: names, addresses that may be skipped.
#include "loader/kube/decode.h"
#include "loader/source/field_types.h"

namespace sp::kube {
namespace {

void remark_left_out(const JsonField& field, source::Report& remarks, std::string_view expected) {
  field.complain_in(remarks, field.shown() + " is left out, expected " + std::string(expected));
}

}  // namespace

std::optional<model::ObjectKey> read_key(const JsonField& object, bool namespaced) {
  const JsonField metadata = object["metadata"];
  const JsonField name = metadata["name"];
  const JsonField ns = metadata["namespace"];
  name.require("a name");
  model::ObjectKey key;
  key.name = source::read_string(name);
  if (namespaced) {
    ns.require("a namespace");
    key.ns = source::read_string(ns);
  }
  if (key.name.empty() || (namespaced && key.ns.empty())) {
    return std::nullopt;
  }
  return key;
}

std::optional<Ip> read_ip_or_remark(const JsonField& field, source::Report& remarks) {
  const auto text = field.string();
  if (!text || text->empty()) {
    return std::nullopt;
  }
  const auto ip = Ip::parse(*text);
  if (!ip) {
    remark_left_out(field, remarks, "an IP address such as 192.0.2.1 or 2001:db8::1");
  }
  return ip;
}

std::optional<Ip> read_host_ip_or_remark(const JsonField& field, source::Report& remarks) {
  const auto ip = read_ip_or_remark(field, remarks);
  if (ip && !source::is_routable(*ip)) {
    remark_left_out(field, remarks, "the address of a host");
    return std::nullopt;
  }
  return ip;
}

std::optional<Prefix> read_prefix_or_remark(const JsonField& field, source::Report& remarks) {
  const auto text = field.string();
  if (!text || text->find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return std::nullopt;
  }
  const auto prefix = Prefix::parse(*text);
  if (!prefix) {
    remark_left_out(field, remarks, "an address range such as 192.0.2.0/24 or 2001:db8::/32");
  }
  return prefix;
}

}  // namespace sp::kube
