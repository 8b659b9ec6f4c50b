// SPDX-License-Identifier: Apache-2.0
#include "loader/serve/bind_address.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>

namespace sp::serve {
namespace {

Error malformed(std::string_view text, std::string_view why) {
  return Error{0, fmt::format("'{}' is not an address to listen on ({}): expected IP:PORT, like 0.0.0.0:10256 or "
                              "[::1]:10249",
                              text, why)};
}

struct Split {
  std::string_view host;
  std::optional<std::string_view> port;
};

Result<Split> split(std::string_view text) {
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return malformed(text, "a bracket is open");
    }
    const std::string_view rest = text.substr(end + 1);
    const std::string_view host = text.substr(1, end - 1);
    if (rest.empty()) {
      return Split{host, std::nullopt};
    }
    if (rest.front() != ':') {
      return malformed(text, "something other than a port follows the bracket");
    }
    return Split{host, rest.substr(1)};
  }
  if (Ip::parse(text)) {
    return Split{text, std::nullopt};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return Split{text, std::nullopt};
  }
  if (text.find(':', colon + 1) != std::string_view::npos) {
    return malformed(text, "IPv6 with a port needs brackets");
  }
  return Split{text.substr(0, colon), text.substr(colon + 1)};
}

}  // namespace

std::string BindAddress::text() const {
  return ip.family() == Family::v6 ? fmt::format("[{}]:{}", ip.text(), port) : fmt::format("{}:{}", ip.text(), port);
}

Result<std::optional<BindAddress>> parse_bind_address(std::string_view text, std::uint16_t default_port) {
  if (text.empty()) {
    return std::optional<BindAddress>{};
  }
  SP_TRY_ASSIGN(parts, split(text));
  BindAddress address;
  address.port = default_port;
  if (!parts.host.empty()) {
    const auto ip = Ip::parse(parts.host);
    if (!ip) {
      return malformed(text, "the host is no IP address");
    }
    address.ip = *ip;
  }
  if (parts.port) {
    const auto [end, error] =
        std::from_chars(parts.port->data(), parts.port->data() + parts.port->size(), address.port);
    if (error != std::errc{} || end != parts.port->data() + parts.port->size()) {
      return malformed(text, "the port is no number from 0 to 65535");
    }
  }
  return address.port == 0 ? std::optional<BindAddress>{} : std::optional(address);
}

}  // namespace sp::serve
