// SPDX-License-Identifier: Apache-2.0
// The defaults that depend on other fields.
#include "loader/proxy/config.h"

namespace sp::proxy {
namespace {

// `text` may lack the port, or be empty.
std::string with_port(const std::string& text, const char* address, std::uint16_t port) {
  const auto ip = Ip::parse(text.empty() ? address : text);
  // What is no address has a port, or problems() refuses it.
  return ip ? SocketAddress{*ip, port}.text() : text;
}

}  // namespace

void complete(ProxyConfig& config) {
  if (config.bind_address.empty()) {
    config.bind_address = "0.0.0.0";
  }
  const auto bind = Ip::parse(config.bind_address);
  const bool v6 = bind && bind->family() == Family::v6;
  config.healthz_bind_address = with_port(config.healthz_bind_address, v6 ? "::" : "0.0.0.0", kHealthzPort);
  config.metrics_bind_address = with_port(config.metrics_bind_address, v6 ? "::1" : "127.0.0.1", kMetricsPort);
  if (config.mode.empty()) {
    config.mode = "iptables";
  }
  if (config.detect_local_mode.empty()) {
    config.detect_local_mode = "ClusterCIDR";
  }
}

}  // namespace sp::proxy
