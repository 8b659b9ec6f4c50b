// SPDX-License-Identifier: Apache-2.0
// Endpoint: a Server, checked and taken apart once, for all requests to it.
#pragma once

#include <string>
#include <vector>

#include "loader/http/client.h"
#include "loader/util/result.h"

namespace sp::http {

struct Endpoint {
  Server server;
  bool tls = true;
  std::string host;  // of server.url; an IPv6 address in brackets
  std::string peer;  // host:port, for messages
  // What request URLs begin with. Its host is the name that TLS sends and verifies: server.tls_server_name if there is
  // one. libcurl has no option for a name of its own, so the two below lead back to the real host.
  std::string base;
  std::string connect_to;   // entry of CURLOPT_CONNECT_TO; empty = the host of `base`
  std::string host_header;  // "Host: 192.0.2.1:6443"; empty = the host of `base`
  std::string proxy;        // host:port of server.proxy_url, for messages; empty = none is configured
  // Subjects of the certificates in server.ca_pem, for messages.
  std::vector<std::string> authorities;

  // An Error says what is wrong with the URL or the authority.
  [[nodiscard]] static Result<Endpoint> parse(Server server);
};

}  // namespace sp::http
