// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 on one connection, strict: what the API server's HTTP library would refuse is refused.
#pragma once

#include <atomic>
#include <string>

#include "tests/harness/fake_api/stream.h"

namespace sp::fake_api {

// What the server around a connection has to say.
struct Host {
  const std::atomic<bool>& stopping;                 // ends connections between requests
  std::function<void()> gate;                        // called before anything is sent; may wait
  std::function<void(const std::string&)> complain;  // told of requests that no client should send
};

// Serves requests until either side ends the connection.
void serve_http1(Stream& stream, const Handler& handler, const Host& host);

}  // namespace sp::fake_api
