// SPDX-License-Identifier: Apache-2.0
// What a scrape reads from real maps. Needs root.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "loader/metrics/data_plane_sample.h"
#include "loader/util/fd.h"
#include "tests/harness/sandbox.h"

namespace sp::metrics {
namespace {

using kernel::DataPlane;
using kernel::Reader;

class MetricsSample : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { sandbox_ = std::make_unique<test::Sandbox>(); }
  static void TearDownTestSuite() { sandbox_.reset(); }
  void SetUp() override {
    options_.pin_path = sandbox_->bpffs() / "sample";
    options_.sizes = {1024, 2048, 256, 256, 4096, 8192, 512, 300};
    auto plane = DataPlane::open(options_);
    ASSERT_TRUE(plane) << plane.error().text();
    plane_ = std::make_unique<DataPlane>(std::move(plane).value());
    plane_->config().snat_ports[0] = {1024, 29999};
    plane_->config().snat_ports[1] = {61000, 65535};
    auto reader = Reader::open(options_.pin_path, kernel::Arrays::left_out);
    ASSERT_TRUE(reader) << reader.error().text();
    reader_ = std::make_unique<Reader>(std::move(reader).value());
  }
  void TearDown() override {
    reader_.reset();
    plane_.reset();
    EXPECT_TRUE(kernel::cleanup(options_.pin_path));
  }

  // `packets` on each possible CPU, 100 bytes each.
  void send(__u32 service, __u64 packets) {
    const Fd map(bpf_obj_get((options_.pin_path / "sp_svc_stats").c_str()));
    const std::vector<sp_service_stats_val> values(cpus(), {packets, 100 * packets});
    ASSERT_EQ(bpf_map_update_elem(map.get(), &service, values.data(), BPF_ANY), 0);
  }
  void name(__u32 service, const char* text) {
    sp_service_name value{};
    std::strncpy(value.text, text, sizeof value.text - 1);
    ASSERT_TRUE(plane_->tables().service_names.update(service, value));
  }
  static std::size_t cpus() { return static_cast<std::size_t>(libbpf_num_possible_cpus()); }
  DataPlaneSample sample(const KnownFills& fills, const SampleOptions& options) {
    auto taken = take_sample(*reader_, fills, options);
    EXPECT_TRUE(taken) << taken.error().text();
    return taken ? *taken : DataPlaneSample{};
  }

  static std::unique_ptr<test::Sandbox> sandbox_;
  kernel::DataPlaneOptions options_;
  std::unique_ptr<DataPlane> plane_;
  std::unique_ptr<Reader> reader_;
};
std::unique_ptr<test::Sandbox> MetricsSample::sandbox_;

TEST_F(MetricsSample, KnowsFillsSizesAndPorts) {
  const DataPlaneSample taken =
      sample({.frontends = 5, .services = 4, .backends = 3, .flows4 = 2, .flows6 = 1}, SampleOptions{});
  std::vector<std::string> maps;
  for (const MapFill& map : taken.maps) {
    maps.push_back(map.map + " " + std::to_string(map.used) + "/" + std::to_string(map.max));
  }
  EXPECT_THAT(maps, ::testing::ElementsAre("sp_flows4 2/1024", "sp_flows6 1/2048", "sp_frontends 5/4096",
                                           "sp_services 4/8192", "sp_backends 3/300"));
  EXPECT_EQ(taken.snat_ports, 33512U);
  EXPECT_EQ(taken.counters.size(), std::size_t{SP_REASON_MAX_});
  EXPECT_TRUE(taken.services.empty());
}

TEST_F(MetricsSample, TheSumOfAllServicesFollowsRowsThatComeIntoUse) {
  EXPECT_EQ(sample({}, {}).translated.packets, 0U);
  send(7, 10);
  EXPECT_EQ(sample({.services = 3}, {}).translated.packets, 10 * cpus());
  send(3000, 1);
  const DataPlaneSample grown = sample({.services = 2500}, {});
  EXPECT_EQ(grown.translated.packets, 11 * cpus());
  EXPECT_EQ(grown.translated.bytes, 1100 * cpus());
  // A row that was in use once goes on counting when Services have gone.
  EXPECT_EQ(sample({.services = 1}, {}).translated.packets, 11 * cpus());
}

TEST_F(MetricsSample, AReaderThatComesLateFindsWhatAnEarlierAgentCounted) {
  send(8191, 3);
  EXPECT_EQ(sample({.services = 1}, {}).translated.packets, 3 * cpus());
  EXPECT_EQ(sample({.services = 1}, {}).translated.packets, 3 * cpus());
}

TEST_F(MetricsSample, ServicesUpToTheCapHaveTheirOwnSeriesAndTheRestASum) {
  name(1, "shop/web:80/TCP@v4");
  name(2, "shop/api:80/TCP@v4");
  name(3, "shop/db:5432/TCP@v4");
  for (__u32 id = 1; id <= 4; ++id) {
    send(id, id);
  }
  std::vector<std::string> services;
  for (const ServiceTraffic& service : sample({.services = 3}, {.max_services = 2}).services) {
    services.push_back(service.service + " " + std::to_string(service.stats.packets / cpus()));
  }
  EXPECT_THAT(services, ::testing::UnorderedElementsAre("shop/web:80/TCP@v4 1", "shop/api:80/TCP@v4 2", "(others) 7"));
}

}  // namespace
}  // namespace sp::metrics
