// SPDX-License-Identifier: Apache-2.0
#include "loader/http/endpoint.h"

#include <curl/curl.h>

#include <memory>
#include <utility>

#include "loader/http/certificate.h"

namespace sp::http {
namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

std::string part(const Url& url, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), what, &text, flags) != CURLUE_OK) {
    return {};
  }
  std::string copy(text);
  curl_free(text);
  return copy;
}

Error wrong_url(const std::string& url, const std::string& what) {
  return Error{0, "server URL '" + url + "' " + what + ": expected https://HOST:PORT"};
}

std::string bracketed(const std::string& name) {
  return name.find(':') == std::string::npos || name.starts_with('[') ? name : "[" + name + "]";
}

// host:port of a proxy. Its URL may contain a password, so no message quotes it.
Result<std::string> proxy_peer(const std::string& text) {
  const Url url(curl_url());
  if (!url) {
    return errno_error(ENOMEM, "proxy URL");
  }
  // As libcurl: what has no scheme is http://.
  const unsigned flags = CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME;
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), flags) != CURLUE_OK) {
    return Error{0, "the proxy URL cannot be read: expected http://HOST:PORT, https:// or socks5://"};
  }
  const std::string port = part(url, CURLUPART_PORT);
  return part(url, CURLUPART_HOST) + (port.empty() ? "" : ":" + port);
}

}  // namespace

Result<Endpoint> Endpoint::parse(Server server) {
  const Url url(curl_url());
  if (!url) {
    return errno_error(ENOMEM, "server URL");
  }
  if (const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, server.url.c_str(), 0); code != CURLUE_OK) {
    return wrong_url(server.url, std::string("cannot be read (") + curl_url_strerror(code) + ")");
  }
  const std::string scheme = part(url, CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") {
    return wrong_url(server.url, "begins with " + scheme + "://");
  }
  if (!part(url, CURLUPART_USER).empty() || !part(url, CURLUPART_PASSWORD).empty()) {
    return Error{0, "server URL contains a user or a password: give them as credentials"};
  }
  if (!part(url, CURLUPART_QUERY).empty() || !part(url, CURLUPART_FRAGMENT).empty()) {
    return wrong_url(server.url, "has a query or a fragment");
  }
  Endpoint endpoint;
  endpoint.tls = scheme == "https";
  endpoint.host = part(url, CURLUPART_HOST);
  const std::string port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  endpoint.peer = endpoint.host + ":" + port;
  std::string path = part(url, CURLUPART_PATH);
  while (path.ends_with('/')) {
    path.pop_back();
  }
  std::string name = bracketed(server.tls_server_name);
  if (endpoint.tls && !name.empty() && name != endpoint.host) {
    endpoint.connect_to = name + ":" + port + ":" + endpoint.peer;
    endpoint.host_header = "Host: " + endpoint.peer;
  } else {
    name = endpoint.host;
  }
  endpoint.base = scheme + "://" + name + ":" + port + path;
  if (endpoint.tls && !server.ca_pem.empty()) {
    SP_TRY_ASSIGN(subjects, subjects_of(server.ca_pem));
    if (subjects.empty()) {
      return Error{0, (server.ca_origin.empty() ? "the certificate authority" : server.ca_origin) +
                          " contains no certificate: expected PEM blocks BEGIN CERTIFICATE"};
    }
    endpoint.authorities = std::move(subjects);
  }
  if (!server.proxy_url.empty()) {
    SP_TRY_ASSIGN(proxy, proxy_peer(server.proxy_url));
    endpoint.proxy = std::move(proxy);
  }
  endpoint.server = std::move(server);
  return endpoint;
}

}  // namespace sp::http
