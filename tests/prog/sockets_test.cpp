// SPDX-License-Identifier: Apache-2.0
// Socket hooks as processes see them: TCP, connected and unconnected UDP, over IPv4, IPv6, and IPv4 on IPv6 sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <thread>

#include "tests/harness/socket_bed.h"

namespace sp::test {
namespace {

using ::testing::_;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using Counts = std::map<std::string, std::uint64_t>;

struct Client {
  const char* name;
  int family;
  Ip node;   // where backends are, on `lo`
  Ip vip;    // nothing but a hook leads there
  Ip other;  // another address of `lo`
};
const Client kClients[] = {
    {"IPv4", AF_INET, kNode4, *Ip::parse("10.96.0.10"), *Ip::parse("10.0.0.2")},
    {"IPv6", AF_INET6, kNode6, *Ip::parse("fd00:96::10"), *Ip::parse("fd00::2")},
    {"MappedIPv4", AF_INET6, kNode4, *Ip::parse("10.96.0.10"), *Ip::parse("10.0.0.2")},
};

constexpr std::uint16_t kPort = 80;
constexpr std::uint16_t kFirstBackend = 9000;

class Sockets : public ::testing::TestWithParam<Client> {
 protected:
  void SetUp() override { bed.clear(); }

  // Backends at ports from kFirstBackend on.
  SocketBed::Service expose(Protocol protocol, std::uint16_t backends, std::uint32_t flags = 0,
                            sp_scope scope = SP_SCOPE_HOST) {
    std::vector<Door> doors;
    for (std::uint16_t i = 0; i < backends; ++i) doors.push_back(backend(i));
    const auto service = bed.add_service(doors, flags);
    bed.add_frontend(frontend, protocol, service, scope);
    return service;
  }
  [[nodiscard]] Door backend(std::uint16_t i) const { return {at.node, static_cast<std::uint16_t>(kFirstBackend + i)}; }
  [[nodiscard]] Sock tcp() const { return {at.family, Protocol::tcp}; }
  [[nodiscard]] Sock udp() const { return {at.family, Protocol::udp}; }
  // Nothing but a hook leads to the frontend.
  void expect_left_alone() {
    EXPECT_EQ(tcp().connect(frontend), ENETUNREACH);
    EXPECT_EQ(udp().connect(frontend), ENETUNREACH);
    EXPECT_EQ(udp().send("ping", frontend), ENETUNREACH);
    EXPECT_THAT(bed.counts(), IsEmpty());
  }
  // The backend that a new UDP socket is connected to.
  [[nodiscard]] std::uint16_t dialled() const {
    Sock client = udp();
    EXPECT_EQ(client.connect(frontend), 0);
    return bed.backend_of(client, frontend).value().port;
  }

  SocketBed& bed = socket_bed();
  const Client at = GetParam();
  const Door frontend{at.vip, kPort};
};
INSTANTIATE_TEST_SUITE_P(, Sockets, ::testing::ValuesIn(kClients),
                         [](const auto& client) { return client.param.name; });

TEST_P(Sockets, TcpReachesABackendAndIsToldTheFrontend) {
  expose(Protocol::tcp, 1);
  Sock server = Sock::listening(backend(0), Protocol::tcp);
  Sock client = tcp();
  ASSERT_EQ(client.connect(frontend), 0);
  Sock served = server.accept();
  EXPECT_EQ(client.peer(), frontend);
  EXPECT_EQ(served.peer(), client.local());
  ASSERT_EQ(client.send("ping"), 0);
  EXPECT_EQ(served.receive().text, "ping");
  ASSERT_EQ(served.send("pong"), 0);
  EXPECT_EQ(client.receive().text, "pong");
  EXPECT_EQ(bed.counts(), (Counts{{"socket-connect", 1}}));
}

TEST_P(Sockets, ConnectedUdpHearsTheFrontend) {
  expose(Protocol::udp, 1);
  Sock server = Sock::listening(backend(0), Protocol::udp);
  Sock client = udp();
  ASSERT_EQ(client.connect(frontend), 0);
  EXPECT_EQ(client.peer(), frontend);
  ASSERT_EQ(client.send("ping"), 0);
  const auto asked = server.receive();
  EXPECT_EQ(asked.from, client.local());
  ASSERT_EQ(server.send("pong", asked.from), 0);
  const auto heard = client.receive();
  EXPECT_EQ(heard.text, "pong");
  EXPECT_EQ(heard.from, frontend);
}

TEST_P(Sockets, UnconnectedUdpHearsEachFrontendByItsName) {
  const Door second{at.vip, 81};
  expose(Protocol::udp, 1);
  bed.add_frontend(second, Protocol::udp, bed.add_service({backend(1)}));
  Sock client = udp();
  for (const auto& [door, server_door] : {std::pair{frontend, backend(0)}, {second, backend(1)}}) {
    Sock server = Sock::listening(server_door, Protocol::udp);
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(client.send("ping", door), 0);
      const auto asked = server.receive();
      ASSERT_EQ(asked.text, "ping");
      ASSERT_EQ(server.send("pong", asked.from), 0);
      EXPECT_EQ(client.receive().from, door);
    }
  }
  EXPECT_EQ(bed.counts(), (Counts{{"socket-send", 4}}));
}

TEST_P(Sockets, StrangersKeepTheirNames) {
  expose(Protocol::udp, 1);
  Sock server = Sock::listening(backend(0), Protocol::udp);
  Sock stranger = Sock::listening(backend(1), Protocol::udp);
  Sock client = udp();
  ASSERT_EQ(client.send("ping", frontend), 0);
  ASSERT_EQ(stranger.send("hello", server.receive().from), 0);
  EXPECT_EQ(client.receive().from, backend(1));
}

TEST_P(Sockets, R065_NoBackendIsRefusedAtOnce) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) expose(protocol, 0);
  EXPECT_EQ(tcp().connect(frontend), ECONNREFUSED);
  EXPECT_EQ(udp().connect(frontend), ECONNREFUSED);
  EXPECT_EQ(udp().send("ping", frontend), ECONNREFUSED);
  EXPECT_EQ(bed.counts(), (Counts{{"reject-no-backend", 3}}));
}

TEST_P(Sockets, WhatTheLocalPolicyDropsIsLeftToThePacketPath) {
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) expose(protocol, 0, SP_SERVICE_DROP_EMPTY);
  expect_left_alone();
}

TEST_P(Sockets, RowsOfPacketsAreLeftAlone) {
  const auto service = bed.add_service({backend(0)});
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp})
    bed.add_frontend(frontend, protocol, service, SP_SCOPE_HOST, SP_FRONTEND_PACKETS);
  expect_left_alone();
}

TEST_P(Sockets, R063_R064_UndefinedPortIsRefusedAndTheRestIsLeftToThePacketPath) {
  sp_networks_val networks = SocketBed::no_networks();
  const Prefix range = Prefix{at.vip, at.vip.family() == Family::v4 ? 16U : 64U}.network();
  networks.services[at.vip.family() == Family::v4 ? 0 : 1][0] = {
      range.address.raw(), range.mask(), SP_NETWORK_ALLOCATED, {}};
  bed.set_networks(networks);
  expect_left_alone();
  bed.set_service_ip(at.vip, SP_SERVICE_IP_PASS);
  expect_left_alone();
  bed.set_service_ip(at.vip, SP_SERVICE_IP_REJECT);
  EXPECT_EQ(tcp().connect(frontend), ECONNREFUSED);
  EXPECT_EQ(udp().connect(frontend), ECONNREFUSED);
  EXPECT_EQ(udp().send("ping", frontend), ECONNREFUSED);
  EXPECT_EQ(bed.counts(), (Counts{{"reject-undefined-port", 3}}));
  bed.set_service_ip(at.vip, {});
}

TEST_P(Sockets, I2_EveryBackendInTurnWhoeverDials) {
  constexpr int kThreads = 3;
  constexpr std::uint16_t kBackends = 5;
  expose(Protocol::udp, kBackends);
  std::array<std::map<std::uint16_t, int>, kThreads> got;
  std::vector<std::thread> threads;
  for (auto& part : got)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) ++part[dialled()];
    });
  for (auto& thread : threads) thread.join();
  std::map<std::uint16_t, int> sum;
  for (const auto& part : got)
    for (const auto& [port, times] : part) sum[port] += times;
  EXPECT_THAT(sum, SizeIs(kBackends));
  EXPECT_THAT(sum, Each(Pair(_, kThreads * 100 / kBackends)));
}

TEST_P(Sockets, R074_AffinityHoldsForEverySocketOfANamespace) {
  const auto service = expose(Protocol::udp, 3, SP_SERVICE_AFFINITY);
  const std::uint16_t first = dialled();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(dialled(), first);
  bed.retire(service, service.backends.at(first - kFirstBackend));
  const std::uint16_t second = dialled();
  EXPECT_NE(second, first);
  EXPECT_EQ(dialled(), second);
}

TEST_P(Sockets, R074_AffinityOfAPodIsNotThatOfTheNode) {
  const auto service = expose(Protocol::udp, 2, SP_SERVICE_AFFINITY);
  bed.add_frontend(frontend, Protocol::udp, service, SP_SCOPE_POD);
  const std::uint16_t nodes = dialled();
  const Pod pod;
  const Pod::Visit visit(pod);
  const std::uint16_t pods = dialled();
  EXPECT_NE(pods, nodes) << "the second new client gets the second backend";
  EXPECT_EQ(dialled(), pods);
}

TEST_P(Sockets, PodsAndTheNodeHaveRowsOfTheirOwn) {
  expose(Protocol::udp, 1);
  const Pod pod;
  {
    const Pod::Visit visit(pod);
    EXPECT_EQ(udp().connect(frontend), ENETUNREACH);
  }
  bed.add_frontend(frontend, Protocol::udp, bed.add_service({backend(7)}), SP_SCOPE_POD);
  EXPECT_EQ(dialled(), kFirstBackend);
  const Pod::Visit visit(pod);
  EXPECT_EQ(dialled(), kFirstBackend + 7);
}

TEST_P(Sockets, BoundSourceIsKept) {
  expose(Protocol::tcp, 1);
  Sock server = Sock::listening(backend(0), Protocol::tcp);
  Sock client = tcp();
  const Door source{at.other, 7777};
  ASSERT_EQ(client.bind(source), 0);
  ASSERT_EQ(client.connect(frontend), 0);
  EXPECT_EQ(server.accept().peer(), source);
}

TEST_P(Sockets, ReconnectedUdpForgetsTheFrontend) {
  expose(Protocol::udp, 1);
  Sock server = Sock::listening(backend(0), Protocol::udp);
  Sock client = udp();
  ASSERT_EQ(client.connect(frontend), 0);
  ASSERT_EQ(client.connect(backend(0)), 0);
  EXPECT_EQ(client.peer(), backend(0));
  EXPECT_EQ(bed.backend_of(client, frontend), std::nullopt);
  ASSERT_EQ(client.send("ping"), 0);
  ASSERT_EQ(server.send("pong", server.receive().from), 0);
  EXPECT_EQ(client.receive().from, backend(0));
}

TEST_P(Sockets, I5_UnconnectedUdpMovesWithTheNextDatagram) {
  const auto service = expose(Protocol::udp, 2);
  Sock client = udp();
  ASSERT_EQ(client.send("ping", frontend), 0);
  const Door first = bed.backend_of(client, frontend).value();
  ASSERT_EQ(client.send("ping", frontend), 0);
  EXPECT_EQ(bed.backend_of(client, frontend), first);
  bed.retire(service, service.backends.at(first.port - kFirstBackend));
  Sock other = Sock::listening(backend(first.port == kFirstBackend ? 1 : 0), Protocol::udp);
  ASSERT_EQ(client.send("moved", frontend), 0);
  const auto asked = other.receive();
  EXPECT_EQ(asked.text, "moved");
  ASSERT_EQ(other.send("pong", asked.from), 0);
  EXPECT_EQ(client.receive().from, frontend);
  EXPECT_EQ(bed.counts(), (Counts{{"socket-moved", 1}, {"socket-send", 3}}));
}

TEST_P(Sockets, TwoFrontendsOfOneBackendAnswerByTheLastName) {
  expose(Protocol::udp, 1);
  const Door second{at.vip, 81};
  bed.add_frontend(second, Protocol::udp, bed.add_service({backend(0)}));
  Sock server = Sock::listening(backend(0), Protocol::udp);
  Sock client = udp();
  for (const Door& door : {frontend, second}) {
    ASSERT_EQ(client.send("ping", door), 0);
    ASSERT_EQ(server.send("pong", server.receive().from), 0);
    EXPECT_EQ(client.receive().from, door);
  }
}

TEST_P(Sockets, RowsGoWithTheSocket) {
  expose(Protocol::udp, 1);
  for (const bool connect : {true, false}) {
    std::uint64_t cookie = 0;
    {
      Sock client = udp();
      cookie = client.cookie();
      ASSERT_EQ(connect ? client.connect(frontend) : client.send("ping", frontend), 0);
      ASSERT_NE(bed.backend_of(cookie, frontend), std::nullopt);
    }
    EXPECT_EQ(bed.backend_of(cookie, frontend), std::nullopt) << connect;
  }
}

TEST_P(Sockets, AFrontendThatChangesHandsChangesTheBackend) {
  expose(Protocol::udp, 1);
  Sock client = udp();
  ASSERT_EQ(client.send("ping", frontend), 0);
  bed.add_frontend(frontend, Protocol::udp, bed.add_service({backend(5)}));
  ASSERT_EQ(client.send("ping", frontend), 0);
  EXPECT_EQ(bed.backend_of(client, frontend), backend(5));
}

}  // namespace
}  // namespace sp::test
