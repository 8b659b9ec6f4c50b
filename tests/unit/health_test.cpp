// SPDX-License-Identifier: Apache-2.0
#include "loader/serve/health.h"

#include <gtest/gtest.h>

#include <vector>

#include "loader/serve/health_server.h"
#include "loader/serve/metrics_server.h"

namespace sp::serve {
namespace {

using namespace std::chrono_literals;

// Both clocks, some time after 2026-01-02T03:04:05.5Z.
Moment after(std::chrono::milliseconds time) {
  return {std::chrono::steady_clock::time_point(1h) + time,
          std::chrono::system_clock::time_point(1767323045s) + 500ms + time};
}

class HealthTest : public testing::Test {
 protected:
  HealthTest() { health.set_node(NodeState{}); }
  Health health{30s};
};

TEST_F(HealthTest, AStartIsHealthyHoweverLongItTakes) {
  health.queued(Family::v4, after(0s));
  EXPECT_TRUE(health.healthy(after(1h)));
  EXPECT_EQ(health.healthz(after(0s)).body,
            R"({"lastUpdated":"2026-01-02T03:04:05.5Z","currentTime":"2026-01-02T03:04:05.5Z","nodeEligible":true,)"
            R"("healthy":true})");
}

TEST_F(HealthTest, NothingQueuedIsHealthyForEver) {
  health.applied(Family::v4, after(0s));
  EXPECT_TRUE(health.healthy(after(1000h)));
}

TEST_F(HealthTest, AChangeThatWaitsTwiceTheSyncPeriodIsUnhealthyUntilItIsApplied) {
  health.applied(Family::v4, after(0s));
  health.queued(Family::v4, after(10s));
  // A later one does not make the older one younger.
  health.queued(Family::v4, after(65s));
  EXPECT_TRUE(health.healthy(after(10s + 60s - 1ms)));
  EXPECT_FALSE(health.healthy(after(10s + 60s)));
  health.applied(Family::v4, after(80s));
  EXPECT_TRUE(health.healthy(after(80s)));
  EXPECT_TRUE(health.healthy(after(500s)));
}

TEST_F(HealthTest, FamiliesAreJudgedApartAndReportedTogether) {
  health.applied(Family::v4, after(0s));
  health.applied(Family::v6, after(1s));
  health.queued(Family::v6, after(2s));
  health.applied(Family::v4, after(3s));
  const Health::Answer answer = health.healthz(after(100s));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body,
            R"({"lastUpdated":"2026-01-02T03:04:08.5Z","currentTime":"2026-01-02T03:05:45.5Z","nodeEligible":true,)"
            R"("healthy":false,"status":{"IPv4":{"lastUpdated":"2026-01-02T03:04:08.5Z","healthy":true},)"
            R"("IPv6":{"lastUpdated":"2026-01-02T03:04:06.5Z","healthy":false}}})");
  EXPECT_EQ(health.livez(after(100s)).status, 503);
}

TEST_F(HealthTest, ANodeThatIsUnknownLeavingOrMarkedFailsHealthzAndNotLivez) {
  health.applied(Family::v4, after(0s));
  const std::vector<std::optional<NodeState>> ineligible{std::nullopt, NodeState{.deleting = true},
                                                         NodeState{.autoscaled = true}};
  for (const auto& node : ineligible) {
    health.set_node(node);
    EXPECT_EQ(health.healthz(after(7s)).status, 503);
    EXPECT_EQ(health.healthz(after(7s)).body,
              R"({"lastUpdated":"2026-01-02T03:04:05.5Z","currentTime":"2026-01-02T03:04:12.5Z","nodeEligible":false,)"
              R"("healthy":true,"status":{"IPv4":{"lastUpdated":"2026-01-02T03:04:05.5Z","healthy":true}}})");
    EXPECT_EQ(health.livez(after(7s)).status, 200);
    EXPECT_EQ(health.livez(after(7s)).body,
              R"({"lastUpdated":"2026-01-02T03:04:12.5Z","currentTime":"2026-01-02T03:04:12.5Z","healthy":true,)"
              R"("status":{"IPv4":{"lastUpdated":"2026-01-02T03:04:05.5Z","healthy":true}}})");
  }
  health.set_node(NodeState{});
  EXPECT_EQ(health.healthz(after(7s)).status, 200);
}

TEST_F(HealthTest, PagesCarryTheirHeadersAndAreCounted) {
  std::vector<std::pair<Probe, int>> answered;
  Moment now = after(0s);
  const Handler pages = health_pages(
      health, [&] { return now; }, [&](Probe probe, int status) { answered.emplace_back(probe, status); });
  const Response good = pages("/healthz");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.content_type, "application/json");
  const std::vector<std::pair<std::string, std::string>> headers{{"X-Content-Type-Options", "nosniff"}};
  EXPECT_EQ(good.headers, headers);
  health.set_node(std::nullopt);
  EXPECT_EQ(pages("/healthz").status, 503);
  EXPECT_EQ(pages("/livez").status, 200);
  EXPECT_EQ(pages("/readyz").status, 404);
  EXPECT_EQ(pages("/").status, 404);
  const std::vector<std::pair<Probe, int>> expected{{Probe::healthz, 200}, {Probe::healthz, 503}, {Probe::livez, 200}};
  EXPECT_EQ(answered, expected);
}

TEST(Rfc3339, IsWrittenAsGoDoes) {
  const std::chrono::system_clock::time_point time{1767323045s};
  EXPECT_EQ(rfc3339_text(time), "2026-01-02T03:04:05Z");
  EXPECT_EQ(rfc3339_text(time + 120ms), "2026-01-02T03:04:05.12Z");
  EXPECT_EQ(rfc3339_text(time + 1ns), "2026-01-02T03:04:05.000000001Z");
  EXPECT_EQ(rfc3339_text(time - 1ns), "2026-01-02T03:04:04.999999999Z");
}

TEST(MetricsPages, ServeWhatKubeProxyServes) {
  const Handler pages =
      metrics_pages({.metrics = [] { return "up 1\n"; }, .configz = [] { return "{}"; }, .statusz = {}});
  EXPECT_EQ(pages("/metrics").body, "up 1\n");
  EXPECT_EQ(pages("/metrics").content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(pages("/healthz").body, "ok");
  EXPECT_EQ(pages("/proxyMode").body, "xdp");
  EXPECT_EQ(pages("/configz").body, "{}");
  EXPECT_EQ(pages("/configz").content_type, "application/json");
  for (const char* path : {"/statusz", "/", "/metrics/", "/livez"}) {
    EXPECT_EQ(pages(path).status, 404) << path;
  }
}

}  // namespace
}  // namespace sp::serve
