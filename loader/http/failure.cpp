// SPDX-License-Identifier: Apache-2.0
#include "loader/http/failure.h"

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace sp::http {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// libcurl counts milliseconds ("after 3 ms", "after 10001 milliseconds"). A text that stays the same for as long as its
// cause does is logged once, so they go.
std::string without_durations(std::string text) {
  constexpr std::string_view kAfter = " after ";
  std::size_t begin = 0;
  while ((begin = text.find(kAfter, begin)) != std::string::npos) {
    const std::size_t digits = begin + kAfter.size();
    const std::size_t unit = std::min(text.find_first_not_of("0123456789", digits), text.size());
    const std::string_view rest = std::string_view(text).substr(unit);
    const std::size_t length = rest.starts_with(" milliseconds") ? 13 : rest.starts_with(" ms") ? 3 : 0;
    if (unit == digits || length == 0) {
      begin = digits;
    } else {
      text.erase(begin, unit + length - begin);
    }
  }
  return text;
}

std::string origin_of(const Endpoint& endpoint) {
  if (endpoint.server.ca_pem.empty()) {
    return "the system's certificate authorities";
  }
  return endpoint.server.ca_origin.empty() ? "the configured certificate authority" : endpoint.server.ca_origin;
}

std::string joined(const std::vector<std::string>& words) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(words.size(), kMost); ++i) {
    text += (i == 0 ? "" : " or ") + words[i];
  }
  return words.size() > kMost ? text + " or " + std::to_string(words.size() - kMost) + " others" : text;
}

std::string name_to_verify(const Endpoint& endpoint) {
  return endpoint.server.tls_server_name.empty() ? endpoint.host : endpoint.server.tls_server_name;
}

// What libcurl says, as the end of a sentence.
std::string in_brackets(const std::string& detail) {
  return detail.empty() ? "" : " (" + detail + ")";
}

// "2026-11-23T09Z": a text with seconds in it would be another one at each try.
std::string hour_now() {
  return to_string(std::chrono::system_clock::now()).substr(0, 13) + "Z";
}

std::string explain_dates(const Endpoint& endpoint, const Rejection& rejection) {
  const bool expired = rejection.reason == X509_V_ERR_CERT_HAS_EXPIRED;
  return "the certificate " + rejection.subject + " of " + endpoint.peer +
         (expired ? " expired at " + to_string(rejection.ends) : " is valid from " + to_string(rejection.begins)) +
         ", and the clock of this machine says " + hour_now() +
         (expired ? ": renew the certificate" : ": wait, or issue it anew") + ", or set the clock if it is wrong";
}

std::string explain_rejection(const Endpoint& endpoint, const Rejection& rejection) {
  switch (rejection.reason) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return explain_dates(endpoint, rejection);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: {
      const std::string expected =
          endpoint.authorities.empty() ? "" : ", expected an issuer " + joined(endpoint.authorities);
      return "the certificate " + rejection.subject + " of " + endpoint.peer + ", issued by " + rejection.issuer +
             ", is not signed by the authority in " + origin_of(endpoint) + expected +
             ": configure the authority that issued it";
    }
    default:
      return "the certificate " + rejection.subject + " of " + endpoint.peer + " is refused (" +
             X509_verify_cert_error_string(rejection.reason) + "): issue another one";
  }
}

// TLS 1.3 lets a server judge our certificate when the handshake is over for us. One that resets the connection at once
// takes its alert with it.
bool is_sudden_end(const Trouble& trouble) {
  const bool broken = trouble.code == CURLE_SEND_ERROR || trouble.code == CURLE_RECV_ERROR;
  return broken && trouble.shook_hands && !trouble.answered && !contains(trouble.detail, "alert");
}

std::string explain_tls(const Endpoint& endpoint, const Trouble& trouble, const std::optional<Rejection>& rejection) {
  const std::string& detail = trouble.detail;
  if (contains(detail, "target host") || contains(detail, "subject name")) {
    const std::string name = name_to_verify(endpoint);
    return "the certificate of " + endpoint.peer + " is not for " + name +
           ": use a name or an address that is in the certificate, or set tls-server-name to one";
  }
  if (trouble.code == CURLE_PEER_FAILED_VERIFICATION && rejection) {
    return explain_rejection(endpoint, *rejection);
  }
  if (contains(detail, "wrong version number") || contains(detail, "http request") ||
      contains(detail, "packet length too long") || contains(detail, "record layer failure")) {
    return endpoint.peer + " does not speak TLS: is it the right port, or a server for http://" + in_brackets(detail);
  }
  if (is_sudden_end(trouble)) {
    return endpoint.peer + " ended the connection right after the TLS handshake: " +
           (trouble.shows_own ? "it seems to refuse our client certificate; is it expired, or of another cluster"
                              : "it seems to refuse us without a client certificate: configure one");
  }
  if (contains(detail, "alert")) {
    return endpoint.peer + " refuses " +
           (trouble.shows_own ? "our client certificate: is it expired, or of another cluster"
                              : "us without a client certificate: configure one") +
           in_brackets(detail);
  }
  if (trouble.code == CURLE_SSL_CERTPROBLEM) {
    return "the client certificate or its key cannot be used: expected a PEM certificate and the key that belongs to "
           "it" +
           in_brackets(detail);
  }
  if (trouble.code == CURLE_SSL_CACERT_BADFILE) {
    return origin_of(endpoint) + " cannot be used: expected PEM certificates" + in_brackets(detail);
  }
  return "no TLS connection to " + endpoint.peer + in_brackets(detail);
}

std::string explain_connect(const Endpoint& endpoint, const Trouble& trouble) {
  const std::string peer = endpoint.proxy.empty() ? endpoint.peer : "the proxy " + endpoint.proxy;
  if (contains(trouble.detail, "CONNECT ")) {
    return "no connection to " + endpoint.peer + ": " + (endpoint.proxy.empty() ? "the proxy" : peer) +
           " does not open a tunnel to it (" + trouble.detail + ")";
  }
  if (trouble.code == CURLE_OPERATION_TIMEDOUT) {
    return "no connection to " + peer + " in time: is the address right, and does a firewall let it through" +
           in_brackets(trouble.detail);
  }
  switch (trouble.os_error) {
    case ECONNREFUSED:
      return "connection to " + peer + " refused: nothing listens there (" + trouble.detail + ")";
    case ENETUNREACH:
    case EHOSTUNREACH:
      return "no route to " + peer + ": check the routes of this machine (" + trouble.detail + ")";
    default:
      return "no connection to " + peer + in_brackets(trouble.detail);
  }
}

std::string explain_protocol(const Endpoint& endpoint, const Trouble& trouble) {
  if (!endpoint.tls && !trouble.answered) {
    return "the answer of " + endpoint.peer + " is not HTTP: does that port expect https://" +
           in_brackets(trouble.detail);
  }
  return "the answer of " + endpoint.peer +
         " is not HTTP as expected: is it the right port, and is a proxy in between" + in_brackets(trouble.detail);
}

bool is_tls(const Trouble& trouble) {
  switch (trouble.code) {
    case CURLE_SSL_CONNECT_ERROR:
      // A peer that hangs up within the handshake is a connection that failed; texts of OpenSSL name its parts.
      return contains(trouble.detail, "SSL routines") || contains(trouble.detail, "error:");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_USE_SSL_FAILED:
      return true;
    // TLS 1.3 refuses a client only after the handshake, as the first thing that is read.
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return is_sudden_end(trouble) || contains(trouble.detail, "alert certificate") ||
             contains(trouble.detail, "alert unknown ca") || contains(trouble.detail, "alert bad certificate") ||
             contains(trouble.detail, "alert access denied");
    default:
      return false;
  }
}

Failure classify(const Trouble& trouble) {
  if (is_tls(trouble)) {
    return Failure::tls;
  }
  switch (trouble.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Failure::resolve;
    case CURLE_OPERATION_TIMEDOUT:
      return contains(trouble.detail, "Resolving") ? Failure::resolve : Failure::connect;
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_INTERFACE_FAILED:
      return Failure::connect;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      // Proxies that refuse a tunnel end here as well.
      return trouble.connected ? Failure::cut : Failure::connect;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return Failure::cut;
    default:
      return Failure::protocol;
  }
}

}  // namespace

End explain(const Endpoint& endpoint, const Trouble& seen, const std::optional<Rejection>& rejection) {
  Trouble trouble = seen;
  trouble.detail = without_durations(std::move(trouble.detail));
  const Failure failure = classify(trouble);
  switch (failure) {
    case Failure::resolve: {
      const bool proxy = trouble.code == CURLE_COULDNT_RESOLVE_PROXY;
      return {failure, "no address for " + (proxy ? "the proxy of " + endpoint.peer : endpoint.host) +
                           ": check the name and this machine's DNS" + in_brackets(trouble.detail)};
    }
    case Failure::tls:
      return {failure, explain_tls(endpoint, trouble, rejection)};
    case Failure::connect:
      return {failure, explain_connect(endpoint, trouble)};
    case Failure::cut:
      return {failure, endpoint.peer + " ended the connection " +
                           (trouble.answered ? "in the middle of an answer" : "without an answer") +
                           in_brackets(trouble.detail)};
    default:
      return {Failure::protocol, explain_protocol(endpoint, trouble)};
  }
}

End explain_silence(const Endpoint& endpoint, std::chrono::milliseconds silence, bool connected) {
  const std::string span = std::to_string(silence.count()) + " ms";
  if (!connected) {
    return {Failure::connect, "no connection to " + endpoint.peer + " within " + span +
                                  ": is the address right, and does a firewall let it through"};
  }
  return {Failure::silent, "nothing from " + endpoint.peer + " for " + span + ": is the server overloaded or frozen"};
}

}  // namespace sp::http
