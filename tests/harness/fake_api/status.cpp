// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/status.h"

namespace sp::fake_api {
namespace {

// "endpointslices.discovery.k8s.io"
std::string full_name(const Resource& resource) {
  return std::string(resource.plural) + (resource.group.empty() ? "" : ".") + std::string(resource.group);
}

Json details_of(const Resource& resource, const std::string& name) {
  Json details = {{"name", name}, {"kind", resource.plural}};
  if (!resource.group.empty()) details["group"] = resource.group;
  return details;
}

}  // namespace

std::string Status::text() const {
  Json meta = Json::object();
  if (!next.empty()) meta["continue"] = next;
  Json status = {{"kind", "Status"},   {"apiVersion", "v1"}, {"metadata", meta}, {"status", "Failure"},
                 {"message", message}, {"reason", reason},   {"code", code}};
  if (!details.is_null()) status["details"] = details;
  return status.dump();
}

Status bad_request(const std::string& message) {
  return {400, "BadRequest", message};
}

Status unauthorized() {
  return {401, "Unauthorized", "Unauthorized"};
}

Status not_found_path() {
  return {404, "NotFound", "the server could not find the requested resource", Json::object()};
}

Status not_found(const Resource& resource, const std::string& name) {
  return {404, "NotFound", full_name(resource) + " \"" + name + "\" not found", details_of(resource, name)};
}

Status already_exists(const Resource& resource, const std::string& name) {
  return {409, "AlreadyExists", full_name(resource) + " \"" + name + "\" already exists", details_of(resource, name)};
}

Status method_not_allowed() {
  return {405, "MethodNotAllowed", "the server does not allow this method on the requested resource", Json::object()};
}

Status not_acceptable() {
  return {406, "NotAcceptable", "only the following media types are accepted: application/json"};
}

Status unsupported_media_type(const std::string& accepted) {
  return {415, "UnsupportedMediaType",
          "the body of the request was in an unknown format - accepted media types include: " + accepted};
}

Status invalid(const std::string& kind, const std::string& name, const std::string& field, const std::string& why) {
  const std::size_t dot = kind.find('.');
  Json details = {{"name", name},
                  {"kind", kind.substr(0, dot)},
                  {"causes", {{{"reason", "FieldValueInvalid"}, {"message", why}, {"field", field}}}}};
  if (dot != std::string::npos) details["group"] = kind.substr(dot + 1);
  return {422, "Invalid", kind + " \"" + name + "\" is invalid: " + field + ": " + why, details};
}

Status expired(const std::string& message) {
  return {410, "Expired", message};
}

Status too_large_version(std::uint64_t asked, std::uint64_t current) {
  const std::string message =
      "Too large resource version: " + std::to_string(asked) + ", current: " + std::to_string(current);
  const Json details = {
      {"causes", {{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}}},
      {"retryAfterSeconds", 1}};
  return {504, "Timeout", message, details};
}

}  // namespace sp::fake_api
