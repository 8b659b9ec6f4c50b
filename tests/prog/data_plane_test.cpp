// SPDX-License-Identifier: Apache-2.0
// DataPlane on the running kernel: open, attach, adopt, refuse, clean up. Needs root.
#include "loader/kernel/data_plane.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <memory>

#include "loader/kernel/attach.h"
#include "loader/kernel/map.h"
#include "loader/kernel/pin.h"
#include "loader/util/ticks.h"
#include "tests/harness/sandbox.h"

namespace sp::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DataPlaneTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { sandbox_ = std::make_unique<test::Sandbox>(); }
  static void TearDownTestSuite() { sandbox_.reset(); }

  void SetUp() override {
    options_.pin_path = sandbox_->bpffs() / "agent";
    options_.sizes = {1024, 1024, 256, 256, 128, 64, 512, 256};
    ifindex_ = sandbox_->add_veth("spk0", "spk1");
  }
  void TearDown() override {
    const auto report = cleanup(options_.pin_path);
    EXPECT_TRUE(report) << report.error().text();
    std::system("ip link del spk0 2>/dev/null");
  }

  DataPlane open() {
    Result<DataPlane> plane = DataPlane::open(options_);
    if (!plane) throw std::runtime_error(plane.error().text());
    return std::move(plane).value();
  }
  Attachment attach(DataPlane& plane) const {
    Result<Attachment> attachment = plane.attach(ifindex_, "spk0");
    if (!attachment) throw std::runtime_error(attachment.error().text());
    return *attachment;
  }
  [[nodiscard]] PinnedObject pinned(const char* program) const {
    auto pin = open_pin(link_pin(options_.pin_path, program, ifindex_));
    if (!pin || !*pin) throw std::runtime_error(std::string("no pin of ") + program);
    return std::move(**pin);
  }
  static std::uint32_t link_id(const PinnedObject& pin) {
    bpf_link_info info{};
    __u32 bytes = sizeof info;
    if (bpf_obj_get_info_by_fd(pin.fd.get(), &info, &bytes) < 0) throw std::runtime_error("link info");
    return info.id;
  }

  static std::unique_ptr<test::Sandbox> sandbox_;
  DataPlaneOptions options_;
  std::uint32_t ifindex_ = 0;
};
std::unique_ptr<test::Sandbox> DataPlaneTest::sandbox_;

TEST_F(DataPlaneTest, AttachesNativeXdpToVeth) {
  DataPlane plane = open();
  const Attachment attachment = attach(plane);
  EXPECT_EQ(attachment.mode, XdpMode::native);
  EXPECT_FALSE(attachment.adopted);
  EXPECT_THAT(plane.attached(), ElementsAre(ifindex_));
  EXPECT_EQ(pinned(SP_PROG_XDP).at_ifindex, ifindex_);
}

TEST_F(DataPlaneTest, FallsBackToGenericXdpWhereTheDriverCannot) {
  DataPlane plane = open();
  for (const bool adopted : {false, true}) {
    const auto attachment = plane.attach(::if_nametoindex("lo"), "lo");
    ASSERT_TRUE(attachment) << attachment.error().text();
    EXPECT_EQ(attachment->mode, XdpMode::generic);
    EXPECT_EQ(attachment->adopted, adopted);
  }
}

TEST_F(DataPlaneTest, LeavesLinksAttachedWhenItGoesAway) {
  {
    DataPlane plane = open();
    attach(plane);
  }
  EXPECT_TRUE(xdp_mode(ifindex_, pinned(SP_PROG_XDP).program_id));
}

TEST_F(DataPlaneTest, SecondAgentReplacesProgramsInTheSameLinks) {
  std::uint32_t links[3];
  std::uint32_t programs[3];
  const char* const names[] = {SP_PROG_XDP, SP_PROG_TC_INGRESS, SP_PROG_TC_EGRESS};
  {
    DataPlane first = open();
    attach(first);
    for (int i = 0; i < 3; ++i) links[i] = link_id(pinned(names[i])), programs[i] = pinned(names[i]).program_id;
    first.config().epochs.route = 42;
  }
  DataPlane second = open();
  const Attachment attachment = attach(second);
  EXPECT_TRUE(attachment.adopted);
  EXPECT_EQ(attachment.mode, XdpMode::native);
  for (int i = 0; i < 3; ++i) {
    // Before 6.6 a tc program is a filter and no link; what is pinned is the program itself.
    if (pinned(names[i]).kind == PinKind::link) {
      EXPECT_EQ(link_id(pinned(names[i])), links[i]) << names[i];
    }
    EXPECT_NE(pinned(names[i]).program_id, programs[i]) << names[i];
  }
  EXPECT_EQ(second.config().epochs.route, 42u) << "maps are adopted with what is in them";
}

TEST_F(DataPlaneTest, FreshConfigHasVersionAndEpochOne) {
  DataPlane plane = open();
  EXPECT_EQ(plane.config().abi_version, static_cast<__u32>(SP_ABI_VERSION));
  EXPECT_EQ(plane.config().epochs.route, 1u);
  EXPECT_EQ(plane.config().timeouts.udp_stream_ticks, 0u);
}

TEST_F(DataPlaneTest, RefusesMapsOfAnotherAbiVersion) {
  {
    DataPlane plane = open();
    plane.config().abi_version = 7;
  }
  const auto refused = DataPlane::open(options_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("ABI version 7, this sallyport has 2"));
  EXPECT_THAT(refused.error().text(), HasSubstr("sallyport cleanup --pin-path " + options_.pin_path.string()));
}

TEST_F(DataPlaneTest, RefusesAMapOfAnotherLayout) {
  ASSERT_TRUE(make_pin_directory(options_.pin_path));
  const Fd wrong(bpf_map_create(BPF_MAP_TYPE_HASH, "sp_frontends", 4, 4, 8, nullptr));
  ASSERT_EQ(bpf_obj_pin(wrong.get(), (options_.pin_path / "sp_frontends").c_str()), 0);
  const auto refused = DataPlane::open(options_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("map sp_frontends"));
}

TEST_F(DataPlaneTest, AdoptsTheSizeThatThePinnedMapsHave) {
  { const DataPlane plane = open(); }
  options_.sizes.services = 128;
  DataPlane plane = open();
  EXPECT_EQ(plane.tables().services.size(), 64u);
  EXPECT_EQ(plane.tables().slots.size(), 512u);
}

TEST_F(DataPlaneTest, RefusesASecondAgentOnOnePinPath) {
  const DataPlane first = open();
  const auto second = DataPlane::open(options_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text(), HasSubstr("an agent is running with --pin-path"));
}

TEST_F(DataPlaneTest, NamesTheProgramThatSitsOnTheDevice) {
  auto other = options_;
  other.pin_path = sandbox_->bpffs() / "other";
  {
    Result<DataPlane> holder = DataPlane::open(other);
    ASSERT_TRUE(holder) << holder.error().text();
    ASSERT_TRUE(holder->attach(ifindex_, "spk0"));
  }
  DataPlane plane = open();
  const auto refused = plane.attach(ifindex_, "spk0");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("device spk0 already has XDP program"));
  EXPECT_THAT(refused.error().text(), HasSubstr("sallyport cleanup"));
  EXPECT_TRUE(cleanup(other.pin_path));
  EXPECT_TRUE(plane.attach(ifindex_, "spk0")) << "free again";
}

TEST_F(DataPlaneTest, NamesTheCommandThatTakesAForeignProgramOff) {
  const bpf_insn pass[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, XDP_PASS}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  const Fd program(bpf_prog_load(BPF_PROG_TYPE_XDP, "stranger", "GPL", pass, 2, nullptr));
  ASSERT_EQ(bpf_xdp_attach(static_cast<int>(ifindex_), program.get(), 0, nullptr), 0);
  DataPlane plane = open();
  const auto refused = plane.attach(ifindex_, "spk0");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(),
              HasSubstr("(stranger): stop what attached it, or run `ip link set dev spk0 xdp off`"));
}

TEST_F(DataPlaneTest, SaysThatTheDeviceIsMissing) {
  DataPlane plane = open();
  const auto refused = plane.attach(9999, "gone0");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("device gone0 (ifindex 9999) does not exist"));
}

TEST_F(DataPlaneTest, ReplacesTheLinksOfADeviceThatWasMadeAnew) {
  {
    DataPlane plane = open();
    attach(plane);
  }
  sandbox_->run("ip link del spk0 && ip link add spk0 index " + std::to_string(ifindex_) + " type veth peer name spk1");
  DataPlane plane = open();
  EXPECT_FALSE(attach(plane).adopted);
  EXPECT_EQ(pinned(SP_PROG_XDP).at_ifindex, ifindex_);
  EXPECT_EQ(pinned(SP_PROG_TC_EGRESS).at_ifindex, ifindex_);
}

TEST_F(DataPlaneTest, DetachTakesEverythingOffTheDevice) {
  DataPlane plane = open();
  attach(plane);
  ASSERT_TRUE(plane.detach(ifindex_));
  EXPECT_THAT(plane.attached(), IsEmpty());
  EXPECT_THAT(sandbox_->output("ip link show spk0"), Not(HasSubstr("xdp")));
  EXPECT_TRUE(plane.detach(ifindex_)) << "twice is fine";
}

TEST_F(DataPlaneTest, CleanupLeavesNothing) {
  {
    DataPlane plane = open();
    attach(plane);
  }
  const auto report = cleanup(options_.pin_path);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_GE(report->links, 3u) << "before 6.6 the marker of our clsact qdisc is one more";
  EXPECT_GT(report->maps, 10u);
  EXPECT_FALSE(std::filesystem::exists(options_.pin_path));
  EXPECT_THAT(sandbox_->output("ip link show spk0"), Not(HasSubstr("xdp")));
  const auto again = cleanup(options_.pin_path);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->links + again->maps, 0u);
}

TEST_F(DataPlaneTest, CleanupRefusesAFolderThatIsNoBpfFileSystem) {
  const auto refused = cleanup("/tmp");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("mount -t bpf bpf"));
}

TEST_F(DataPlaneTest, AgesBothTablesToTheEnd) {
  DataPlane plane = open();
  for (int i = 0; i < 100; ++i) {
    const auto done = plane.age(64);
    ASSERT_TRUE(done) << done.error().text();
    if (*done) return;
  }
  FAIL() << "the sweep never ended";
}

TEST_F(DataPlaneTest, ASweepCountsTheFlowsOfEachTable) {
  DataPlane plane = open();
  auto flows =
      Map<sp_flow4_key, sp_flow4_val>::open(options_.pin_path, "sp_flows4", BPF_MAP_TYPE_HASH, Access::read_write);
  ASSERT_TRUE(flows);
  constexpr std::uint16_t kFlows = 150;  // two full bytes of output and a rest
  for (std::uint16_t i = 0; i < kFlows; ++i) {
    sp_flow4_key key{};
    key.sport = i;
    key.proto = IPPROTO_UDP;
    sp_flow4_val value{};
    value.rule.last_seen_tick = current_tick() + 1000;  // a fresh config has no patience
    ASSERT_TRUE(flows->update(key, value));
  }
  while (!plane.age(64).value()) {
  }
  EXPECT_THAT(plane.flow_population(), ElementsAre(kFlows, 0));
}

}  // namespace
}  // namespace sp::kernel
