// SPDX-License-Identifier: Apache-2.0
// Connected UDP sockets whose backend has stopped serving end; all others live. Needs root.
#include "loader/sockets/stale_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "tests/harness/scratch_folder.h"
#include "tests/harness/socket_bed.h"

namespace sp::sockets {
namespace {

using test::Door;
using test::Pod;
using test::Sock;
using test::SocketBed;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::chrono::milliseconds kBudget{1000};

struct Client {
  const char* name;
  int family;
  Ip node;
  Ip vip;
};
const Client kClients[] = {
    {"IPv4", AF_INET, test::kNode4, *Ip::parse("10.96.0.10")},
    {"IPv6", AF_INET6, test::kNode6, *Ip::parse("fd00:96::10")},
    {"MappedIPv4", AF_INET6, test::kNode4, *Ip::parse("10.96.0.10")},
};

class StaleSocketsTest : public ::testing::TestWithParam<Client> {
 protected:
  void SetUp() override {
    bed.clear();
    service = bed.add_service({{at.node, 9000}, {at.node, 9001}});
    for (const auto scope : {SP_SCOPE_HOST, SP_SCOPE_POD}) bed.add_frontend(frontend, Protocol::udp, service, scope);
  }
  [[nodiscard]] StaleSockets stale_sockets(const std::filesystem::path& namespaces) {
    auto opened = StaleSockets::open(bed.pin_path(), bed.plane().tables().backends, namespaces);
    if (!opened) throw std::runtime_error(opened.error().text());
    return std::move(opened).value();
  }
  [[nodiscard]] Sock connected() const {
    Sock sock(at.family, Protocol::udp);
    EXPECT_EQ(sock.connect(frontend), 0);
    return sock;
  }
  void retire_backend_of(const Sock& sock) {
    bed.retire(service, service.backends.at(bed.backend_of(sock, frontend).value().port - 9000));
  }

  SocketBed& bed = test::socket_bed();
  const Client at = GetParam();
  const Door frontend{at.vip, 53};
  SocketBed::Service service;
  test::ScratchFolder folder;
};
INSTANTIATE_TEST_SUITE_P(, StaleSocketsTest, ::testing::ValuesIn(kClients),
                         [](const auto& client) { return client.param.name; });

TEST_P(StaleSocketsTest, I5_R082_EndsThoseOfTheDeadBackendOnly) {
  StaleSockets stale = stale_sockets(folder.path());
  Sock dies = connected();
  Sock lives = connected();
  ASSERT_NE(bed.backend_of(dies, frontend), bed.backend_of(lives, frontend));
  EXPECT_EQ(stale.end(kBudget).ended, 0u);
  retire_backend_of(dies);
  const auto pass = stale.end(kBudget);
  EXPECT_EQ(pass.ended, 1u);
  EXPECT_THAT(pass.problems, IsEmpty());
  EXPECT_EQ(dies.receive().error, ECONNABORTED) << "a process that only listens is told, too";
  EXPECT_EQ(bed.backend_of(dies, frontend), std::nullopt);
  Sock server = Sock::listening(bed.backend_of(lives, frontend).value(), Protocol::udp);
  EXPECT_EQ(lives.send("ping"), 0);
  EXPECT_EQ(server.receive().text, "ping");
  EXPECT_EQ(stale.end(kBudget).ended, 0u);
}

TEST_P(StaleSocketsTest, EndsThoseOfPods) {
  const Pod pod;
  pod.name(folder.path() / "cni-1");
  StaleSockets stale = stale_sockets(folder.path());
  std::optional<Sock> dies;
  {
    const Pod::Visit visit(pod);
    dies.emplace(connected());
  }
  retire_backend_of(*dies);
  EXPECT_EQ(stale.end(kBudget).ended, 1u);
  EXPECT_EQ(dies->receive().error, ECONNABORTED);
  ::umount2((folder.path() / "cni-1").c_str(), MNT_DETACH);
}

TEST_P(StaleSocketsTest, EndsThoseOfAPodThatHasTakenNameAndNumberOfAnother) {
  const auto name = folder.path() / "cni-1";
  StaleSockets stale = stale_sockets(folder.path());
  ino_t number = 0;
  for (const char* turn : {"first", "second"}) {
    std::optional<Pod> pod;
    // The kernel gives a number out again once it has taken the namespace down, which takes a while.
    for (int tries = 0; tries < 200; ++tries) {
      pod.emplace();
      pod->name(name);
      struct stat facts {};
      ASSERT_EQ(::stat(name.c_str(), &facts), 0);
      if (number == 0) number = facts.st_ino;
      if (number == facts.st_ino) break;
      pod.reset();
      ::umount2(name.c_str(), MNT_DETACH);
    }
    if (!pod) GTEST_SKIP() << "another process has got the number";
    std::optional<Sock> dies;
    {
      const Pod::Visit visit(*pod);
      dies.emplace(connected());
    }
    retire_backend_of(*dies);
    EXPECT_EQ(stale.end(kBudget).ended, 1u) << turn;
    EXPECT_EQ(dies->receive().error, ECONNABORTED) << turn;
    ::umount2(name.c_str(), MNT_DETACH);
  }
}

TEST_P(StaleSocketsTest, LeavesWhatHasConnectedElsewhere) {
  StaleSockets stale = stale_sockets(folder.path());
  Sock sock = connected();
  const Door first = bed.backend_of(sock, frontend).value();
  retire_backend_of(sock);
  Sock server = Sock::listening(first, Protocol::udp);
  ASSERT_EQ(sock.connect(first), 0) << "by its own address: no Service's affair";
  EXPECT_EQ(stale.end(kBudget).ended, 0u);
  EXPECT_EQ(sock.send("ping"), 0);
  EXPECT_EQ(server.receive().text, "ping");
}

TEST_P(StaleSocketsTest, LeavesUnconnectedOnes) {
  StaleSockets stale = stale_sockets(folder.path());
  Sock sock(at.family, Protocol::udp);
  ASSERT_EQ(sock.send("ping", frontend), 0);
  retire_backend_of(sock);
  EXPECT_EQ(stale.end(kBudget).ended, 0u);
  EXPECT_EQ(sock.send("ping", frontend), 0);
}

TEST_P(StaleSocketsTest, SaysWhatToDoWhenPodsAreOutOfReach) {
  const Pod pod;
  StaleSockets stale = stale_sockets(folder.path() / "missing");
  std::optional<Sock> dies;
  {
    const Pod::Visit visit(pod);
    dies.emplace(connected());
  }
  retire_backend_of(*dies);
  const auto pass = stale.end(kBudget);
  EXPECT_EQ(pass.ended, 0u);
  ASSERT_EQ(pass.problems.size(), 1u);
  EXPECT_THAT(pass.problems[0], HasSubstr("mount it into the agent's container"));
  EXPECT_NE(bed.backend_of(*dies, frontend), std::nullopt) << "it is tried again";
  // The next test must not find it.
  EXPECT_EQ(stale_sockets(folder.path()).end(kBudget).ended, 0u);
}

}  // namespace
}  // namespace sp::sockets
