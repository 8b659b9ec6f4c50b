// SPDX-License-Identifier: Apache-2.0
// Short ways to write a Cluster and Facts in tests of compile/. The node is "n1" in zone "z1" with 192.0.2.1 and
// 2001:db8::1.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "loader/compile/compile.h"
#include "loader/model/cluster.h"
#include "loader/node/facts.h"

namespace sp::test {

inline Ip addr(std::string_view text) {
  return *Ip::parse(text);
}

inline node::Device device(std::uint32_t ifindex, std::string name, std::uint32_t mtu = 1500) {
  node::Device out;
  out.ifindex = ifindex;
  out.name = std::move(name);
  out.mtu = mtu;
  out.up = true;
  return out;
}

inline node::Facts node_facts() {
  node::Facts facts;
  facts.node_name = "n1";
  facts.devices = {device(1, "lo", 65536), device(2, "eth0")};
  facts.addresses = {{addr("127.0.0.1"), 1, 8, false},
                     {addr("::1"), 1, 128, false},
                     {addr("192.0.2.1"), 2, 24, false},
                     {addr("192.0.2.9"), 2, 24, true},
                     {addr("2001:db8::1"), 2, 64, false}};
  return facts;
}

inline model::Meta meta(const std::string& name) {
  return {"default", name, name + "-uid", {}};
}

// A Service with port "http", 80/TCP, in both families; addresses and policies are the test's business.
inline model::Service service(const std::string& name) {
  model::Service out;
  out.meta = meta(name);
  out.type = model::ServiceType::load_balancer;
  out.ports = {{"http", Protocol::tcp, 80, 0, std::uint16_t{8080}}};
  return out;
}

inline model::Endpoint endpoint(std::string_view address, std::string node = "n2") {
  model::Endpoint out;
  out.address = addr(address);
  out.node_name = std::move(node);
  return out;
}

inline model::Endpoint terminating(model::Endpoint out) {
  out.ready = false;
  out.terminating = true;
  return out;
}

inline model::EndpointSlice slice(const std::string& of_service, std::vector<model::Endpoint> endpoints,
                                  std::uint16_t port = 8080) {
  model::EndpointSlice out;
  out.meta = meta(of_service + "-slice");
  out.service_name = of_service;
  out.family = endpoints.empty() ? Family::v4 : endpoints.front().address.family();
  out.ports = {{"http", Protocol::tcp, port}};
  out.endpoints = std::move(endpoints);
  return out;
}

// A ready Pod on this node.
inline model::Pod pod(const std::string& name, std::vector<std::string> ips, std::vector<model::ContainerPort> ports) {
  model::Pod out;
  out.meta = meta(name);
  out.node_name = "n1";
  for (const auto& text : ips) {
    out.ips.push_back(addr(text));
  }
  out.ports = std::move(ports);
  return out;
}

inline void put(model::Cluster& cluster, model::Service object) {
  cluster.services[model::key_of(object.meta)] = std::move(object);
}
inline void put(model::Cluster& cluster, model::Pod object) {
  cluster.pods[model::key_of(object.meta)] = std::move(object);
}
inline void put(model::Cluster& cluster, model::EndpointSlice object) {
  cluster.endpoint_slices[model::key_of(object.meta)] = std::move(object);
}
inline void put_own_node(model::Cluster& cluster, std::vector<Ip> addresses, std::string zone = "z1") {
  model::Node node;
  node.meta.name = "n1";
  node.addresses = std::move(addresses);
  node.zone = std::move(zone);
  cluster.nodes[model::key_of(node.meta)] = std::move(node);
}

template <typename... Objects>
model::Cluster cluster_of(Objects... objects) {
  model::Cluster out;
  put_own_node(out, {addr("192.0.2.1"), addr("2001:db8::1")});
  (put(out, std::move(objects)), ...);
  return out;
}

inline std::string backend_text(const compile::Backend& backend) {
  return backend.ip.text() + "#" + std::to_string(backend.port) + (backend.local ? " local" : "");
}

inline std::vector<std::string> texts(std::span<const compile::Backend> backends) {
  std::vector<std::string> out;
  for (const auto& backend : backends) {
    out.push_back(backend_text(backend));
  }
  return out;
}

inline compile::Frontend at(std::string_view address, std::uint16_t port, Protocol protocol = Protocol::tcp) {
  return {addr(address), port, protocol, SP_SCOPE_EXTERNAL};
}

// `frontend` as clients of another class meet it.
inline compile::Frontend seen_by(sp_scope client, compile::Frontend frontend) {
  frontend.scope = client;
  return frontend;
}

inline std::size_t frontends_for(const compile::Output& output, sp_scope client = SP_SCOPE_EXTERNAL) {
  std::size_t count = 0;
  for (const auto& [frontend, row] : output.desired.frontends) {
    count += frontend.scope == client ? 1 : 0;
  }
  return count;
}

// The name of the row that a frontend leads to; "none" if there is no such frontend.
inline std::string target(const compile::Output& output, const compile::Frontend& frontend) {
  const auto found = output.desired.frontends.find(frontend);
  return found == output.desired.frontends.end() ? "none" : found->second.service;
}

// Backends that a packet to `frontend` may get.
inline std::vector<std::string> backends_at(const compile::Output& output, const compile::Frontend& frontend) {
  const auto row = output.desired.services.find(target(output, frontend));
  return row == output.desired.services.end() ? std::vector<std::string>{"no such frontend"}
                                              : texts(row->second.backends);
}

}  // namespace sp::test
