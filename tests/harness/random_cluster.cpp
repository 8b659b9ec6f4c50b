// SPDX-License-Identifier: Apache-2.0
// RandomCluster: what its objects look like.
#include "tests/harness/random_cluster.h"

#include <utility>

namespace sp::test {
namespace {

// Some are the node's own: VIPs there meet nodePorts and hostPorts.
const std::vector<const char*> kVips = {"10.96.0.1",    "10.96.0.2", "192.0.2.1",  "192.0.2.9",
                                        "198.51.100.1", "fd00::1",   "2001:db8::1"};
// More than fit, some inside others, one around addresses of the node.
const std::vector<const char*> kServiceCidrs = {"10.96.0.0/16",    "10.96.0.0/12",  "10.97.1.0/24",  "192.0.2.0/24",
                                                "198.51.100.0/24", "172.16.0.0/24", "172.16.1.0/24", "172.16.2.0/24",
                                                "172.16.3.0/24",   "172.16.4.0/24", "172.16.5.0/24", "172.16.6.0/24"};
const std::vector<std::uint16_t> kPorts = {80, 81, 30000, 30001};

}  // namespace

RandomCluster::RandomCluster(unsigned seed) : random_(seed) {
  put_own_node(cluster_, {addr("192.0.2.1"), addr("2001:db8::1")});
  cluster_.complete = true;
}

std::vector<model::ObjectId> RandomCluster::step() {
  std::vector<model::ObjectId> changed;
  if (one_in(20)) {
    change_facts();
    return changed;
  }
  for (int i = below(3); i >= 0; --i) {
    changed.push_back(change());
  }
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  return changed;
}

model::ObjectId RandomCluster::change() {
  const int kind = below(20);
  if (kind < 6) {
    const auto at = key("s", 5);
    put_or_erase(cluster_.services, at, service(at));
    return {model::Kind::service, at};
  }
  if (kind < 13) {
    const auto at = key("e", 6);
    put_or_erase(cluster_.endpoint_slices, at, slice(at));
    return {model::Kind::endpoint_slice, at};
  }
  if (kind < 18) {
    const auto at = key("p", 6);
    put_or_erase(cluster_.pods, at, pod(at));
    return {model::Kind::pod, at};
  }
  if (kind == 18) {
    const model::ObjectKey at{"", "c" + std::to_string(below(16))};
    put_or_erase(cluster_.service_cidrs, at, service_cidr(at));
    return {model::Kind::service_cidr, at};
  }
  const model::ObjectKey at{"", one_in(2) ? "n1" : "n2"};
  put_or_erase(cluster_.nodes, at, node(at));
  return {model::Kind::node, at};
}

void RandomCluster::change_facts() {
  if (one_in(3)) {
    facts_.devices.push_back(device(static_cast<std::uint32_t>(10 + facts_.devices.size()), "veth"));
  }
  const auto optional = [&](const node::Address& address) {
    const auto found = std::find(facts_.addresses.begin(), facts_.addresses.end(), address);
    if (found != facts_.addresses.end()) {
      facts_.addresses.erase(found);
    } else {
      facts_.addresses.push_back(address);
    }
  };
  if (one_in(2)) {
    optional({addr("198.51.100.1"), 2, 24, false});
  }
  if (one_in(4)) {
    optional({addr("2001:db8::1"), 2, 64, false});
  }
}

template <typename Object>
void RandomCluster::put_or_erase(std::map<model::ObjectKey, Object>& objects, const model::ObjectKey& key,
                                 Object object) {
  if (one_in(4)) {
    objects.erase(key);
  } else {
    objects[key] = std::move(object);
  }
}

model::ObjectKey RandomCluster::key(const char* prefix, int count) {
  return {one_in(3) ? "other" : "default", prefix + std::to_string(below(count))};
}

model::Labels RandomCluster::labels() {
  model::Labels out;
  out["app"] = one_in(2) ? "x" : "y";
  if (one_in(2)) {
    out["tier"] = one_in(2) ? "front" : "back";
  }
  return out;
}

std::vector<Ip> RandomCluster::some_of(const std::vector<const char*>& texts) {
  std::vector<Ip> out;
  for (int i = below(3); i > 0; --i) {
    out.push_back(addr(texts[static_cast<std::size_t>(below(static_cast<int>(texts.size())))]));
  }
  return out;
}

model::ServicePort RandomCluster::port() {
  model::ServicePort out;
  out.name = std::vector<const char*>{"", "http", "dns"}[static_cast<std::size_t>(below(3))];
  out.protocol = protocol();
  out.port = kPorts[static_cast<std::size_t>(below(4))];
  out.node_port = one_in(2) ? static_cast<std::uint16_t>(30000 + below(3)) : 0;
  out.target_port = one_in(3) ? model::TargetPort("http") : model::TargetPort(std::uint16_t{8080});
  return out;
}

model::Service RandomCluster::service(const model::ObjectKey& key) {
  model::Service out;
  out.meta = {key.ns, key.name, "", {}};
  out.type = static_cast<model::ServiceType>(one_in(12) ? 3 : below(3));
  out.headless = one_in(12);
  out.foreign_proxy = one_in(12);
  out.ipv4 = !one_in(8);
  out.ipv6 = one_in(2);
  for (int i = below(3); i >= 0; --i) {
    out.ports.push_back(port());
  }
  out.cluster_ips = some_of(kVips);
  out.external_ips = some_of(kVips);
  out.ingress_ips = some_of(kVips);
  if (one_in(3)) {
    out.source_ranges = {*Prefix::parse(one_in(2) ? "192.0.2.0/24" : "10.0.0.0/8")};
  }
  out.external_policy = static_cast<model::TrafficPolicy>(below(2));
  out.internal_policy = static_cast<model::TrafficPolicy>(below(2));
  if (one_in(3)) {
    out.affinity_timeout_s = 100;
  }
  if (!one_in(3)) {
    out.selector = labels();
  }
  out.publish_not_ready = one_in(5);
  return out;
}

model::Endpoint RandomCluster::endpoint(Family family) {
  const std::string number = std::to_string(below(4));
  model::Endpoint out = test::endpoint(family == Family::v4 ? "10.1.0." + number : "fd01::" + number,
                                       std::vector<const char*>{"", "n1", "n2"}[static_cast<std::size_t>(below(3))]);
  out.ready = !one_in(3);
  out.serving = !one_in(4);
  out.terminating = one_in(4);
  if (one_in(2)) {
    out.zone_hints = {one_in(2) ? "z1" : "z2"};
  }
  if (one_in(3)) {
    out.node_hints = {one_in(2) ? "n1" : "n2"};
  }
  return out;
}

model::EndpointSlice RandomCluster::slice(const model::ObjectKey& key) {
  model::EndpointSlice out;
  out.meta = {key.ns, key.name, "", {}};
  out.service_name = "s" + std::to_string(below(6));
  out.family = one_in(3) ? Family::v6 : Family::v4;
  for (int i = below(3); i > 0; --i) {
    const model::ServicePort like = port();
    out.ports.push_back({like.name, like.protocol, static_cast<std::uint16_t>(8080 + below(2))});
  }
  for (int i = below(4); i > 0; --i) {
    out.endpoints.push_back(endpoint(out.family));
  }
  return out;
}

model::Pod RandomCluster::pod(const model::ObjectKey& key) {
  model::Pod out;
  out.meta = {key.ns, key.name, "", labels()};
  out.node_name = one_in(4) ? "n2" : "n1";
  out.host_network = one_in(10);
  for (int i = below(3); i > 0; --i) {
    model::ContainerPort at{one_in(2) ? "http" : "", protocol(), static_cast<std::uint16_t>(8080 + below(2)), 0, {}};
    at.host_port = one_in(3) ? 0 : kPorts[static_cast<std::size_t>(below(4))];
    const auto address = some_of({"0.0.0.0", "192.0.2.1", "198.51.100.1", "127.0.0.1", "::"});
    at.host_ip = address.empty() ? std::optional<Ip>{} : address.front();
    out.ports.push_back(at);
  }
  out.ips = {addr("10.1.0." + std::to_string(below(6)))};
  if (one_in(3)) {
    out.ips.push_back(addr("fd01::" + std::to_string(below(4))));
  }
  out.phase = static_cast<model::PodPhase>(one_in(6) ? below(5) : 1);
  out.ready = !one_in(4);
  out.terminating = one_in(6);
  out.created_s = below(4);
  return out;
}

model::Node RandomCluster::node(const model::ObjectKey& key) {
  model::Node out;
  out.meta.name = key.name;
  out.zone = one_in(3) ? "z2" : "z1";
  out.addresses = {addr("192.0.2.1"), addr("2001:db8::1")};
  if (one_in(4)) {
    out.addresses.insert(out.addresses.begin(), addr("192.0.2.9"));
  }
  if (!one_in(4)) {
    out.pod_cidrs = {*Prefix::parse(one_in(2) ? "10.1.0.0/24" : "10.1.0.0/16"), *Prefix::parse("fd01::/64")};
  }
  return out;
}

model::ServiceCidr RandomCluster::service_cidr(const model::ObjectKey& key) {
  model::ServiceCidr out;
  out.meta.name = key.name;
  out.cidrs = {*Prefix::parse(kServiceCidrs[static_cast<std::size_t>(below(static_cast<int>(kServiceCidrs.size())))])};
  if (one_in(2)) {
    out.cidrs.push_back(*Prefix::parse(one_in(2) ? "fd00::/112" : "2001:db8::/108"));
  }
  return out;
}

}  // namespace sp::test
