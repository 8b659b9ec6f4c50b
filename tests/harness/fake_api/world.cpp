// SPDX-License-Identifier: Apache-2.0
// How the world changes; what its objects look like when they are new is in world_objects.cpp.
#include "tests/harness/fake_api/world.h"

#include <array>

namespace sp::fake_api {
namespace {

std::string plural_of(const Json& object) {
  return std::string(resource_of(object)->plural);
}

std::string world_key(const Json& object) {
  return plural_of(object) + "/" + field_text(object, "metadata.namespace") + "/" + field_text(object, "metadata.name");
}

}  // namespace

World::World(Objects& objects, const WorldShape& shape) : objects_(objects), shape_(shape), random_(shape.seed) {}

void World::begin() {
  for (unsigned number = 0; number < shape_.nodes; ++number) write("begin", new_node(number));
  write("begin", {{"apiVersion", "networking.k8s.io/v1"},
                  {"kind", "ServiceCIDR"},
                  {"metadata", {{"name", "kubernetes"}}},
                  {"spec", {{"cidrs", Json::array({"10.96.0.0/16", "fd00:96::/112"})}}}});
  for (unsigned i = 0; i < shape_.services / 2; ++i) {
    put_service();
    put_slice();
    put_pod();
  }
}

void World::step() {
  struct Share {
    unsigned weight;
    Change change;
  };
  static constexpr std::array<Share, 12> kShares = {{{10, &World::put_service},
                                                     {6, &World::remove_service},
                                                     {14, &World::change_service},
                                                     {6, &World::label_service},
                                                     {12, &World::put_slice},
                                                     {6, &World::remove_slice},
                                                     {40, &World::change_endpoint},
                                                     {4, &World::label_slice},
                                                     {8, &World::put_pod},
                                                     {6, &World::remove_pod},
                                                     {3, &World::change_node},
                                                     {1, &World::change_cidr}}};
  if (chance(shape_.broken_share)) return break_object();
  unsigned total = 0;
  for (const Share& share : kShares) total += share.weight;
  unsigned point = below(total);
  for (const Share& share : kShares) {
    if (point < share.weight) return (this->*share.change)();
    point -= share.weight;
  }
}

void World::mend() {
  for (auto& [key, good] : std::exchange(broken_, {})) {
    if (all_.count(key) != 0) write("mend", good);
  }
}

void World::rewrite() {
  for (const auto& [key, object] : all_) objects_.put_object(object);
  broken_.clear();
}

void World::write(const std::string& what, Json object) {
  const std::string key = world_key(object);
  last_ = what + " " + key;
  broken_.erase(key);
  objects_.put_object(object);
  all_[key] = std::move(object);
}

void World::erase(const std::string& key) {
  const std::size_t first = key.find('/');
  const std::size_t second = key.find('/', first + 1);
  last_ = "remove " + key;
  broken_.erase(key);
  all_.erase(key);
  objects_.remove_object(key.substr(0, first), key.substr(first + 1, second - first - 1), key.substr(second + 1));
}

std::string World::pick(const std::string& plural) {
  std::vector<std::string> keys;
  for (auto at = all_.lower_bound(plural + "/"); at != all_.end() && at->first.rfind(plural + "/", 0) == 0; ++at) {
    keys.push_back(at->first);
  }
  return keys.empty() ? "" : keys[below(static_cast<unsigned>(keys.size()))];
}

unsigned World::free_number(std::set<unsigned>& taken, unsigned from, unsigned count) {
  unsigned number = 0;
  do number = from + below(count);
  while (!taken.insert(number).second);
  return number;
}

void World::put_service() {
  // Names come back, so that a Service is deleted and made anew within one life of a watch.
  std::string name;
  for (unsigned draw = 0; draw < 8 && name.empty(); ++draw) {
    name = "svc-" + std::to_string(below(shape_.services));
    if (all_.count("services/default/" + name) != 0) name.clear();
  }
  if (name.empty()) return change_service();
  write("create", new_service(name));
}

void World::remove_service() {
  const std::string key = pick("services");
  if (key.empty()) return put_service();
  release_numbers(object(key));
  erase(key);
}

void World::change_service() {
  const std::string key = pick("services");
  if (key.empty()) return;
  Json service = object(key);
  Json& spec = service["spec"];
  switch (below(5)) {
    case 0:
      spec["sessionAffinity"] = spec["sessionAffinity"] == "None" ? "ClientIP" : "None";
      if (spec["sessionAffinity"] == "ClientIP") {
        spec["sessionAffinityConfig"] = {{"clientIP", {{"timeoutSeconds", 10 + below(1000)}}}};
      } else {
        spec.erase("sessionAffinityConfig");
      }
      break;
    case 1:
      spec["externalTrafficPolicy"] = chance(0.5) ? "Local" : "Cluster";
      spec["internalTrafficPolicy"] = chance(0.2) ? "Local" : "Cluster";
      break;
    case 2:
      spec["loadBalancerSourceRanges"] = Json::array({"10." + std::to_string(below(256)) + ".0.0/16"});
      break;
    case 3:
      service["status"]["loadBalancer"]["ingress"] =
          Json::array({{{"ip", "198.18.0." + std::to_string(1 + below(254))}, {"ipMode", "VIP"}}});
      break;
    default:
      spec["ports"][0]["port"] = 1 + below(65535);
      break;
  }
  write("change", std::move(service));
}

void World::label_service() {
  const std::string key = pick("services");
  if (key.empty()) return;
  Json service = object(key);
  Json& labels = service["metadata"]["labels"];
  const char* const label = "service.kubernetes.io/service-proxy-name";
  if (labels.contains(label)) {
    labels.erase(label);
  } else {
    labels[label] = chance(0.5) ? "other" : "";
  }
  write("toggle service-proxy-name of", std::move(service));
}

void World::put_slice() {
  const std::string service = pick("services");
  if (service.empty()) return;
  const std::string name = service.substr(service.rfind('/') + 1);
  write("create", new_slice(name, name + "-" + std::to_string(below(3))));
}

void World::remove_slice() {
  const std::string key = pick("endpointslices");
  if (!key.empty()) erase(key);
}

void World::change_endpoint() {
  const std::string key = pick("endpointslices");
  if (key.empty()) return put_slice();
  Json slice = object(key);
  Json& endpoints = slice["endpoints"];
  const std::size_t count = endpoints.size();
  if (count == 0 || (count < 20 && chance(0.4))) {
    endpoints.push_back(new_endpoint());
  } else if (chance(0.4)) {
    endpoints.erase(below(static_cast<unsigned>(count)));
  } else {
    Json& conditions = endpoints[below(static_cast<unsigned>(count))]["conditions"];
    conditions = {{"ready", chance(0.7)}, {"serving", chance(0.8)}, {"terminating", chance(0.3)}};
    if (chance(0.1)) conditions["ready"] = nullptr;
  }
  write("change endpoints of", std::move(slice));
}

void World::label_slice() {
  const std::string key = pick("endpointslices");
  if (key.empty()) return;
  Json slice = object(key);
  Json& labels = slice["metadata"]["labels"];
  if (labels.contains("service.kubernetes.io/headless")) {
    labels.erase("service.kubernetes.io/headless");
  } else if (chance(0.5)) {
    labels["service.kubernetes.io/headless"] = "";
  } else {
    labels["kubernetes.io/service-name"] = "svc-" + std::to_string(below(shape_.services));
  }
  write("label", std::move(slice));
}

void World::put_pod() {
  write("put", new_pod("pod-" + std::to_string(below(30))));
}

void World::remove_pod() {
  const std::string key = pick("pods");
  if (!key.empty()) erase(key);
}

void World::change_node() {
  const std::string key = pick("nodes");
  Json node = object(key);
  Json& labels = node["metadata"]["labels"];
  if (chance(0.7)) {
    labels["topology.kubernetes.io/zone"] = "zone-" + std::to_string(below(3));
  } else {
    node["spec"]["taints"] = Json::array();
    if (chance(0.5)) {
      node["spec"]["taints"].push_back({{"key", "ToBeDeletedByClusterAutoscaler"}, {"effect", "NoSchedule"}});
    }
  }
  write("change", std::move(node));
}

void World::change_cidr() {
  const std::string key = "servicecidrs//more";
  if (all_.count(key) != 0) return erase(key);
  const std::string prefix = "10." + std::to_string(100 + below(20)) + ".0.0/16";
  write("create", {{"apiVersion", "networking.k8s.io/v1"},
                   {"kind", "ServiceCIDR"},
                   {"metadata", {{"name", "more"}}},
                   {"spec", {{"cidrs", Json::array({prefix})}}}});
}

void World::break_object() {
  const std::string key = pick(chance(0.5) ? "services" : "endpointslices");
  if (key.empty() || broken_.count(key) != 0) return;
  const Json good = object(key);
  Json bad = good;
  if (good["kind"] == "Service") {
    bad["spec"]["ports"] = chance(0.5) ? Json("eighty") : Json::array({7});
  } else {
    bad["endpoints"] = chance(0.5) ? Json(true) : Json::array({{{"addresses", 5}}});
  }
  last_ = "break " + key;
  objects_.put_object(bad);
  broken_[key] = good;
}

}  // namespace sp::fake_api
