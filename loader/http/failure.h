// SPDX-License-Identifier: Apache-2.0
// From libcurl's codes to a Failure and a sentence that says what to do. Pure, but for the clock that an expired
// certificate is compared with.
#pragma once

#include <chrono>
#include <string>

#include "loader/http/certificate.h"
#include "loader/http/client.h"
#include "loader/http/endpoint.h"

namespace sp::http {

struct Trouble {
  int code = 0;              // CURLcode
  std::string detail;        // libcurl's own words; may be empty
  int os_error = 0;          // errno of a connection attempt
  bool connected = false;    // a connection was there
  bool shook_hands = false;  // the TLS handshake of a connection made for this request had ended
  bool answered = false;     // a head was delivered
  bool shows_own = false;    // a client certificate was configured
};

[[nodiscard]] End explain(const Endpoint& endpoint, const Trouble& trouble, const std::optional<Rejection>& rejection);
[[nodiscard]] End explain_silence(const Endpoint& endpoint, std::chrono::milliseconds silence, bool connected);

}  // namespace sp::http
