// SPDX-License-Identifier: Apache-2.0
// `status` and `get` over maps that the test fills as agent and packets would. Needs root.
#include "loader/show/show.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <ctime>
#include <memory>

#include "loader/kernel/map.h"
#include "loader/kernel/reader.h"
#include "loader/util/ip.h"
#include "tests/harness/sandbox.h"

namespace sp::show {
namespace {

using kernel::Access;
using kernel::DataPlane;
using kernel::Map;
using ::testing::HasSubstr;
using ::testing::Not;

__be16 port(std::uint16_t host) {
  return Be16::from_host(host).raw;
}
sp_addr addr(const char* text) {
  return Ip::parse(text)->raw();
}
__be32 addr4(const char* text) {
  return Ip::parse(text)->raw().w[3];
}
std::uint32_t tick_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint32_t>((static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000) >> SP_TICK_SHIFT);
}

class Show : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { sandbox_ = std::make_unique<test::Sandbox>(); }
  static void TearDownTestSuite() { sandbox_.reset(); }

  void SetUp() override {
    options_.pin_path = sandbox_->bpffs() / "show";
    options_.sizes = {1024, 1024, 256, 256, 128, 64, 512, 256};
    Result<DataPlane> plane = DataPlane::open(options_);
    ASSERT_TRUE(plane) << plane.error().text();
    plane_ = std::make_unique<DataPlane>(std::move(plane).value());
    fill_service();
  }
  void TearDown() override {
    plane_.reset();
    EXPECT_TRUE(kernel::cleanup(options_.pin_path));
  }

  // Service 3, default/web, with two backends behind NodePort 30000.
  void fill_service() {
    auto tables = plane_->tables();
    sp_service_name name{};
    std::strcpy(name.text, "default/web:80/TCP@v4-external");
    ASSERT_TRUE(tables.service_names.update(3, name));
    tables.backends[1] = {
        addr("10.244.1.2"), port(80), SP_BACKEND_USED | SP_BACKEND_LOCAL | SP_BACKEND_SELECTED, 4, 3, 0};
    tables.backends[2] = {addr("10.244.2.2"), port(80), SP_BACKEND_USED, 5, 3, 0};
    tables.slots[8] = 1;
    tables.slots[9] = 2;
    tables.services[3] = {8, 2, 0, 0};
    ASSERT_TRUE(tables.frontends.update({addr("192.0.2.1"), port(30000), SP_PROTO_TCP, SP_SCOPE_EXTERNAL},
                                        {3, SP_FRONTEND_NODE_ADDR, SP_KIND_NODE_PORT}));
  }

  // The pair of 198.51.100.7:5000 -> 192.0.2.1:30000, sent on as 192.0.2.1:1024 -> 10.244.2.2:80.
  void fill_flow(__u8 request_tcp_flags, __u8 reply_tcp_flags) {
    auto flows =
        Map<sp_flow4_key, sp_flow4_val>::open(options_.pin_path, "sp_flows4", BPF_MAP_TYPE_HASH, Access::read_write);
    ASSERT_TRUE(flows);
    sp_flow4_val request{addr4("192.0.2.1"), addr4("10.244.2.2"), {}};
    request.rule.sport = port(1024);
    request.rule.dport = port(80);
    request.rule.service_id = 3;
    request.rule.tcp_flags = request_tcp_flags;
    request.rule.last_seen_tick = tick_now() - 1000;
    ASSERT_TRUE(
        flows->update({addr4("198.51.100.7"), addr4("192.0.2.1"), port(5000), port(30000), SP_PROTO_TCP, {}}, request));
    sp_flow4_val reply{addr4("192.0.2.1"), addr4("198.51.100.7"), {}};
    reply.rule.sport = port(30000);
    reply.rule.dport = port(5000);
    reply.rule.service_id = 3;
    reply.rule.flags = SP_FLOW_REPLY;
    reply.rule.tcp_flags = reply_tcp_flags;
    reply.rule.last_seen_tick = tick_now() - 10;
    ASSERT_TRUE(
        flows->update({addr4("10.244.2.2"), addr4("192.0.2.1"), port(80), port(1024), SP_PROTO_TCP, {}}, reply));
  }
  std::string get(What what, Format format = Format::table) {
    const auto text = show::get(options_.pin_path, what, format);
    return text ? *text : "error: " + text.error().text();
  }

  static std::unique_ptr<test::Sandbox> sandbox_;
  kernel::DataPlaneOptions options_;
  std::unique_ptr<DataPlane> plane_;
};
std::unique_ptr<test::Sandbox> Show::sandbox_;

TEST_F(Show, FrontendsNameTheirService) {
  EXPECT_EQ(
      get(What::frontends),
      "ADDRESS     PORT  PROTOCOL  SCOPE     KIND      SERVICE                         SERVICE-ID  FLAGS\n"
      "192.0.2.1  30000  TCP       external  NodePort  default/web:80/TCP@v4-external           3  node-address\n");
}

TEST_F(Show, ServicesListTheirEndpointsInRoundRobinOrder) {
  EXPECT_EQ(get(What::services, Format::json),
            "[\n"
            R"({"id":3,"service":"default/web:80/TCP@v4-external","slots":2,"affinity_s":0,"packets":0,"bytes":0,)"
            R"("flags":[],"endpoints":["10.244.1.2:80","10.244.2.2:80"]})"
            "\n]\n");
}

TEST_F(Show, BackendsTellLocalFromRemoteAndSelectedFromDraining) {
  EXPECT_EQ(get(What::backends),
            "ID  ADDRESS     PORT  LOCAL  IN-SET  GENERATION  SERVICE\n"
            " 1  10.244.1.2    80  yes    yes              4  default/web:80/TCP@v4-external\n"
            " 2  10.244.2.2    80  no     no               5  default/web:80/TCP@v4-external\n");
}

TEST_F(Show, ConnectionIsOneLineFromClientToBackend) {
  fill_flow(0x18, 0x18);
  const std::string text = get(What::flows, Format::json);
  EXPECT_THAT(text, HasSubstr(R"("state":"established","client":"198.51.100.7:5000","frontend":"192.0.2.1:30000",)"
                              R"("source":"192.0.2.1:1024","backend":"10.244.2.2:80")"));
  EXPECT_EQ(text.find("\"client\""), text.rfind("\"client\"")) << "the reply half is no line of its own";
  EXPECT_THAT(text, ::testing::ContainsRegex("\"idle_s\":1[0-9],")) << "the younger half counts";
}

TEST_F(Show, StateComesFromBothDirections) {
  fill_flow(0x18, 0x19);
  EXPECT_THAT(get(What::flows), HasSubstr("closing"));
  fill_flow(0x14, 0x18);
  EXPECT_THAT(get(What::flows), HasSubstr("reset"));
}

TEST_F(Show, EmbryosAreFlowsToo) {
  auto embryos = Map<sp_flow6_key, sp_embryo6_val>::open(options_.pin_path, "sp_embryos6", BPF_MAP_TYPE_LRU_HASH,
                                                         Access::read_write);
  ASSERT_TRUE(embryos);
  sp_flow6_key key{};
  std::memcpy(key.saddr, addr("2001:db8::7").w, sizeof key.saddr);
  key.sport = port(5000);
  key.proto = SP_PROTO_UDP;
  ASSERT_TRUE(embryos->update(key, {}));
  EXPECT_THAT(get(What::flows), ::testing::ContainsRegex("UDP +embryo +\\[2001:db8::7\\]:5000"));
}

TEST_F(Show, StatusTellsDevicesTablesAndMovedCounters) {
  const std::uint32_t ifindex = sandbox_->add_veth("sps0", "sps1");
  ASSERT_TRUE(plane_->attach(ifindex, "sps0"));
  fill_flow(0x18, 0x18);
  const Fd counters(bpf_obj_get((options_.pin_path / "sp_counters").c_str()));
  std::vector<sp_counter_val> values(static_cast<std::size_t>(libbpf_num_possible_cpus()), {2, 200});
  const __u32 reason = SP_DROP_NO_ROUTE;
  ASSERT_EQ(bpf_map_update_elem(counters.get(), &reason, values.data(), BPF_ANY), 0);

  const auto status = show::status(options_.pin_path, "1.2.3");
  ASSERT_TRUE(status) << status.error().text();
  EXPECT_THAT(*status, HasSubstr("sallyport 1.2.3, maps under " + options_.pin_path.string() + " (ABI version 2)"));
  EXPECT_THAT(*status, HasSubstr("route epoch 1"));
  EXPECT_THAT(*status, ::testing::ContainsRegex("sps0 +[0-9]+ +native +"));
  EXPECT_THAT(*status, HasSubstr("\ndevices of Pods: none\n"));
  EXPECT_THAT(*status, ::testing::ContainsRegex("flows IPv4 +2 +1024"));
  EXPECT_THAT(*status, ::testing::ContainsRegex("drop-no-route +[0-9]+ +[0-9]+ +no route to the next hop"));
  EXPECT_THAT(*status, Not(HasSubstr("drop-ttl"))) << "counters that stand at zero are left out";
  sandbox_->run("ip link del sps0");
}

TEST_F(Show, DevicesOfPodsAreCountedInTheStatusAndListedOnDemand) {
  const std::uint32_t outside = sandbox_->add_veth("sps2", "sps3");
  const std::uint32_t pod = sandbox_->add_veth("sps4", "sps5");
  ASSERT_TRUE(plane_->attach(outside, "sps2"));
  ASSERT_TRUE(plane_->set_device(outside, {addr("192.0.2.1"), {}, SP_DEVICE_XDP_TX | SP_DEVICE_HAS_SNAT4, 1500}));
  ASSERT_TRUE(plane_->attach_pods(pod, "sps4"));
  ASSERT_TRUE(plane_->set_device(pod, {{}, addr("2001:db8::1"), SP_DEVICE_PODS | SP_DEVICE_HAS_SNAT6, 1450}));

  const std::string status = *show::status(options_.pin_path);
  EXPECT_THAT(status, Not(HasSubstr("sps4"))) << "there may be hundreds";
  EXPECT_THAT(status, ::testing::ContainsRegex("devices of Pods: 1 by (tcx|clsact); `sallyport get devices` lists"));
  const std::string table = get(What::devices);
  EXPECT_THAT(table, ::testing::ContainsRegex("sps2 +[0-9]+ +clients +native +(tcx|clsact) +(tcx|clsact) +1500 +"
                                              "192.0.2.1 +- +xdp-tx"));
  EXPECT_THAT(table, ::testing::ContainsRegex("sps4 +[0-9]+ +pods +- +(tcx|clsact) +(tcx|clsact) +1450 +- +"
                                              "2001:db8::1 +pods"));
  sandbox_->run("ip link del sps4 && ip link del sps2");
  EXPECT_THAT(get(What::devices), HasSubstr("device gone"));
}

}  // namespace
}  // namespace sp::show
