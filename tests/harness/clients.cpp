// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/clients.h"

#include <array>
#include <cerrno>
#include <map>

namespace sp::test {
namespace {

constexpr Millis kSilence{300};
constexpr std::array<const char*, 5> kKinds = {"Pod", "SandboxedPod", "Host", "HooklessHost", "Outside"};
constexpr std::array<const char*, 3> kManners = {"TCP", "UDPConnected", "UDPUnconnected"};

std::vector<std::string> pool(unsigned last) {
  return {pool_ip(Family::v4, last), pool_ip(Family::v6, last)};
}

ServiceSpec spec_of(const Lab& lab, unsigned number, const std::vector<std::string>& members) {
  ServiceSpec spec{.name = "s" + std::to_string(number),
                   .number = number,
                   .port = kServicePort,
                   .node_port = static_cast<std::uint16_t>(30080 + number),
                   .ingress = pool(100 + number),
                   .externals = pool(200 + number)};
  for (const std::string& name : members) {
    spec.backends.push_back(backend(lab, name));
  }
  return spec;
}

// Service addresses lead to n1 from outside, so that it is known who decides; and the client Pod's second address,
// which no socket takes unless told to.
Result<void> route(const Lab& lab) {
  for (const Family family : {Family::v4, Family::v6}) {
    const bool v4 = family == Family::v4;
    const std::string own = second_ip(family) + (v4 ? "/32" : "/128");
    const std::string& n1 = lab.host("n1").ip(family);
    SP_TRY(lab.run("r", {"ip", "route", "add", v4 ? "10.96.0.0/16" : "fd00:96::/112", "via", n1}));
    SP_TRY(lab.run("r", {"ip", "route", "replace", v4 ? "10.13.242.0/24" : "2001:db8:b::/64", "via", n1}));
    SP_TRY(lab.run("n1p1", {"ip", "addr", "add", own, "dev", "eth0", "preferred_lft", "0"}));
    SP_TRY(lab.run("n1", {"ip", "route", "add", own, "dev", "p1"}));
  }
  return {};
}

}  // namespace

std::string cluster_ip(Family family, unsigned number) {
  return (family == Family::v4 ? "10.96.0." : "fd00:96::") + std::to_string(number);
}

std::string second_ip(Family family) {
  return family == Family::v4 ? "10.244.1.99" : "fd00:10:244:1::99";
}

Result<void> prepare_doors(const Lab& lab, Agents& agents, IdentityServers& servers) {
  SP_TRY(route(lab));
  SP_TRY(servers.listen(lab, {"n1p1", "n1p2", "n1p3", "n2p1", "n2p2"}, 8080));
  SP_TRY_ASSIGN(api, LabApi::start_shared(lab, "c2"));
  api->put({api_service_cidr({"10.96.0.0/16", "fd00:96::/112"})});
  for (const Service& service : every_service()) {
    ServiceSpec spec = spec_of(lab, service.number(), service.members());
    spec.external_local = service.policy == Policy::external_local;
    spec.internal_local = service.policy == Policy::internal_local;
    api->put(api_objects(spec));
  }
  api->put(api_objects(spec_of(lab, kEmpty, {})));
  api->put(api_objects(spec_of(lab, kHairpin, {"n1p1"})));
  api->put({api_pod({backend(lab, "n1p2"), kHostPort}), api_pod({backend(lab, "n2p1"), kHostPort})});
  agents.set_source(api->source_words());
  agents.set_flags(kDetector);
  return agents.start_all();
}

std::string Clients::name(const ::testing::TestParamInfo<ParamType>& info) {
  const auto [family, manner, kind] = info.param;
  return std::string(to_string(family)) + kManners.at(static_cast<int>(manner)) + kKinds.at(static_cast<int>(kind));
}

// Agents that know of the detector what this test wants.
void Clients::SetUp() {
  static bool present = true;
  if (present != detector_) {
    ASSERT_TRUE(ok(agents().stop_all()));
    agents().set_flags(detector_ ? kDetector : std::vector<std::string>());
    ASSERT_TRUE(ok(agents().start_all()));
    present = detector_;
  }
}

void Clients::TearDown() {
  for (auto& [name, answer] : silent_) {
    const auto reply = answer.get();
    ASSERT_FALSE(reply) << name << " answered as " << reply->identity;
    EXPECT_EQ(reply.error().err, ETIMEDOUT) << name << ": " << reply.error().text();
  }
}

Question Clients::question(const Endpoint& target) const {
  return {.from = is_hooked(kind_) ? self().place() : Place(self().netns),
          .transport = manner_ == Manner::tcp ? Transport::tcp : Transport::udp,
          .target = target,
          .connected = manner_ != Manner::udp_unconnected};
}

std::vector<Door> Clients::doors(unsigned number) const {
  const auto node_port = static_cast<std::uint16_t>(30080 + number);
  std::vector<Door> all = {{"clusterIP", {cluster_ip(family_, number), kServicePort}},
                           {"nodePort of n2", lab().host("n2").at(family_, node_port), "n2"},
                           {"load balancer", {pool_ip(family_, 100 + number), kServicePort}},
                           {"externalIP", {pool_ip(family_, 200 + number), kServicePort}}};
  // What a node sends to itself is on no device at which packets could be translated.
  if (kind_ != Kind::hookless_host) {
    all.push_back({"nodePort of n1", lab().host("n1").at(family_, node_port)});
  }
  if (kind_ == Kind::host && family_ == Family::v4) {
    all.push_back({"nodePort at 127.0.0.1", {"127.0.0.1", node_port}});
  }
  return all;
}

void Clients::expect_truth(const Service& service) {
  for (const Door& door : doors(service.number())) {
    const auto members = chosen(service, kind_, door.name == "clusterIP", door.node, detector_);
    if (members.empty()) {
      expect_silent(door);
    } else {
      expect_answers(door, members);
    }
  }
}

void Clients::expect_answers(const Door& door, const std::set<std::string>& members) const {
  SCOPED_TRACE(door.name + " " + door.at.text());
  Tally tally;
  for (std::size_t i = 0; i < 2 * members.size() && tally.failed() == 0; ++i) {
    const auto reply = ask(question(door.at));
    tally.add(reply);
    if (reply) {
      const Host& source = keeps_source(kind_, reply->identity, door.node) ? self() : lab().host(door.node);
      EXPECT_EQ(reply->seen_client.ip, source.ip(family_)) << reply->identity;
      EXPECT_EQ(reply->peers, std::set<Endpoint>{door.at}) << reply->peers.begin()->text();
    }
  }
  std::map<std::string, std::size_t> even;
  for (const std::string& member : members) {
    even[member] = 2;
  }
  EXPECT_EQ(tally.per_identity, even) << tally.text();
}

void Clients::expect_refused(const Door& door) const {
  Question asked = question(door.at);
  asked.hear_errors = manner_ == Manner::udp_unconnected;
  const auto reply = ask(asked);
  ASSERT_FALSE(reply) << door.name << " " << door.at.text() << " answered as " << reply->identity;
  EXPECT_EQ(reply.error().err, ECONNREFUSED) << door.name << ": " << reply.error().text();
}

void Clients::expect_silent(const Door& door) {
  Question asked = question(door.at);
  asked.timeout = kSilence;
  silent_.emplace_back(door.name + " " + door.at.text(),
                       std::async(std::launch::async, [asked] { return ask(asked); }));
}

}  // namespace sp::test
