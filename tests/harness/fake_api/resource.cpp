// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/resource.h"

#include <algorithm>
#include <array>

namespace sp::fake_api {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    parts.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// A boolean that is absent selects as false.
bool is_boolean(std::string_view path) {
  return path == "spec.unschedulable" || path == "spec.hostNetwork";
}

}  // namespace

std::string Resource::api_version() const {
  return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
}

bool Resource::selects(std::string_view field) const {
  return field == "metadata.name" || (namespaced && field == "metadata.namespace") ||
         std::find(selectable.begin(), selectable.end(), field) != selectable.end();
}

const std::vector<Resource>& resources() {
  static const std::vector<Resource> all = {
      {.plural = "services",
       .kind = "Service",
       .has_status = true,
       .selectable = {"spec.clusterIP", "spec.type"},
       .empty_fields = R"("spec":{},"status":{"loadBalancer":{}})"},
      {.plural = "pods",
       .kind = "Pod",
       .has_status = true,
       .selectable = {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
                      "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"},
       .empty_fields = R"("spec":{"containers":null},"status":{})"},
      {.plural = "nodes",
       .kind = "Node",
       .namespaced = false,
       .has_status = true,
       .selectable = {"spec.unschedulable"},
       .empty_fields = R"("spec":{},"status":{"daemonEndpoints":{"kubeletEndpoint":{"Port":0}}})"},
      {.group = "discovery.k8s.io",
       .plural = "endpointslices",
       .kind = "EndpointSlice",
       .empty_fields = R"("addressType":"","endpoints":null,"ports":null)"},
      {.group = "networking.k8s.io",
       .plural = "servicecidrs",
       .kind = "ServiceCIDR",
       .namespaced = false,
       .has_status = true,
       .empty_fields = R"("spec":{},"status":{})"},
      {.group = "events.k8s.io",
       .plural = "events",
       .kind = "Event",
       .selectable = {"reason", "type", "reportingController", "regarding.kind", "regarding.name",
                      "regarding.namespace"},
       .empty_fields = R"("eventTime":null,"regarding":{},"deprecatedSource":{})"},
  };
  return all;
}

const Resource* resource_named(std::string_view group, std::string_view version, std::string_view plural) {
  for (const Resource& resource : resources()) {
    if (resource.group == group && resource.version == version && resource.plural == plural) return &resource;
  }
  return nullptr;
}

const Resource* resource_named(std::string_view plural) {
  for (const Resource& resource : resources()) {
    if (resource.plural == plural) return &resource;
  }
  return nullptr;
}

const Resource* resource_of(const Json& object) {
  for (const Resource& resource : resources()) {
    if (field_text(object, "kind") == resource.kind && field_text(object, "apiVersion") == resource.api_version()) {
      return &resource;
    }
  }
  return nullptr;
}

std::optional<Place> parse_place(std::string_view path) {
  const std::vector<std::string> parts = parts_of(path);
  std::size_t next = 0;
  std::string group;
  if (parts.size() >= 3 && parts[0] == "api") {
    next = 1;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    group = parts[1];
    next = 2;
  } else {
    return std::nullopt;
  }
  const std::string version = parts[next++];
  Place place;
  if (parts[next] == "namespaces" && parts.size() >= next + 3) {
    place.ns = parts[next + 1];
    next += 2;
  }
  place.resource = resource_named(group, version, parts[next++]);
  if (place.resource == nullptr || (!place.ns.empty() && !place.resource->namespaced)) return std::nullopt;
  if (next < parts.size()) place.name = parts[next++];
  if (next < parts.size() && parts[next] == "status" && place.resource->has_status) {
    place.status = true;
    ++next;
  }
  // Other subresources are not served, and an object of a namespace has no place without one.
  const bool lost = place.resource->namespaced && !place.name.empty() && place.ns.empty();
  if (next < parts.size() || lost) return std::nullopt;
  return place;
}

std::string key_of(const std::string& ns, const std::string& name) {
  return ns.empty() ? name : ns + "/" + name;
}

std::string field_text(const Json& object, std::string_view dotted_path) {
  const Json* at = &object;
  for (std::string_view rest = dotted_path; !rest.empty();) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string key(rest.substr(0, dot));
    rest.remove_prefix(std::min(dot + 1, rest.size()));
    if (!at->is_object() || !at->contains(key)) return is_boolean(dotted_path) ? "false" : "";
    at = &at->at(key);
  }
  if (at->is_string()) return at->get<std::string>();
  if (at->is_boolean()) return at->get<bool>() ? "true" : "false";
  return "";
}

}  // namespace sp::fake_api
