// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/http_objects.h"

#include <httplib.h>

#include <stdexcept>

namespace sp::test {
namespace {

using fake_api::Json;
using fake_api::Resource;

std::string collection(const Resource& resource, const std::string& ns) {
  const std::string base = (resource.group.empty() ? "/api/" : "/apis/") + resource.api_version();
  return base + (ns.empty() ? "" : "/namespaces/" + ns) + "/" + std::string(resource.plural);
}

}  // namespace

HttpObjects::HttpObjects(const std::string& url, std::string token)
    : client_(std::make_unique<httplib::Client>(url)), token_(std::move(token)) {
  client_->enable_server_certificate_verification(false);
  client_->set_keep_alive(true);
  client_->set_tcp_nodelay(true);
  client_->set_read_timeout(20);
}

HttpObjects::~HttpObjects() = default;

HttpObjects::Answer HttpObjects::send(const std::string& method, const std::string& target,
                                      const std::string& body) const {
  httplib::Request request;
  request.method = method;
  request.path = target;
  request.headers = {{"Authorization", "Bearer " + token_}, {"Accept", "application/json"}};
  if (!body.empty()) request.set_header("Content-Type", "application/json");
  request.body = body;
  const auto answer = client_->send(request);
  return answer ? Answer{answer->status, answer->body} : Answer{};
}

int HttpObjects::get(const std::string& target) const {
  return send("GET", target).status;
}

void HttpObjects::demand(const std::string& method, const std::string& target, const Json& object) const {
  const Answer answer = send(method, target, object.dump());
  if (answer.status < 200 || answer.status > 299) {
    throw std::runtime_error(method + " " + target + ": " + std::to_string(answer.status) + " " + answer.body);
  }
}

void HttpObjects::put_object(const Json& object) {
  const Resource* resource = fake_api::resource_of(object);
  if (resource == nullptr) throw std::runtime_error("put of what is not served: " + object.dump());
  const std::string place = collection(*resource, fake_api::field_text(object, "metadata.namespace"));
  const std::string target = place + "/" + fake_api::field_text(object, "metadata.name");
  Json sent = object;
  const Answer before = send("GET", target);
  if (before.status == 200) {
    const Json stored = Json::parse(before.body);
    sent["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"];
    demand("PUT", target, sent);
  } else {
    demand("POST", place, sent);
  }
  if (!object.contains("status") || !resource->has_status) return;
  sent["metadata"].erase("resourceVersion");
  demand("PUT", target + "/status", sent);
}

void HttpObjects::remove_object(const std::string& plural, const std::string& ns, const std::string& name) {
  const Resource* resource = fake_api::resource_named(plural);
  // Pods are to go at once, without the grace that a kubelet would end.
  const Json options = {{"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"gracePeriodSeconds", 0}};
  demand("DELETE", collection(*resource, ns) + "/" + name, options);
}

std::vector<Json> HttpObjects::list(const std::string& plural) const {
  const Answer answer = send("GET", collection(*fake_api::resource_named(plural), ""));
  const Json list = Json::parse(answer.body, nullptr, false);
  std::vector<Json> items;
  if (!list.is_object() || !list.contains("items")) return items;
  for (const Json& item : list["items"]) items.push_back(item);
  return items;
}

}  // namespace sp::test
