// SPDX-License-Identifier: Apache-2.0
// PodDevices on real devices that come and go, as netlink tells of them. Needs root.
#include "loader/agent/pod_devices.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>

#include "loader/agent/node_devices.h"
#include "loader/kernel/pin.h"
#include "loader/kernel/pinned_object.h"
#include "loader/kernel/reader.h"
#include "loader/node/watcher.h"
#include "tests/harness/sandbox.h"

namespace sp::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class PodDevicesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    sandbox_ = std::make_unique<test::Sandbox>();
    sandbox_->add_namespace("spp-pods");
  }
  static void TearDownTestSuite() { sandbox_.reset(); }

  void SetUp() override {
    options_.pin_path = sandbox_->bpffs() / "agent";
    options_.sizes = {1024, 1024, 256, 256, 128, 64, 512, 256};
    restart();
    Result<node::Watcher> watcher = node::Watcher::open("n1");
    ASSERT_TRUE(watcher) << watcher.error().text();
    watcher_ = std::make_unique<node::Watcher>(std::move(watcher).value());
  }
  void TearDown() override {
    pods_.reset();
    plane_.reset();
    EXPECT_TRUE(kernel::cleanup(options_.pin_path));
    for (const char* name : {"spp0", "spp1", "spp2"}) {
      std::system(("ip link del " + std::string(name) + " 2>/dev/null").c_str());
    }
  }

  // A new agent: nothing of the earlier one's memory is left.
  void restart(const Config& config = {}) {
    pods_.reset();
    plane_.reset();
    Result<kernel::DataPlane> plane = kernel::DataPlane::open(options_);
    if (!plane) throw std::runtime_error(plane.error().text());
    plane_ = std::make_unique<kernel::DataPlane>(std::move(plane).value());
    pods_ = std::make_unique<PodDevices>(*plane_, config);
  }
  // A Pod whose host-side device is `name`.
  std::uint32_t add_pod(const std::string& name) {
    const std::uint32_t ifindex = sandbox_->add_veth(name, name + "p");
    sandbox_->run("ip link set " + name + "p netns spp-pods");
    return ifindex;
  }
  const node::Facts& facts() {
    static_cast<void>(watcher_->refresh());
    return watcher_->facts();
  }
  std::vector<std::uint32_t> rows() {
    const auto reader = kernel::Reader::open(options_.pin_path);
    const auto devices = reader->devices();
    std::vector<std::uint32_t> ifindexes;
    for (const auto& [ifindex, row] : *devices) {
      ifindexes.push_back(ifindex);
    }
    return ifindexes;
  }
  [[nodiscard]] kernel::PinnedObject pinned(const char* program, std::uint32_t ifindex) const {
    auto pin = kernel::open_pin(kernel::link_pin(options_.pin_path, program, ifindex));
    if (!pin || !*pin) throw std::runtime_error(std::string("no pin of ") + program);
    return std::move(**pin);
  }
  static std::uint32_t link_id(const kernel::PinnedObject& pin) {
    bpf_link_info info{};
    __u32 bytes = sizeof info;
    if (bpf_obj_get_info_by_fd(pin.fd.get(), &info, &bytes) < 0) throw std::runtime_error("link info");
    return info.id;
  }

  static std::unique_ptr<test::Sandbox> sandbox_;
  kernel::DataPlaneOptions options_;
  std::unique_ptr<kernel::DataPlane> plane_;
  std::unique_ptr<PodDevices> pods_;
  std::unique_ptr<node::Watcher> watcher_;
};
std::unique_ptr<test::Sandbox> PodDevicesTest::sandbox_;

TEST_F(PodDevicesTest, I6_ProgramsStayWhenTheAgentGoesAndAreReplacedInTheSameLinks) {
  const std::uint32_t ifindex = add_pod("spp0");
  constexpr std::array kNames{SP_PROG_POD_INGRESS, SP_PROG_POD_EGRESS};
  const auto attached = plane_->attach_pods(ifindex, "spp0");
  ASSERT_TRUE(attached) << attached.error().text();
  EXPECT_THAT(plane_->attached_pods(), ElementsAre(ifindex));
  EXPECT_THAT(plane_->attached(), IsEmpty()) << "it faces no clients";
  std::map<std::string, kernel::PinnedObject> before;
  for (const char* name : kNames) before.emplace(name, pinned(name, ifindex));
  restart();
  ASSERT_TRUE(plane_->attach_pods(ifindex, "spp0"));
  for (const char* name : kNames) {
    const kernel::PinnedObject now = pinned(name, ifindex);
    // Before 6.6 a tc program is a filter and no link; what is pinned is the program itself.
    if (now.kind == kernel::PinKind::link) {
      EXPECT_EQ(link_id(now), link_id(before.at(name))) << name;
    }
    EXPECT_NE(now.program_id, before.at(name).program_id) << name;
  }
  ASSERT_TRUE(plane_->detach_pods(ifindex));
  EXPECT_THAT(plane_->attached_pods(), IsEmpty());
  EXPECT_TRUE(plane_->detach_pods(ifindex)) << "twice is fine";
}

TEST_F(PodDevicesTest, ADeviceThatIsGoneLeavesNothingBehind) {
  const std::uint32_t ifindex = add_pod("spp0");
  ASSERT_TRUE(plane_->attach_pods(ifindex, "spp0"));
  sandbox_->run("ip link del spp0");
  EXPECT_THAT(plane_->attached_pods(), ElementsAre(ifindex)) << "its pins are";
  EXPECT_TRUE(plane_->detach_pods(ifindex));
  EXPECT_THAT(plane_->attached_pods(), IsEmpty());
  const auto refused = plane_->attach_pods(ifindex, "spp0");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().err, ENODEV);
}

TEST_F(PodDevicesTest, CleanupTakesTheProgramsOff) {
  const std::uint32_t ifindex = add_pod("spp0");
  ASSERT_TRUE(plane_->attach_pods(ifindex, "spp0"));
  plane_.reset();
  const auto report = kernel::cleanup(options_.pin_path);
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_GE(report->links, 2U);
  EXPECT_FALSE(std::filesystem::exists(options_.pin_path));
  EXPECT_THAT(sandbox_->output("tc filter show dev spp0 ingress"), Not(HasSubstr("sp_pod")));
}

TEST_F(PodDevicesTest, FollowsPodsAsTheyComeAndGo) {
  pods_->start(facts(), {});
  EXPECT_EQ(pods_->size(), 0U);
  const std::uint32_t first = add_pod("spp0");
  const std::uint32_t second = add_pod("spp1");
  pods_->reconcile(facts(), {});
  EXPECT_THAT(plane_->attached_pods(), UnorderedElementsAre(first, second));
  EXPECT_THAT(rows(), UnorderedElementsAre(first, second));
  sandbox_->run("ip link del spp0");
  pods_->reconcile(facts(), {});
  EXPECT_THAT(plane_->attached_pods(), ElementsAre(second));
  EXPECT_THAT(rows(), ElementsAre(second));
  EXPECT_EQ(pods_->size(), 1U);
}

TEST_F(PodDevicesTest, I6_ANewAgentAdoptsWhatItWantsAndDetachesTheRest) {
  const std::uint32_t stays = add_pod("spp0");
  const std::uint32_t unwanted = add_pod("spp1");
  const std::uint32_t gone = add_pod("spp2");
  pods_->start(facts(), {});
  ASSERT_THAT(plane_->attached_pods(), UnorderedElementsAre(stays, unwanted, gone));
  const auto program = [this] { return kernel::Reader::open(options_.pin_path)->attached_pods()->front().program_id; };
  const std::uint32_t before = program();
  sandbox_->run("ip link del spp2");
  Config config;
  config.pod_devices = {false, {"spp0"}};
  restart(config);
  pods_->start(facts(), {});
  EXPECT_THAT(plane_->attached_pods(), ElementsAre(stays));
  EXPECT_THAT(rows(), ElementsAre(stays));
  EXPECT_NE(program(), before) << "its own program";
}

TEST_F(PodDevicesTest, ADeviceThatTurnsToClientsIsGivenUpButItsRowStays) {
  const std::uint32_t ifindex = add_pod("spp0");
  pods_->start(facts(), {});
  ASSERT_THAT(plane_->attached_pods(), ElementsAre(ifindex));
  pods_->reconcile(facts(), {ifindex});
  EXPECT_THAT(plane_->attached_pods(), IsEmpty());
  EXPECT_THAT(rows(), ElementsAre(ifindex)) << "Devices wrote it";
}

TEST_F(PodDevicesTest, ADeviceThatFailsKeepsNoOtherFromWorkingAndIsTriedAgain) {
  pods_->start(facts(), {});
  add_pod("spp0");
  const std::uint32_t good = add_pod("spp1");
  // What only a stranger would pin there.
  const auto obstacle =
      options_.pin_path / SP_LINK_DIR / (SP_PROG_POD_INGRESS "-" + std::to_string(::if_nametoindex("spp0")));
  std::filesystem::create_directory(obstacle);
  pods_->reconcile(facts(), {});
  EXPECT_EQ(pods_->size(), 1U);
  EXPECT_THAT(rows(), ElementsAre(good)) << "half an attachment is none";
  std::filesystem::remove(obstacle);
  pods_->reconcile(facts(), {});
  EXPECT_EQ(pods_->size(), 2U);
}

TEST_F(PodDevicesTest, ADeviceThatFacesClientsIsNoPodsEvenIfItCannotBeAttached) {
  add_pod("spp0");
  const std::uint32_t pod = add_pod("spp2");
  add_pod("spp1");
  const auto in_the_way =
      options_.pin_path / SP_LINK_DIR / (SP_PROG_XDP "-" + std::to_string(::if_nametoindex("spp0")));
  std::filesystem::create_directory(in_the_way);
  static_cast<void>(facts());
  NodeDevices devices(*plane_, *watcher_, {"spp0", "spp1"}, Config{});
  const auto started = devices.start();
  ASSERT_TRUE(started) << started.error().text();
  EXPECT_THAT(devices.names(), ElementsAre("spp1"));
  EXPECT_THAT(plane_->attached_pods(), ElementsAre(pod));
  std::filesystem::remove(in_the_way);
}

}  // namespace
}  // namespace sp::agent
