// SPDX-License-Identifier: Apache-2.0
// Texts name verb, resource and what to do. Those that every resource would say alike name no resource, so that an
// outage is one line and not five.
#include "loader/kube/outcome.h"

#include <utility>

#include "loader/source/field.h"

namespace sp::kube {
namespace {

constexpr std::size_t kMaxMessage = 300;

struct StatusObject {
  std::int64_t code = 0;
  std::string message;
  std::optional<std::chrono::seconds> retry_after;
};

StatusObject read_status(simdjson::dom::element object) {
  StatusObject out;
  std::string_view message;
  std::int64_t seconds = 0;
  if (object["code"].get(out.code) != simdjson::SUCCESS) {
    out.code = 0;
  }
  if (object["message"].get(message) == simdjson::SUCCESS) {
    out.message = source::printable(message, kMaxMessage);
  }
  if (object["details"]["retryAfterSeconds"].get(seconds) == simdjson::SUCCESS && seconds > 0 && seconds < 3600) {
    out.retry_after = std::chrono::seconds(seconds);
  }
  return out;
}

Cause cause_of(std::int64_t code) {
  switch (code) {
    case 401:
      return Cause::unauthorized;
    case 403:
      return Cause::forbidden;
    case 404:
      return Cause::not_found;
    case 410:
      return Cause::gone;
    case 429:
      return Cause::throttled;
    default:
      return Cause::server;
  }
}

std::string text_of(Cause cause, const Resource& resource, std::string_view verb, const StatusObject& status) {
  const std::string verb_text(verb);
  const std::string said = status.message.empty() ? "" : " (" + status.message + ")";
  switch (cause) {
    case Cause::unauthorized:
      return "the API server does not accept our credentials (401)" + said +
             ": check that the token or certificate has not expired; the last known state stays in force";
    case Cause::forbidden:
      return verb_text + " " + resource.name + " is forbidden" + said + "; so " + resource.without +
             ": give this user a ClusterRole with get, list and watch of " + resource.name +
             "; to check: kubectl auth can-i " + verb_text + " " + resource.name + " -A";
    case Cause::not_found:
      return "the API server does not know " + resource.name + " (404)" + said + "; so " + resource.without +
             ": check the address of the server and that it is not older than this resource";
    case Cause::throttled:
      return "the API server asks us to slow down (429)" + said + "; the last known state stays in force";
    case Cause::gone:
      return "the history of " + resource.name + " does not reach back that far (410)";
    default:
      return "the API server fails (" + std::to_string(status.code) + ")" + said +
             (status.code >= 500 ? "" : " at " + verb_text + " " + resource.name) +
             "; the last known state stays in force";
  }
}

Outcome odd_answer(const Resource& resource, std::string_view verb, std::string_view text) {
  return {Cause::content,
          std::string(verb) + " " + resource.name + ": " + source::printable(text, kMaxMessage) +
              ": check that this is a Kubernetes API server and what stands between it and us",
          std::nullopt, false};
}

}  // namespace

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::access:
      return "access";
    case Cause::connection:
      return "connection";
    case Cause::silent:
      return "silent";
    case Cause::unauthorized:
      return "unauthorized";
    case Cause::forbidden:
      return "forbidden";
    case Cause::not_found:
      return "not_found";
    case Cause::gone:
      return "gone";
    case Cause::throttled:
      return "throttled";
    case Cause::server:
      return "server";
    case Cause::content:
      break;
  }
  return "content";
}

Outcome outcome_of_status(const Resource& resource, std::string_view verb, const http::Head& head, std::string body,
                          JsonParser& parser) {
  StatusObject status;
  if (const auto document = parser.parse(body)) {
    status = read_status(*document);
  }
  status.code = head.status;
  const Cause cause = cause_of(status.code);
  const bool is_final = (cause == Cause::server && status.code < 500) || cause == Cause::not_found;
  return {cause, text_of(cause, resource, verb, status), head.retry_after ? head.retry_after : status.retry_after,
          is_final};
}

Outcome outcome_of_error_event(const Resource& resource, simdjson::dom::element object) {
  const StatusObject status = read_status(object);
  const Cause cause = cause_of(status.code);
  return {cause, text_of(cause, resource, "watch", status), status.retry_after, false};
}

Outcome outcome_of_end(const ApiEnd& end) {
  const Cause cause = end.access                             ? Cause::access
                      : end.failure == http::Failure::silent ? Cause::silent
                                                             : Cause::connection;
  return {cause, "the API cannot be reached: " + end.text + "; the last known state stays in force", std::nullopt,
          false};
}

Outcome outcome_of_end(const Resource& resource, std::string_view verb, const ApiEnd& end) {
  return end.failure == http::Failure::encoding ? odd_answer(resource, verb, end.text) : outcome_of_end(end);
}

Outcome content_outcome(const Resource& resource, std::string_view verb, std::string_view text) {
  return odd_answer(resource, verb, "the answer " + std::string(text));
}

}  // namespace sp::kube
