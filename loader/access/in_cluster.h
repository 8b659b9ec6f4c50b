// SPDX-License-Identifier: Apache-2.0
// Access from within a Pod: the address from the environment, token and authority of the service account from files.
//
// KUBERNETES_SERVICE_HOST has to be set to an address of the API server itself, or of a load balancer in front of it:
// the kubelet sets it to a ClusterIP, and ClusterIPs work only once we have programmed them.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "loader/access/access.h"
#include "loader/util/result.h"

namespace sp::access {

inline constexpr const char* kServiceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount";

// The server's URL by KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT; nothing when one of them is not set.
[[nodiscard]] std::optional<std::string> in_cluster_url();

// Reads both files once, so that what is missing from the start is an Error.
[[nodiscard]] Result<std::unique_ptr<Access>> open_in_cluster(std::string url, const std::filesystem::path& dir);

}  // namespace sp::access
