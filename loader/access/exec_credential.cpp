// SPDX-License-Identifier: Apache-2.0
#include "loader/access/exec_credential.h"

#include <simdjson.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "loader/access/base64.h"
#include "loader/util/json.h"

namespace sp::access {
namespace {

using simdjson::dom::element;

void write_cluster(JsonWriter& json, const http::Server& server) {
  const auto text = [&json](std::string_view key, const std::string& value) {
    if (!value.empty()) {
      json.key(key);
      json.string(value);
    }
  };
  json.key("cluster");
  json.begin_object();
  text("server", server.url);
  text("tls-server-name", server.tls_server_name);
  text("proxy-url", server.proxy_url);
  text("certificate-authority-data", encode_base64(server.ca_pem));
  if (server.skip_verify) {
    json.key("insecure-skip-tls-verify");
    json.boolean(true);
  }
  json.end_object();
}

// The text at `key`; empty when there is none.
Result<std::string> text_at(const element& parent, std::string_view key) {
  element found;
  if (parent[key].get(found) != simdjson::SUCCESS || found.is_null()) {
    return std::string();
  }
  std::string_view text;
  if (found.get(text) != simdjson::SUCCESS) {
    return Error{0, std::string(key) + " is no text"};
  }
  return std::string(text);
}

Result<ExecCredential> read_status(const element& status) {
  ExecCredential credential;
  SP_TRY_ASSIGN(token, text_at(status, "token"));
  SP_TRY_ASSIGN(certificate, text_at(status, "clientCertificateData"));
  SP_TRY_ASSIGN(key, text_at(status, "clientKeyData"));
  SP_TRY_ASSIGN(expiry, text_at(status, "expirationTimestamp"));
  if (certificate.empty() != key.empty()) {
    return Error{0, "status has one of clientCertificateData and clientKeyData: expected both or none"};
  }
  if (token.empty() && certificate.empty()) {
    return Error{0, "status has neither token nor clientCertificateData: expected one of them"};
  }
  if (!certificate.empty()) {
    credential.certificate = http::ClientCertificate{std::move(certificate), std::move(key)};
  }
  if (!expiry.empty()) {
    credential.expires = parse_timestamp(expiry);
    if (!credential.expires) {
      return Error{0, "status.expirationTimestamp is no RFC 3339 time, as in 2026-01-31T12:00:00Z"};
    }
  }
  credential.token = std::move(token);
  return credential;
}

}  // namespace

std::string exec_info(const ExecEntry& entry, const http::Server& server) {
  JsonWriter json;
  json.begin_object();
  json.key("apiVersion");
  json.string(entry.api_version);
  json.key("kind");
  json.string("ExecCredential");
  json.key("spec");
  json.begin_object();
  json.key("interactive");
  json.boolean(false);
  if (entry.provide_cluster_info) {
    write_cluster(json, server);
  }
  json.end_object();
  json.end_object();
  return json.text();
}

Result<ExecCredential> parse_exec_credential(std::string_view json, const std::string& api_version) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return Error{0, "printed no JSON object: expected an ExecCredential"};
  }
  SP_TRY_ASSIGN(kind, text_at(root, "kind"));
  SP_TRY_ASSIGN(version, text_at(root, "apiVersion"));
  if (kind != "ExecCredential" || version != api_version) {
    return Error{0, "printed " + (kind.empty() ? "no kind" : kind) + " of " +
                        (version.empty() ? "no apiVersion" : version) + ": expected ExecCredential of " + api_version +
                        ", as the kubeconfig says"};
  }
  element status;
  if (root["status"].get(status) != simdjson::SUCCESS || !status.is_object()) {
    return Error{0, "printed an ExecCredential without a status: expected one with a token or a certificate"};
  }
  return read_status(status);
}

std::optional<std::chrono::system_clock::time_point> parse_timestamp(const std::string& text) {
  std::tm broken_down{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &broken_down);
  if (rest == nullptr) {
    return std::nullopt;
  }
  if (*rest == '.') {
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest) {
    }
  }
  std::tm zone{};
  const bool utc = std::string_view(rest) == "Z" || std::string_view(rest) == "z";
  if (!utc && (std::string_view(rest).size() != 6 || ::strptime(rest, "%z", &zone) == nullptr)) {
    return std::nullopt;
  }
  // The clock counts nanoseconds and ends in 2262: "9999-12-31T23:59:59Z" would wrap around into the past.
  using Time = std::chrono::system_clock;
  const std::time_t seconds = ::timegm(&broken_down) - (utc ? 0 : zone.tm_gmtoff);
  return Time::from_time_t(
      std::clamp(seconds, Time::to_time_t(Time::time_point::min()) + 1, Time::to_time_t(Time::time_point::max()) - 1));
}

}  // namespace sp::access
