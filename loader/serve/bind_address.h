// SPDX-License-Identifier: Apache-2.0
// BindAddress: where a server listens, in kube-proxy's spelling ("0.0.0.0:10256", "[::]:10256", "127.0.0.1").
//
// Promises: parsing opens nothing and resolves no names; IPv6 stands in brackets or alone without a port.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "loader/util/ip.h"
#include "loader/util/result.h"

namespace sp::serve {

struct BindAddress {
  // What an unspecified `ip` stands for. Go's "tcp" listens in both families on 0.0.0.0 as on [::], and kube-proxy's
  // health and metrics servers with it; its servers of services listen in one family each.
  enum class Reach : std::uint8_t { both_families, one_family };

  Ip ip;
  std::uint16_t port = 0;  // host order; 0 = any free one
  Reach reach = Reach::both_families;

  bool operator==(const BindAddress&) const = default;
  [[nodiscard]] std::string text() const;  // "127.0.0.1:10249", "[::]:10256"
};

// Parses "host:port", "[host]:port" and, as kube-proxy appends a missing port, "host" and "[host]". An empty host is
// the unspecified address. Nothing: the server is off, because `text` is empty or the port is 0. The error names the
// text and what was expected.
[[nodiscard]] Result<std::optional<BindAddress>> parse_bind_address(std::string_view text, std::uint16_t default_port);

}  // namespace sp::serve
