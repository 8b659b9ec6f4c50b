// SPDX-License-Identifier: Apache-2.0
// HttpServer: answers GET and HEAD on one listening socket, from the event loop of its owner, without threads.
//
// Promises: no client holds anything for long: a connection serves one request and is gone kDeadline after it began,
// finished or not; at most kMaxConnections are open, and one more ends the oldest, so that idlers cannot keep a probe
// out; each has kConnectionBytes for its request. Other methods get 405. When the object goes, so do its socket and
// connections. A handler must not destroy its server. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "loader/serve/bind_address.h"
#include "loader/util/event_loop.h"
#include "loader/util/result.h"

namespace sp::serve {

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};  // beyond Content-Type and those of HTTP itself
};

// `path` is decoded and without its query.
using Handler = std::function<Response(std::string_view path)>;

// 404 in the words of Go's server, which probes and people know.
[[nodiscard]] Response not_found();

class HttpServer {
 public:
  static constexpr std::chrono::seconds kDeadline{10};
  static constexpr std::size_t kMaxConnections = 128;
  static constexpr std::size_t kConnectionBytes = 8192;

  // `loop` must outlive the server. The error names the address and what to look at.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen(EventLoop& loop, const BindAddress& address,
                                                                  Handler handler,
                                                                  std::chrono::milliseconds deadline = kDeadline);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  // With the port that the kernel chose if the address said 0.
  [[nodiscard]] const BindAddress& address() const;
  [[nodiscard]] std::size_t open_connections() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sp::serve
