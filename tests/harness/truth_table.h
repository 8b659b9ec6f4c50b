// SPDX-License-Identifier: Apache-2.0
// The truth table of service-semantics 2.4 for real clients: whom a door leads to and what source the Pod behind it
// sees, with the differences that docs/compatibility.md tells. All clients but the one outside are on n1.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace sp::test {

enum class Policy : std::uint8_t { plain, external_local, internal_local };
enum class Ends : std::uint8_t { near, far, both };  // where a Service's endpoints are, seen from n1

struct Service {
  Policy policy;
  Ends ends;

  [[nodiscard]] unsigned number() const { return 1 + 3 * static_cast<unsigned>(policy) + static_cast<unsigned>(ends); }
  [[nodiscard]] std::uint16_t node_port() const { return static_cast<std::uint16_t>(30080 + number()); }
  [[nodiscard]] unsigned vip() const { return 100 + number(); }
  [[nodiscard]] unsigned external_ip() const { return 200 + number(); }
  [[nodiscard]] std::vector<std::string> members() const {
    switch (ends) {
      case Ends::near:
        return {"n1p2", "n1p3"};
      case Ends::far:
        return {"n2p1", "n2p2"};
      default:
        return {"n1p2", "n2p1"};
    }
  }
};

[[nodiscard]] inline std::vector<Service> every_service() {
  std::vector<Service> all;
  for (const Policy policy : {Policy::plain, Policy::external_local, Policy::internal_local}) {
    for (const Ends ends : {Ends::near, Ends::far, Ends::both}) {
      all.push_back({policy, ends});
    }
  }
  return all;
}

// A Pod and the node itself dial twice: from the node's cgroup, where socket hooks translate, and from no cgroup, as a
// Pod with a kernel of its own does, where packets are translated.
enum class Kind : std::uint8_t { pod, sandboxed_pod, host, hookless_host, outside };

[[nodiscard]] inline bool is_pod(Kind kind) {
  return kind == Kind::pod || kind == Kind::sandboxed_pod;
}
[[nodiscard]] inline bool is_host(Kind kind) {
  return kind == Kind::host || kind == Kind::hookless_host;
}
[[nodiscard]] inline bool is_hooked(Kind kind) {
  return kind == Kind::pod || kind == Kind::host;
}

enum class Scope : std::uint8_t { pod, host, outside };  // what the node that decides takes a client for
enum class Set : std::uint8_t { all, local, all_if_detected };
struct Truth {
  Scope scope;
  bool cluster_ip;  // or any other door
  std::array<Set, 3> by_policy;
};
inline constexpr Truth kTruths[] = {
    {Scope::pod, true, {Set::all, Set::all, Set::local}},
    {Scope::host, true, {Set::all, Set::all, Set::local}},
    {Scope::outside, true, {Set::all, Set::all, Set::local}},
    {Scope::pod, false, {Set::all, Set::all_if_detected, Set::all}},
    {Scope::host, false, {Set::all, Set::all, Set::all}},
    {Scope::outside, false, {Set::all, Set::local, Set::all}},
};

// Who answers a client at a door of `service` where `node` decides. Empty: nobody, silently.
[[nodiscard]] inline std::set<std::string> chosen(const Service& service, Kind client, bool cluster_ip,
                                                  const std::string& node, bool detector) {
  const bool own = node == "n1";
  const Scope scope = is_pod(client) && (own || detector) ? Scope::pod
                      : is_host(client) && own            ? Scope::host
                                                          : Scope::outside;
  const auto* truth = std::find_if(std::begin(kTruths), std::end(kTruths), [&](const Truth& each) {
    return each.scope == scope && each.cluster_ip == cluster_ip;
  });
  const Set set = truth->by_policy.at(static_cast<std::size_t>(service.policy));
  const bool local = set == Set::local || (set == Set::all_if_detected && !detector);
  std::set<std::string> names;
  for (const std::string& member : service.members()) {
    if (!local || member.starts_with(node)) {
      names.insert(member);
    }
  }
  return names;
}

// Whether `member` sees the client's own address. XDP, at the device that faces clients, has to see replies again: it
// gives its node's address to who is led on to another node.
[[nodiscard]] inline bool keeps_source(Kind client, const std::string& member, const std::string& node) {
  return (client != Kind::outside && node == "n1") || member.starts_with(node);
}

}  // namespace sp::test
