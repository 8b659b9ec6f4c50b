// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/discovery.h"

#include <algorithm>

#include "tests/harness/fake_api/resource.h"

namespace sp::fake_api {
namespace {

std::string base_path(const Resource& resource) {
  return (resource.group.empty() ? "/api/" : "/apis/") + resource.api_version();
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

Json resource_list(std::string_view path) {
  Json list = {{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"resources", Json::array()}};
  for (const Resource& resource : resources()) {
    if (base_path(resource) != path) continue;
    list["groupVersion"] = resource.api_version();
    list["resources"].push_back({{"name", resource.plural},
                                 {"singularName", lower(resource.kind)},
                                 {"namespaced", resource.namespaced},
                                 {"kind", resource.kind},
                                 {"verbs", {"create", "delete", "get", "list", "patch", "update", "watch"}}});
  }
  return list;
}

Json group_list() {
  Json list = {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", Json::array()}};
  for (const Resource& resource : resources()) {
    if (resource.group.empty()) continue;
    const Json version = {{"groupVersion", resource.api_version()}, {"version", resource.version}};
    list["groups"].push_back(
        {{"name", resource.group}, {"versions", Json::array({version})}, {"preferredVersion", version}});
  }
  return list;
}

}  // namespace

std::optional<std::string> discovery_document(std::string_view path) {
  if (path == "/api") return Json{{"kind", "APIVersions"}, {"versions", Json::array({"v1"})}}.dump();
  if (path == "/apis") return group_list().dump();
  const Json list = resource_list(path);
  if (list["resources"].empty()) return std::nullopt;
  return list.dump();
}

}  // namespace sp::fake_api
