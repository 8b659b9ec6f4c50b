// SPDX-License-Identifier: Apache-2.0
// What an Exchange asks of libcurl.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "loader/http/exchange.h"

namespace sp::http {
namespace {

// A dead server is noticed 15 s after the last sign of life: by unacknowledged data, or by probes of idle connections.
constexpr int kIdleBeforeProbe_s = 5;
constexpr int kProbeInterval_s = 5;
constexpr unsigned kUnacknowledged_ms = 15'000;
constexpr long kConnect_ms = 10'000;
// Larger than the default: a list of all EndpointSlices has megabytes.
constexpr long kReadBuffer_bytes = 64L * 1024;

void set_socket(int fd, int level, int option, const void* value, socklen_t size) {
  // An option that a socket does not have (Unix sockets of a proxy) is no reason to do without the connection.
  (void)::setsockopt(fd, level, option, value, size);
}

int on_socket_made(void*, curl_socket_t fd, curlsocktype) {
  const int on = 1;
  set_socket(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  set_socket(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kIdleBeforeProbe_s, sizeof kIdleBeforeProbe_s);
  set_socket(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kProbeInterval_s, sizeof kProbeInterval_s);
  set_socket(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledged_ms, sizeof kUnacknowledged_ms);
  return CURL_SOCKOPT_OK;
}

bool fits_into_a_header(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

curl_blob to_blob(const std::string& pem) {
  // Copied: connections keep it for longer than the request lasts.
  return {const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_COPY};
}

}  // namespace

template <typename T>
void Exchange::set(CURLoption option, T value) {
  if (const CURLcode code = curl_easy_setopt(easy_.get(), option, value); code != CURLE_OK && setting_ == CURLE_OK) {
    setting_ = code;
  }
}

CURLcode Exchange::on_tls(CURL*, void* ssl_ctx, void* rejections) {
  static_cast<Rejections*>(rejections)->observe(ssl_ctx);
  return CURLE_OK;
}

void Exchange::set_request(const Request& request) {
  method_ = request.method;
  body_ = request.body;
  set(CURLOPT_URL, (endpoint_.base + request.target).c_str());
  // These have a body, if an empty one: servers want its length.
  if (!body_.empty() || method_ == "POST" || method_ == "PUT" || method_ == "PATCH") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
    set(CURLOPT_POSTFIELDS, body_.c_str());
  }
  if (method_ == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  }
  set(CURLOPT_CUSTOMREQUEST, method_.c_str());
  set(CURLOPT_ERRORBUFFER, detail_.data());
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_BUFFERSIZE, kReadBuffer_bytes);
  set(CURLOPT_PATH_AS_IS, 1L);
}

void Exchange::set_peer() {
  const Server& server = endpoint_.server;
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  // Waits for a connection that is being made to say whether it can be shared, instead of making another one.
  set(CURLOPT_PIPEWAIT, 1L);
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnect_ms);
  set(CURLOPT_SOCKOPTFUNCTION, &on_socket_made);
  if (!server.proxy_url.empty()) {
    set(CURLOPT_PROXY, server.proxy_url.c_str());
    set(CURLOPT_NOPROXY, "");
  }
  if (!endpoint_.connect_to.empty()) {
    connect_to_.reset(curl_slist_append(nullptr, endpoint_.connect_to.c_str()));
    set(CURLOPT_CONNECT_TO, connect_to_.get());
  }
  if (!endpoint_.tls) {
    return;
  }
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, server.skip_verify ? 0L : 1L);
  set(CURLOPT_SSL_VERIFYHOST, server.skip_verify ? 0L : 2L);
  if (!server.ca_pem.empty()) {
    const curl_blob blob = to_blob(server.ca_pem);
    set(CURLOPT_CAINFO_BLOB, &blob);
    // The system's authorities are none of ours.
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  set(CURLOPT_SSL_CTX_FUNCTION, &Exchange::on_tls);
  set(CURLOPT_SSL_CTX_DATA, &rejections_);
}

void Exchange::set_credentials(const Credentials& credentials) {
  if (!credentials.username.empty() && credentials.bearer_token.empty()) {
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set(CURLOPT_USERNAME, credentials.username.c_str());
    set(CURLOPT_PASSWORD, credentials.password.c_str());
  }
  if (credentials.certificate) {
    shows_certificate_ = true;
    const curl_blob certificate = to_blob(credentials.certificate->certificate_pem);
    const curl_blob key = to_blob(credentials.certificate->key_pem);
    set(CURLOPT_SSLCERTTYPE, "PEM");
    set(CURLOPT_SSLCERT_BLOB, &certificate);
    set(CURLOPT_SSLKEYTYPE, "PEM");
    set(CURLOPT_SSLKEY_BLOB, &key);
  }
}

Result<void> Exchange::set_headers(const Request& request, const Credentials& credentials) {
  const auto add = [this](const std::string& line) {
    if (curl_slist* longer = curl_slist_append(headers_.get(), line.c_str()); longer != nullptr) {
      (void)headers_.release();
      headers_.reset(longer);
    } else {
      setting_ = CURLE_OUT_OF_MEMORY;
    }
  };
  if (!fits_into_a_header(credentials.bearer_token)) {
    return Error{0, "the bearer token for " + endpoint_.peer +
                        " contains a line break or a control character: "
                        "expected one word"};
  }
  add("Accept: " + request.accept);
  if (request.takes_gzip) {
    add("Accept-Encoding: gzip");
  }
  // libcurl would wait for "100 Continue" before it sends a larger body.
  add("Expect:");
  if (!body_.empty()) {
    add("Content-Type: " + request.content_type);
  }
  if (!endpoint_.host_header.empty()) {
    add(endpoint_.host_header);
  }
  if (!credentials.bearer_token.empty()) {
    add("Authorization: Bearer " + credentials.bearer_token);
  }
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_USERAGENT, "sallyport");
  return {};
}

}  // namespace sp::http
