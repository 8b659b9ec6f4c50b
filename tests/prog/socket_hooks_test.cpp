// SPDX-License-Identifier: Apache-2.0
// Socket hooks come and go: attach, adopt, move to another cgroup, survive the agent, clean up. Needs root.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>

#include "loader/kernel/attach_sockets.h"
#include "loader/kernel/data_plane.h"
#include "tests/harness/socket_bed.h"

namespace sp::kernel {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

struct LinkFacts {
  std::uint32_t id = 0;
  std::uint32_t program = 0;
  std::uint64_t cgroup = 0;
};

class SocketHooks : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { sandbox_ = std::make_unique<test::Sandbox>(); }
  static void TearDownTestSuite() { sandbox_.reset(); }
  void SetUp() override {
    options_.pin_path = sandbox_->bpffs() / "agent";
    options_.sizes = {1024, 1024, 256, 256, 128, 64, 512, 256};
  }
  void TearDown() override { EXPECT_TRUE(cleanup(options_.pin_path)); }

  DataPlane open() {
    Result<DataPlane> plane = DataPlane::open(options_);
    if (!plane) throw std::runtime_error(plane.error().text());
    return std::move(plane).value();
  }
  [[nodiscard]] std::map<std::string, LinkFacts> links() const {
    std::map<std::string, LinkFacts> links;
    for (const auto& pin : std::filesystem::directory_iterator(options_.pin_path / SP_SOCKET_DIR)) {
      const Fd fd(bpf_obj_get(pin.path().c_str()));
      bpf_link_info info{};
      __u32 bytes = sizeof info;
      if (bpf_obj_get_info_by_fd(fd.get(), &info, &bytes) < 0) throw std::runtime_error("link info");
      links[pin.path().filename()] = {info.id, info.prog_id, info.cgroup.cgroup_id};
    }
    return links;
  }
  // Programs that the kernel runs for the cgroup itself.
  static std::size_t programs_at(const test::Cgroup& cgroup, bpf_attach_type type) {
    const Fd fd(::open(cgroup.path().c_str(), O_RDONLY | O_DIRECTORY));
    __u32 ids[16];
    __u32 count = 16;
    if (bpf_prog_query(fd.get(), type, 0, nullptr, ids, &count) < 0) throw std::runtime_error("bpf_prog_query");
    return count;
  }

  static std::unique_ptr<test::Sandbox> sandbox_;
  DataPlaneOptions options_;
  test::Cgroup first_{"sp-hooks-a"};
  test::Cgroup second_{"sp-hooks-b"};
};
std::unique_ptr<test::Sandbox> SocketHooks::sandbox_;

TEST_F(SocketHooks, I6_StayWhenTheAgentGoesAndTheNextOneAdoptsThem) {
  std::map<std::string, LinkFacts> before;
  {
    DataPlane plane = open();
    const auto attached = plane.attach_sockets(first_.path());
    ASSERT_TRUE(attached) << attached.error().text();
    EXPECT_FALSE(*attached);
    before = links();
  }
  EXPECT_THAT(before, SizeIs(9));
  EXPECT_EQ(programs_at(first_, BPF_CGROUP_INET4_CONNECT), 1u);
  DataPlane plane = open();
  const auto adopted = plane.attach_sockets(first_.path());
  ASSERT_TRUE(adopted) << adopted.error().text();
  EXPECT_TRUE(*adopted);
  for (const auto& [name, link] : links()) {
    EXPECT_EQ(link.id, before.at(name).id) << name;
    EXPECT_NE(link.program, before.at(name).program) << name;
  }
  EXPECT_EQ(programs_at(first_, BPF_CGROUP_INET4_CONNECT), 1u);
}

TEST_F(SocketHooks, MoveToAnotherCgroup) {
  DataPlane plane = open();
  ASSERT_TRUE(plane.attach_sockets(first_.path()));
  const auto moved = plane.attach_sockets(second_.path());
  ASSERT_TRUE(moved) << moved.error().text();
  EXPECT_FALSE(*moved);
  for (const auto type : {BPF_CGROUP_INET4_CONNECT, BPF_CGROUP_UDP6_RECVMSG, BPF_CGROUP_INET6_GETPEERNAME}) {
    EXPECT_EQ(programs_at(first_, type), 0u);
    EXPECT_EQ(programs_at(second_, type), 1u);
  }
}

TEST_F(SocketHooks, OutliveTheirCgroup) {
  DataPlane plane = open();
  {
    const test::Cgroup gone("sp-hooks-c");
    ASSERT_TRUE(plane.attach_sockets(gone.path()));
  }
  const auto attached = plane.attach_sockets(first_.path());
  ASSERT_TRUE(attached) << attached.error().text();
  EXPECT_EQ(programs_at(first_, BPF_CGROUP_UDP4_SENDMSG), 1u);
}

TEST_F(SocketHooks, DetachAndCleanupTakeThemOff) {
  DataPlane plane = open();
  ASSERT_TRUE(plane.attach_sockets(first_.path()));
  ASSERT_TRUE(plane.detach_sockets());
  EXPECT_EQ(programs_at(first_, BPF_CGROUP_INET6_CONNECT), 0u);
  EXPECT_THAT(links(), SizeIs(0));
  ASSERT_TRUE(plane.attach_sockets(first_.path()));
  { const DataPlane gone = std::move(plane); }
  const auto report = cleanup(options_.pin_path);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->links, 9u);
  EXPECT_EQ(programs_at(first_, BPF_CGROUP_INET6_CONNECT), 0u);
  EXPECT_FALSE(std::filesystem::exists(options_.pin_path));
}

TEST_F(SocketHooks, AWrongCgroupIsNamedWithWhatToDo) {
  DataPlane plane = open();
  const auto missing = plane.attach_sockets("/nowhere");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().text(), HasSubstr("cgroup /nowhere"));
  EXPECT_THAT(missing.error().text(), HasSubstr("--cgroup"));
  const auto wrong = plane.attach_sockets("/tmp");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().text(), HasSubstr("cgroup /tmp is not of cgroup v2"));
}

}  // namespace
}  // namespace sp::kernel
