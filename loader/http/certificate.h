// SPDX-License-Identifier: Apache-2.0
// What a server's certificate says, for messages: libcurl tells that one was rejected, not which.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/util/result.h"

namespace sp::http {

// A certificate that verification stopped at.
struct Rejection {
  int reason = 0;  // X509_V_ERR_*
  std::string subject;
  std::string issuer;
  std::chrono::system_clock::time_point begins;
  std::chrono::system_clock::time_point ends;
};

// The certificates that have been rejected, last one only. Lives as long as the connections that report to it.
class Rejections {
 public:
  // Has each handshake of an SSL_CTX (OpenSSL's, as libcurl hands it out) report here. Verification is left as it is.
  void observe(void* ssl_ctx);
  [[nodiscard]] const std::optional<Rejection>& last() const { return last_; }
  void note(Rejection rejection) { last_ = std::move(rejection); }

 private:
  std::optional<Rejection> last_;
};

// "CN=kubernetes" of each certificate in `pem`.
[[nodiscard]] Result<std::vector<std::string>> subjects_of(std::string_view pem);
// "2026-11-23T09:00:00Z"
[[nodiscard]] std::string to_string(std::chrono::system_clock::time_point time);

}  // namespace sp::http
