// SPDX-License-Identifier: Apache-2.0
// Names of service rows, as people read them and as sync/ recognises a row after a restart.
//
// A name never exceeds SP_NAME_BYTES - 1 bytes: a longer one is cut and ends in a hash of the whole, so two rows never
// share a name because of the cut.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "loader/model/pod.h"
#include "loader/model/service.h"
#include "loader/util/ip.h"

namespace sp::compile {

// "30000/TCP"
[[nodiscard]] std::string port_text(std::uint16_t port, Protocol protocol);
// "10.0.0.1:80/TCP", "[2001:db8::1]:80/TCP"
[[nodiscard]] std::string address_text(const Ip& ip, std::uint16_t port, Protocol protocol);

// "default/web:http/TCP@v4" for the Cluster policy, "default/web:http/TCP@v4-local" for the Local one.
[[nodiscard]] std::string service_row_name(const model::Service& service, const model::ServicePort& port, Family family,
                                           model::TrafficPolicy policy);

// "hostport:default/pod:8086/TCP@v4", "hostport:default/pod:192.0.2.1:8086/TCP@v4"
[[nodiscard]] std::string host_port_row_name(const model::Pod& pod, const model::ContainerPort& port, Family family,
                                             bool exact_address);

// `name`, shortened as the head of this file says.
[[nodiscard]] std::string bounded_name(std::string name);

}  // namespace sp::compile
