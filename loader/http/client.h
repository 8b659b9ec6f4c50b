// SPDX-License-Identifier: Apache-2.0
// Client: HTTP requests to one server over libcurl, on an event loop of the caller; answers are streamed.
//
// Promises: TLS is verified unless `skip_verify` says otherwise; HTTP/2 when the server offers it, and then one
// connection for everything; a peer that is gone is noticed within seconds (TCP keep-alive and TCP_USER_TIMEOUT), one
// that is alive but silent after Request::max_silence; start() never fails: what goes wrong arrives in `end`. Handlers
// are called from the loop only, never from within start() or cancel(); they may start and cancel exchanges, their own
// included, and destroy the client. No text contains a token or a password. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "loader/util/event_loop.h"
#include "loader/util/result.h"

namespace sp::http {

struct Server {
  std::string url = {};              // "https://192.0.2.1:6443", may have a path; without a slash at its end
  std::string ca_pem = {};           // empty = the system's authorities
  std::string tls_server_name = {};  // empty = the host of `url`
  bool skip_verify = false;
  std::string proxy_url = {};  // empty = as the environment says (HTTPS_PROXY, NO_PROXY)
  std::string ca_origin = {};  // where ca_pem comes from, for messages: "certificate-authority-data of kubeconfig F"

  bool operator==(const Server&) const = default;
};

struct ClientCertificate {
  std::string certificate_pem = {};
  std::string key_pem = {};

  bool operator==(const ClientCertificate&) const = default;
};

struct Credentials {
  std::string bearer_token = {};  // empty = none
  std::string username = {};      // with `password`: basic authentication; empty = none
  std::string password = {};
  std::optional<ClientCertificate> certificate = {};

  bool operator==(const Credentials&) const = default;
};

struct Request {
  std::string method = "GET";
  std::string target = {};        // path and query: "/api/v1/services?limit=500"
  std::string body = {};          // sent if not empty
  std::string content_type = {};  // of `body`
  std::string accept = "application/json";
  // Lets the server compress its answer; what the handlers get is plain.
  bool takes_gzip = false;
  // No byte of an answer for that long is a failure.
  std::chrono::milliseconds max_silence{30'000};
};

struct Head {
  int status = 0;
  bool http2 = false;
  std::string content_type = {};
  std::string content_encoding = {};                                      // handlers get the body without it
  std::optional<std::chrono::seconds> retry_after = {};                   // as seconds or as a date
  std::optional<std::chrono::system_clock::time_point> server_time = {};  // header Date
};

enum class Failure : std::uint8_t {
  none,      // the answer is complete
  resolve,   // no address for the host
  connect,   // refused, unreachable, or no connection in time
  tls,       // handshake or verification
  silent,    // nothing came for max_silence
  cut,       // the connection ended before the answer did
  protocol,  // not HTTP, or broken
  encoding,  // compressed, and cannot be decompressed
};

struct End {
  Failure failure = Failure::none;
  std::string text = {};  // one sentence that says what to do, if failure
};

struct Handlers {
  std::function<void(const Head&)> head = {};
  std::function<void(std::string_view)> body = {};
  std::function<void(const End&)> end = {};  // once, as the last call; never after cancel()
};

// A request was answered: its head has arrived, after `duration`. Status 0: it failed without one.
struct Answered {
  std::string_view method;
  int status = 0;
  std::chrono::nanoseconds duration{};
};
using Observer = std::function<void(const Answered&)>;

class Client {
 public:
  enum class Id : std::uint64_t {};

  // `loop` must outlive the client. An Error says what is wrong with `server`. `observer` is called from the loop, for
  // metrics; it must not call the client.
  [[nodiscard]] static Result<std::unique_ptr<Client>> create(EventLoop& loop, Server server, Observer observer = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  virtual Id start(const Request& request, const Credentials& credentials, Handlers handlers) = 0;
  virtual void cancel(Id id) = 0;
  // Later requests use new connections: the server or the credentials are others, or the connection is suspect.
  // Exchanges under way go on. Happens by itself after an exchange that ended as `silent`.
  virtual void renew_connections() = 0;

 protected:
  Client() = default;
};

}  // namespace sp::http
