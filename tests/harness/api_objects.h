// SPDX-License-Identifier: Apache-2.0
// The Services, EndpointSlices, Pods and Nodes of lab tests as the API server hands them out.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/harness/manifests.h"

namespace sp::test {

// The Service and one EndpointSlice for each family.
[[nodiscard]] std::vector<nlohmann::json> api_objects(const ServiceSpec& service);
[[nodiscard]] nlohmann::json api_slice(const ServiceSpec& service, Family family);
[[nodiscard]] nlohmann::json api_pod(const HostPortSpec& pod);
// The ServiceCIDR that a cluster begins with.
[[nodiscard]] nlohmann::json api_service_cidr(const std::vector<std::string>& ranges);
[[nodiscard]] nlohmann::json api_node(const Host& node);

}  // namespace sp::test
