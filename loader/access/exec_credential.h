// SPDX-License-Identifier: Apache-2.0
// ExecCredential: what is said to a credential plugin and what it answers (client.authentication.k8s.io/v1, v1beta1).
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "loader/access/kubeconfig.h"
#include "loader/http/client.h"
#include "loader/util/result.h"

namespace sp::access {

struct ExecCredential {
  std::string token = {};
  std::optional<http::ClientCertificate> certificate = {};
  std::optional<std::chrono::system_clock::time_point> expires = {};
};

// The value of KUBERNETES_EXEC_INFO.
[[nodiscard]] std::string exec_info(const ExecEntry& entry, const http::Server& server);

// Errors quote no secret.
[[nodiscard]] Result<ExecCredential> parse_exec_credential(std::string_view json, const std::string& api_version);

// RFC 3339: "2026-11-23T09:00:00Z", with a fraction or an offset as well.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_timestamp(const std::string& text);

}  // namespace sp::access
