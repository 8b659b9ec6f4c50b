// SPDX-License-Identifier: Apache-2.0
#include "loader/proxy/flags.h"

#include "loader/proxy/fields.h"
#include "loader/proxy/verdicts.h"

namespace sp::proxy {
namespace {

// What they say counts where the address of the same server has no port.
bool is_port(const std::string& flag) {
  return flag == "healthz-port" || flag == "metrics-port";
}

Result<void> apply_port(const GivenFlag& given, ProxyConfig& config) {
  std::int32_t port = 0;
  const auto read = read_text(&port, given.text);
  if (!read || port < 0 || port > 65535) {
    return Error{0, "is '" + given.text + "': expected a port, or 0 for no server"};
  }
  const bool healthz = given.flag == "healthz-port";
  std::string& address = healthz ? config.healthz_bind_address : config.metrics_bind_address;
  ProxyConfig defaults;
  defaults.bind_address = config.bind_address;
  complete(defaults);
  const auto usual = parse_socket_address(healthz ? defaults.healthz_bind_address : defaults.metrics_bind_address);
  const auto ip = address.empty() && usual ? usual->address : Ip::parse(address);
  if (ip || port == 0) {
    address = SocketAddress{ip.value_or(Ip()), static_cast<std::uint16_t>(port)}.text();
  }
  return {};
}

}  // namespace

std::vector<std::string> apply_flags(const std::vector<GivenFlag>& flags, ProxyConfig& config) {
  const std::vector<Field> all = fields(config);
  std::vector<std::string> problems;
  const auto note = [&problems](const GivenFlag& given, const Result<void>& applied) {
    if (!applied) {
      problems.push_back("--" + given.flag + ": " + applied.error().text());
    }
  };
  for (const GivenFlag& given : flags) {
    const Setting* const setting = find_setting(given.flag);
    if (setting == nullptr || is_port(given.flag)) {
      continue;
    }
    for (const std::string& path : paths_of(*setting)) {
      const auto applied = read_text(find_field(all, path)->slot, given.text);
      note(given, applied);
      if (!applied) {
        break;  // the other fields of the flag would say the same
      }
    }
  }
  // Whatever their place on the command line: they complete the addresses.
  for (const GivenFlag& given : flags) {
    if (is_port(given.flag)) {
      note(given, apply_port(given, config));
    }
  }
  return problems;
}

bool beats_file(const std::string& flag) {
  const Setting* const setting = find_setting(flag);
  return setting == nullptr || setting->fields.empty() || setting->fields.starts_with("logging.") ||
         setting->fields == "hostnameOverride" || setting->fields == "clientConnection.kubeconfig";
}

}  // namespace sp::proxy
