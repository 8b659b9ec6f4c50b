// SPDX-License-Identifier: Apache-2.0
// How the numbers in the maps are called on the screen.
#pragma once

#include <map>
#include <string>

#include "loader/kernel/reader.h"
#include "loader/util/ip.h"

namespace sp::show {

[[nodiscard]] std::string protocol_text(__u8 protocol);
[[nodiscard]] std::string scope_text(__u8 scope);
[[nodiscard]] std::string kind_text(__u16 kind);
// "192.0.2.1:80", "[2001:db8::1]:80"
[[nodiscard]] std::string endpoint_text(const Ip& ip, __be16 port);
// The device's name in this network namespace, else "#<ifindex>".
[[nodiscard]] std::string device_text(std::uint32_t ifindex);

// Names of services by id.
using ServiceNames = std::map<std::uint32_t, std::string>;
[[nodiscard]] Result<ServiceNames> service_names(const kernel::Reader& reader);
// The name, else "#<id>".
[[nodiscard]] std::string service_text(const ServiceNames& names, std::uint32_t id);

}  // namespace sp::show
