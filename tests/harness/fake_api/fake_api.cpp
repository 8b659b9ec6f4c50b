// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/fake_api.h"

#include <cstdio>
#include <cstdlib>

namespace sp::fake_api {
namespace {

[[noreturn]] void reject(const std::string& why) {
  std::fprintf(stderr, "fake API server: %s\n", why.c_str());
  std::abort();
}

}  // namespace

FakeApi::FakeApi(const Options& options)
    : options_(options),
      server_(
          options.address, options.port,
          [this](const HttpRequest& request, Reply& reply) { service_.serve(request, reply); },
          [this](const std::string& violation) { service_.journal().complain(violation); }) {}

FakeApi::~FakeApi() {
  server_.stop();
}

Result<std::unique_ptr<FakeApi>> FakeApi::start(const Options& options) {
  std::unique_ptr<FakeApi> api(new FakeApi(options));
  SP_TRY(api->server_.use_tls(options.tls));
  SP_TRY(api->server_.start());
  return api;
}

std::string FakeApi::url() const {
  const bool v6 = options_.address.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + options_.address + "]" : options_.address;
  return (options_.tls ? "https://" : "http://") + host + ":" + std::to_string(server_.port());
}

Version FakeApi::put(const Json& object) {
  const Resource* resource = resource_of(object);
  if (resource == nullptr) reject("put of what it does not serve: " + object.dump().substr(0, 200));
  if (field_text(object, "metadata.name").empty()) reject("put without a name: " + object.dump().substr(0, 200));
  return service_.store().put(*resource, object);
}

Version FakeApi::put(const std::string& json) {
  const Json object = Json::parse(json, nullptr, false);
  if (object.is_discarded()) reject("put of what is no JSON: " + json.substr(0, 200));
  return put(object);
}

bool FakeApi::remove(const std::string& plural, const std::string& ns, const std::string& name) {
  const Resource* resource = resource_named(plural);
  if (resource == nullptr) reject("remove of " + plural + ", which it does not serve");
  return service_.store().remove(*resource, key_of(ns, name)).has_value();
}

std::vector<Json> FakeApi::objects() const {
  std::vector<Json> all;
  for (const Resource& resource : resources()) {
    for (Json& object : objects(std::string(resource.plural))) all.push_back(std::move(object));
  }
  return all;
}

std::vector<Json> FakeApi::objects(const std::string& plural) const {
  const Resource* resource = resource_named(plural);
  if (resource == nullptr) reject("objects of " + plural + ", which it does not serve");
  std::vector<Json> result;
  for (const auto& [key, object] : service_.store().now(*resource).first) {
    Json typed = object->value;
    typed["apiVersion"] = resource->api_version();
    typed["kind"] = resource->kind;
    result.push_back(std::move(typed));
  }
  return result;
}

void FakeApi::order(const WatchOrder& order) {
  service_.orders().give(order);
  service_.store().wake();
}

void FakeApi::behave() {
  service_.faults().clear();
  server_.freeze(false);
}

}  // namespace sp::fake_api
