// SPDX-License-Identifier: Apache-2.0
// Typed maps, the read-only view and the clsact filter of kernels without tcx. Needs root.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "loader/kernel/attach.h"
#include "loader/kernel/map.h"
#include "loader/kernel/percpu_map.h"
#include "loader/kernel/pin.h"
#include "loader/kernel/reader.h"
#include "maps/filter.h"
#include "tests/harness/sandbox.h"

namespace sp::kernel {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class KernelMaps : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { sandbox_ = std::make_unique<test::Sandbox>(); }
  static void TearDownTestSuite() { sandbox_.reset(); }
  void SetUp() override {
    options_.pin_path = sandbox_->bpffs() / "maps";
    options_.sizes = {1024, 1024, 256, 256, 4096, 64, 512, 256};
    Result<DataPlane> plane = DataPlane::open(options_);
    ASSERT_TRUE(plane) << plane.error().text();
    plane_ = std::make_unique<DataPlane>(std::move(plane).value());
  }
  void TearDown() override {
    plane_.reset();
    EXPECT_TRUE(cleanup(options_.pin_path));
  }
  Reader read() {
    Result<Reader> reader = Reader::open(options_.pin_path);
    if (!reader) throw std::runtime_error(reader.error().text());
    return std::move(reader).value();
  }

  Fd pinned(const char* map) { return Fd(bpf_obj_get((options_.pin_path / map).c_str())); }

  static std::unique_ptr<test::Sandbox> sandbox_;
  DataPlaneOptions options_;
  std::unique_ptr<DataPlane> plane_;
};
std::unique_ptr<test::Sandbox> KernelMaps::sandbox_;

sp_frontend_key frontend(std::uint32_t number) {
  sp_frontend_key key{};
  key.addr.w[3] = number;
  key.proto = SP_PROTO_TCP;
  return key;
}

TEST_F(KernelMaps, HashWalkVisitsEveryEntryOnce) {
  auto& table = plane_->tables().frontends;
  for (std::uint32_t i = 0; i < 3000; ++i) ASSERT_TRUE(table.update(frontend(i), {i, 0, 0}));
  std::set<std::uint32_t> seen;
  std::size_t visits = 0;
  ASSERT_TRUE(table.for_each([&](const sp_frontend_key& key, const sp_frontend_val& value) {
    EXPECT_EQ(key.addr.w[3], value.service_id);
    seen.insert(value.service_id);
    ++visits;
  }));
  EXPECT_EQ(visits, 3000u);
  EXPECT_EQ(seen.size(), 3000u);
}

TEST_F(KernelMaps, FullTableSaysSoAndHowBigItIs) {
  auto& table = plane_->tables().frontends;
  for (std::uint32_t i = 0; i < 4096; ++i) ASSERT_TRUE(table.update(frontend(i), {}));
  const auto full = table.update(frontend(5000), {});
  ASSERT_FALSE(full);
  EXPECT_THAT(full.error().what, HasSubstr("map sp_frontends: update: full (4096 entries)"));
}

TEST_F(KernelMaps, ErasingAnAbsentKeyIsNoError) {
  EXPECT_TRUE(plane_->tables().frontends.erase(frontend(1)));
  EXPECT_TRUE(plane_->tables().source_ranges.erase({32, 1, {}}));
}

TEST_F(KernelMaps, FrontendsHaveTheirBitsInTheFilterOfDestinations) {
  const sp_frontend_key key = frontend(7);
  const __be32* w = key.addr.w;
  const __u32 bit = sp_filter_bit(w[0], w[1], w[2], w[3], key.port, key.proto), row = bit / 64;
  const auto filter = [&] { return pinned("sp_filter"); };
  const auto word = [&] {
    __u64 out = 0;
    EXPECT_EQ(bpf_map_lookup_elem(filter().get(), &row, &out), 0);
    return out;
  };
  EXPECT_EQ(word(), 0u);
  ASSERT_TRUE(plane_->tables().frontends.update(key, {1, 0, 0}));
  EXPECT_EQ(word(), __u64{1} << bit % 64);

  // As an agent leaves it that knew nothing of the filter.
  constexpr __u64 kNone = 0;
  ASSERT_EQ(bpf_map_update_elem(filter().get(), &row, &kNone, BPF_ANY), 0);
  plane_.reset();
  SetUp();
  EXPECT_EQ(word(), __u64{1} << bit % 64);
}

TEST_F(KernelMaps, FlowsOfAnAgentWithoutAFilterGetTheirBits) {
  sp_flow4_key left{}, entered{};
  left.saddr = 0x0b01f40a;
  left.sport = 0x901f;
  left.proto = entered.proto = SP_PROTO_TCP;
  entered.daddr = 0x010200c0;
  entered.dport = 0x1234;
  sp_flow4_val value{};
  value.rule.flags = SP_FLOW_REPLY | SP_FLOW_EGRESS;
  ASSERT_EQ(bpf_map_update_elem(pinned("sp_flows4").get(), &left, &value, BPF_ANY), 0);
  sp_embryo4_val embryo{};
  embryo.flow.rule.flags = SP_FLOW_REPLY;
  ASSERT_EQ(bpf_map_update_elem(pinned("sp_embryos4").get(), &entered, &embryo, BPF_ANY), 0);
  plane_.reset();
  SetUp();
  const auto has = [&](__be32 ip, __be16 port, __u8 proto) {
    const __u32 bit = sp_filter_bit(0, 0, __builtin_bswap32(SP_ADDR_V4_PREFIX), ip, port, proto), row = bit / 64;
    __u64 word = 0;
    EXPECT_EQ(bpf_map_lookup_elem(pinned("sp_filter").get(), &row, &word), 0);
    return (word >> bit % 64 & 1) != 0;
  };
  EXPECT_TRUE(has(left.saddr, left.sport, SP_PROTO_TCP | SP_FILTER_SOURCE));
  EXPECT_TRUE(has(left.saddr, 0, SP_FILTER_SOURCE));
  EXPECT_TRUE(has(entered.daddr, entered.dport, SP_PROTO_TCP));
  EXPECT_FALSE(has(left.saddr, left.sport, SP_PROTO_TCP));
}

TEST_F(KernelMaps, PrefixTableRoundTrips) {
  auto& table = plane_->tables().source_ranges;
  for (__u32 bits = 40; bits < 48; ++bits) ASSERT_TRUE(table.update({bits, 7, {}}, 1));
  std::set<__u32> seen;
  ASSERT_TRUE(table.for_each([&](const sp_source_range_key& key, const __u8&) { seen.insert(key.prefix_bits); }));
  EXPECT_EQ(seen.size(), 8u);
}

TEST_F(KernelMaps, SharedArraysAreTheRowsThatTheKernelReads) {
  const auto tables = plane_->tables();
  tables.slots[1] = 11;
  tables.slots[2] = 22;
  tables.services[3] = {1, 2, SP_SERVICE_AFFINITY, 9};
  tables.backends[5].generation = 6;
  const Fd slots(bpf_obj_get((options_.pin_path / "sp_slots").c_str()));
  __u64 value = 0;
  for (const __u32 index : {1u, 2u}) {
    ASSERT_EQ(bpf_map_lookup_elem(slots.get(), &index, &value), 0);
    EXPECT_EQ(static_cast<__u32>(value), index * 11);
  }
  const Fd services(bpf_obj_get((options_.pin_path / "sp_services").c_str()));
  const __u32 third = 3;
  sp_service_val row{};
  ASSERT_EQ(bpf_map_lookup_elem(services.get(), &third, &row), 0);
  EXPECT_EQ(row.slot_count, 2u);
  const Reader reader = read();
  EXPECT_EQ(reader.slots()[2], 22u);
  EXPECT_EQ(reader.backends()[5].generation, 6u);
  EXPECT_EQ(reader.services().size(), 64u);
}

TEST_F(KernelMaps, CountersAreSummedOverCpus) {
  const Fd counters(bpf_obj_get((options_.pin_path / "sp_counters").c_str()));
  const auto cpus = static_cast<std::size_t>(libbpf_num_possible_cpus());
  std::vector<sp_counter_val> values(cpus);
  for (std::size_t i = 0; i < cpus; ++i) values[i] = {i + 1, 100 * (i + 1)};
  const __u32 reason = SP_DROP_TTL;
  ASSERT_EQ(bpf_map_update_elem(counters.get(), &reason, values.data(), BPF_ANY), 0);
  const auto sums = read().counters();
  ASSERT_TRUE(sums) << sums.error().text();
  ASSERT_EQ(sums->size(), static_cast<std::size_t>(SP_REASON_MAX_));
  EXPECT_EQ((*sums)[SP_DROP_TTL].packets, cpus * (cpus + 1) / 2);
  EXPECT_EQ((*sums)[SP_DROP_TTL].bytes, 100 * cpus * (cpus + 1) / 2);
  EXPECT_EQ((*sums)[SP_DROP_NO_ROUTE].packets, 0u);
  const auto map = PerCpuMap<sp_counter_val>::open(options_.pin_path, "sp_counters");
  ASSERT_TRUE(map);
  EXPECT_EQ(map->sum(SP_DROP_TTL)->packets, cpus * (cpus + 1) / 2);
}

TEST_F(KernelMaps, DeviceRowEntersTheTransmitMapOnlyWithItsFlag) {
  const std::uint32_t ifindex = sandbox_->add_veth("spm0", "spm1");
  const auto tx =
      Map<__u32, __u32>::open(options_.pin_path, "sp_tx_ports", BPF_MAP_TYPE_DEVMAP_HASH, Access::read_write);
  ASSERT_TRUE(tx) << tx.error().text();
  sp_device_val row{};
  row.flags = SP_DEVICE_XDP_TX;
  ASSERT_TRUE(plane_->set_device(ifindex, row));
  EXPECT_EQ(**tx->lookup(ifindex), ifindex);
  row.flags = 0;
  ASSERT_TRUE(plane_->set_device(ifindex, row));
  EXPECT_FALSE(tx->lookup(ifindex)->has_value());
  EXPECT_EQ(read().devices()->size(), 1u);
  ASSERT_TRUE(plane_->erase_device(ifindex));
  EXPECT_EQ(read().devices()->size(), 0u);
  sandbox_->run("ip link del spm0");
}

TEST_F(KernelMaps, ReaderSaysThatNoAgentHasRun) {
  const auto nothing = Reader::open(sandbox_->bpffs() / "nobody");
  ASSERT_FALSE(nothing);
  EXPECT_THAT(nothing.error().text(), HasSubstr("no agent has run with --pin-path"));
}

TEST_F(KernelMaps, ClsactFilterIsReplacedInPlaceAndCleanedUp) {
  const std::uint32_t ifindex = sandbox_->add_veth("spc0", "spc1");
  const bpf_insn pass[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  const HookTarget target{options_.pin_path, ifindex, "spc0"};
  for (int generation = 0; generation < 2; ++generation) {
    const Fd program(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, SP_PROG_TC_EGRESS, "GPL", pass, 2, nullptr));
    const auto attached = attach_clsact(target, kTcEgress, program.get());
    ASSERT_TRUE(attached) << attached.error().text();
    const std::string filters = sandbox_->output("tc filter show dev spc0 egress");
    EXPECT_EQ(filters.find("handle 0x1"), filters.rfind("handle 0x1")) << filters;
    EXPECT_THAT(filters, HasSubstr("handle 0x1"));
  }
  EXPECT_THAT(plane_->attached(), ::testing::ElementsAre(ifindex));
  ASSERT_TRUE(plane_->detach(ifindex));
  EXPECT_THAT(sandbox_->output("tc filter show dev spc0 egress"), Not(HasSubstr("bpf")));
  EXPECT_THAT(sandbox_->output("tc qdisc show dev spc0"), Not(HasSubstr("clsact"))) << "ours, so it goes";
  EXPECT_THAT(plane_->attached(), ::testing::IsEmpty());
  sandbox_->run("ip link del spc0");
}

TEST_F(KernelMaps, ClsactCarriesTheProgramsOfBothAttachmentsOfADevice) {
  const std::uint32_t ifindex = sandbox_->add_veth("spc6", "spc7");
  const bpf_insn pass[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  const HookTarget target{options_.pin_path, ifindex, "spc6"};
  for (const TcPoint& point : {kPodEgress, kPodIngress, kTcEgress, kTcIngress}) {
    const Fd program(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, point.program, "GPL", pass, 2, nullptr));
    const auto attached = attach_clsact(target, point, program.get());
    ASSERT_TRUE(attached) << attached.error().text();
  }
  const auto filters = [this] {
    return sandbox_->output("tc filter show dev spc6 egress; tc filter show dev spc6 ingress");
  };
  EXPECT_THAT(filters(), AllOf(HasSubstr(SP_PROG_TC_EGRESS), HasSubstr(SP_PROG_POD_EGRESS)));
  EXPECT_THAT(filters(), AllOf(HasSubstr(SP_PROG_TC_INGRESS), HasSubstr(SP_PROG_POD_INGRESS)));
  EXPECT_THAT(plane_->attached(), ::testing::ElementsAre(ifindex));
  EXPECT_THAT(plane_->attached_pods(), ::testing::ElementsAre(ifindex));

  ASSERT_TRUE(plane_->detach_pods(ifindex));
  EXPECT_THAT(filters(), AllOf(HasSubstr(SP_PROG_TC_EGRESS), HasSubstr(SP_PROG_TC_INGRESS), Not(HasSubstr("pod"))));
  EXPECT_THAT(plane_->attached(), ::testing::ElementsAre(ifindex));
  EXPECT_THAT(plane_->attached_pods(), ::testing::IsEmpty());
  ASSERT_TRUE(plane_->detach(ifindex));
  EXPECT_THAT(sandbox_->output("tc qdisc show dev spc6"), Not(HasSubstr("clsact"))) << "its last user has gone";
  sandbox_->run("ip link del spc6");
}

TEST_F(KernelMaps, ClsactStaysWhileSomebodyElseUsesIt) {
  const std::uint32_t ifindex = sandbox_->add_veth("spc4", "spc5");
  const bpf_insn pass[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  const Fd program(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, SP_PROG_TC_EGRESS, "GPL", pass, 2, nullptr));
  ASSERT_TRUE(attach_clsact({options_.pin_path, ifindex, "spc4"}, kTcEgress, program.get()));
  const Fd stranger(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "stranger", "GPL", pass, 2, nullptr));
  LIBBPF_OPTS(bpf_tc_hook, hook);
  hook.ifindex = static_cast<int>(ifindex);
  hook.attach_point = BPF_TC_INGRESS;
  LIBBPF_OPTS(bpf_tc_opts, place);
  place.prog_fd = stranger.get();
  ASSERT_EQ(bpf_tc_attach(&hook, &place), 0);
  plane_.reset();
  ASSERT_TRUE(cleanup(options_.pin_path));
  EXPECT_THAT(sandbox_->output("tc filter show dev spc4 ingress"), HasSubstr("stranger"));
  EXPECT_THAT(sandbox_->output("tc filter show dev spc4 egress"), Not(HasSubstr("bpf")));
  sandbox_->run("ip link del spc4");
}

TEST_F(KernelMaps, ClsactNeverReplacesAStranger) {
  const std::uint32_t ifindex = sandbox_->add_veth("spc2", "spc3");
  const bpf_insn pass[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  const Fd stranger(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "stranger", "GPL", pass, 2, nullptr));
  HookTarget target{options_.pin_path, ifindex, "spc2"};
  const TcPoint theirs{"stranger", kTcIngress.tcx, kTcIngress.clsact};
  ASSERT_TRUE(attach_clsact(target, theirs, stranger.get()));
  const Fd program(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, SP_PROG_TC_INGRESS, "GPL", pass, 2, nullptr));
  const auto refused = attach_clsact(target, kTcIngress, program.get());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("already has tc program stranger"));
  sandbox_->run("ip link del spc2");
}

}  // namespace
}  // namespace sp::kernel
