// SPDX-License-Identifier: Apache-2.0
// Writes: create, update, patch and delete, as far as a node's agent writes: events, mostly.
#include <array>

#include "tests/harness/fake_api/service.h"
#include "tests/harness/fake_api/service_call.h"

namespace sp::fake_api {
namespace {

// Nothing = the event is one that the API takes.
std::optional<Status> check_event(const Json& event, const std::string& ns) {
  const std::string name = field_text(event, "metadata.name");
  const auto bad = [&name](const std::string& field, const std::string& why) {
    return invalid("Event.events.k8s.io", name, field, why);
  };
  for (const char* field : {"reportingController", "reportingInstance", "action", "reason"}) {
    const std::string value = field_text(event, field);
    if (value.empty()) return bad(field, "Required value");
    if (value.size() > 128) return bad(field, "Invalid value: can have at most 128 characters");
  }
  if (field_text(event, "eventTime").empty()) return bad("eventTime", "Required value");
  const std::string type = field_text(event, "type");
  if (type != "Normal" && type != "Warning")
    return bad("type", "Invalid value: \"" + type + "\": has invalid value: " + type);
  if (field_text(event, "note").size() > 1024) return bad("note", "Invalid value: can have at most 1024 characters");
  // Events of cluster-wide objects live in "default".
  const std::string regarding = field_text(event, "regarding.namespace");
  if (ns != (regarding.empty() ? "default" : regarding)) {
    return bad("involvedObject.namespace", "Invalid value: \"" + regarding + "\": does not match event.namespace");
  }
  return std::nullopt;
}

std::optional<Status> check_object(const Place& place, Json& object) {
  const Resource& resource = *place.resource;
  if (!object.is_object() || resource_of(object) != &resource) {
    return bad_request("the API version or kind in the data does not match the expected " + resource.api_version() +
                       " " + std::string(resource.kind));
  }
  if (!object.contains("metadata") || !object["metadata"].is_object()) object["metadata"] = Json::object();
  Json& meta = object["metadata"];
  if (resource.namespaced && field_text(object, "metadata.namespace").empty()) meta["namespace"] = place.ns;
  if (resource.namespaced && field_text(object, "metadata.namespace") != place.ns) {
    return bad_request("the namespace of the provided object does not match the namespace sent on the request");
  }
  const std::string name = field_text(object, "metadata.name");
  if (!place.name.empty() && name != place.name) {
    return bad_request("the name of the object (" + name + ") does not match the name on the URL (" + place.name + ")");
  }
  if (name.empty()) return bad_request("name or generateName is required");
  if (resource.kind == "Event") return check_event(object, place.ns);
  return std::nullopt;
}

std::string media_type(const HttpRequest& request) {
  const std::string type = request.header("content-type");
  return type.substr(0, type.find(';'));
}

// The object with the patch, or why not.
std::variant<Json, Status> patched(const Json& object, const HttpRequest& request) {
  const std::string type = media_type(request);
  const Json patch = Json::parse(request.body, nullptr, false);
  if (type == "application/json-patch+json") {
    try {
      return object.patch(patch);
    } catch (const Json::exception& problem) {
      return bad_request(problem.what());
    }
  }
  // For the objects that agents patch a strategic merge is a merge: they have no lists with merge keys.
  if (type != "application/merge-patch+json" && type != "application/strategic-merge-patch+json") {
    return unsupported_media_type(
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
        "application/apply-patch+yaml");
  }
  if (!patch.is_object()) return bad_request("error decoding patch");
  Json result = object;
  result.merge_patch(patch);
  return result;
}

// A subresource writes nothing but the status, everything else all but the status.
void split_status(const Place& place, const ObjectPtr& before, Json& object) {
  if (!place.resource->has_status) return;
  if (place.status) {
    Json whole = before->value;
    whole["status"] = object.value("status", Json::object());
    object = std::move(whole);
    return;
  }
  // The strategy of nodes lets kubelet create them whole.
  if (before == nullptr && place.resource->kind == "Node") return;
  object.erase("status");
  if (before != nullptr && before->value.contains("status")) object["status"] = before->value["status"];
}

}  // namespace

void Service::serve_write(Call& call) {
  const Resource& resource = call.resource();
  const std::string& name = call.place.name;
  const auto refuse_loudly = [&](const Status& status) {
    journal_.complain(call.request.method + " " + call.request.target + ": " + status.message);
    refuse(call, status);
  };
  const ObjectPtr before = name.empty() ? nullptr : store_.find(resource, key_of(call.place.ns, name));
  if (!name.empty() && before == nullptr) return refuse(call, not_found(resource, name));
  if (call.verb == "delete") {
    store_.remove(resource, before->key);
    return answer(call, 200, before->typed_text());
  }
  if (resource.namespaced && call.place.ns.empty()) return refuse_loudly(method_not_allowed());

  Json object;
  if (call.verb == "patch") {
    auto result = patched(Json::parse(before->typed_text()), call.request);
    if (const auto* status = std::get_if<Status>(&result)) return refuse_loudly(*status);
    object = std::get<Json>(std::move(result));
  } else {
    if (media_type(call.request) != "application/json")
      return refuse_loudly(unsupported_media_type("application/json"));
    object = Json::parse(call.request.body, nullptr, false);
    if (object.is_discarded()) return refuse_loudly(bad_request("the body is no JSON"));
  }
  if (auto bad = check_object(call.place, object)) return refuse_loudly(*bad);
  const std::string key = key_of(call.place.ns, field_text(object, "metadata.name"));
  if (call.verb == "create" && store_.find(resource, key) != nullptr) {
    return refuse(call, already_exists(resource, field_text(object, "metadata.name")));
  }
  const std::string asked = field_text(object, "metadata.resourceVersion");
  if (call.verb == "create" && !asked.empty()) {
    return refuse_loudly(bad_request("resourceVersion should not be set on objects to be created"));
  }
  if (before != nullptr && !asked.empty() && asked != std::to_string(before->version)) {
    return refuse(
        call, {409, "Conflict",
               "Operation cannot be fulfilled on " + std::string(resource.plural) + " \"" + name +
                   "\": the object has been modified; please apply your changes to the latest version and try again"});
  }
  split_status(call.place, before, object);
  store_.put(resource, std::move(object));
  answer(call, call.verb == "create" ? 201 : 200, store_.find(resource, key)->typed_text());
}

}  // namespace sp::fake_api
