// SPDX-License-Identifier: Apache-2.0
#include "loader/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader/metrics/process_sample.h"
#include "tests/harness/exposition.h"

namespace sp::metrics {
namespace {

using namespace std::chrono_literals;
using test::Exposition;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using Labels = std::map<std::string, std::string>;

constexpr std::chrono::system_clock::time_point kNow{1'800'000'000s};

Exposition read(Metrics& metrics) {
  Exposition exposition(metrics.text());
  EXPECT_THAT(exposition.errors, IsEmpty());
  return exposition;
}

// "name type label=value,... [bounds]" for each series of kube-proxy's: what dashboards rely on.
std::vector<std::string> kube_proxy_series(const Exposition& exposition) {
  std::vector<std::string> out;
  for (const auto& [name, family] : exposition.families) {
    if (name.rfind("kubeproxy_", 0) != 0) {
      continue;
    }
    std::map<std::string, std::string> bounds;
    for (auto sample : family.samples) {
      const std::string le = sample.labels.contains("le") ? sample.labels.at("le") : "";
      sample.labels.erase("le");
      std::string labels;
      for (const auto& [label, value] : sample.labels) {
        labels += " " + label + "=" + value;
      }
      std::string& list = bounds[labels];
      list += le.empty() ? "" : (list.empty() ? " " : ",") + le;
    }
    for (const auto& [labels, list] : bounds) {
      out.push_back(name + " " + family.type + labels + list);
    }
  }
  return out;
}

TEST(Metrics, HasEveryMetricThatKubeProxysBackendsShare) {
  const std::string sync =
      " 0.001,0.002,0.004,0.008,0.016,0.032,0.064,0.128,0.256,0.512,1.024,2.048,4.096,8.192,16.384,"
      "+Inf";
  std::string programming = " 0,0.25,0.5";
  for (int i = 1; i <= 59; ++i) programming += "," + std::to_string(i);
  programming += ",60,65,70,75,80,85,90,95,100,105,110,115,120,150,180,210,240,270,300,+Inf";
  const std::string v4 = " ip_family=IPv4";
  const std::string v6 = " ip_family=IPv6";
  const std::string no_local = "kubeproxy_sync_proxy_rules_no_local_endpoints_total gauge";
  Metrics metrics("1.0", "b");
  EXPECT_THAT(
      kube_proxy_series(read(metrics)),
      ElementsAre("kubeproxy_conntrack_reconciler_deleted_entries_total counter" + v4,
                  "kubeproxy_conntrack_reconciler_deleted_entries_total counter" + v6,
                  "kubeproxy_conntrack_reconciler_sync_duration_seconds histogram" + v4 + sync,
                  "kubeproxy_conntrack_reconciler_sync_duration_seconds histogram" + v6 + sync,
                  "kubeproxy_network_programming_duration_seconds histogram" + v4 + programming,
                  "kubeproxy_network_programming_duration_seconds histogram" + v6 + programming,
                  "kubeproxy_proxy_healthz_total counter code=200", "kubeproxy_proxy_healthz_total counter code=503",
                  "kubeproxy_proxy_livez_total counter code=200", "kubeproxy_proxy_livez_total counter code=503",
                  "kubeproxy_sync_full_proxy_rules_duration_seconds histogram" + v4 + sync,
                  "kubeproxy_sync_full_proxy_rules_duration_seconds histogram" + v6 + sync,
                  "kubeproxy_sync_partial_proxy_rules_duration_seconds histogram" + v4 + sync,
                  "kubeproxy_sync_partial_proxy_rules_duration_seconds histogram" + v6 + sync,
                  "kubeproxy_sync_proxy_rules_duration_seconds histogram" + v4 + sync,
                  "kubeproxy_sync_proxy_rules_duration_seconds histogram" + v6 + sync,
                  "kubeproxy_sync_proxy_rules_endpoint_changes_pending gauge",
                  "kubeproxy_sync_proxy_rules_endpoint_changes_total counter",
                  "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds gauge" + v4,
                  "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds gauge" + v6,
                  "kubeproxy_sync_proxy_rules_last_timestamp_seconds gauge" + v4,
                  "kubeproxy_sync_proxy_rules_last_timestamp_seconds gauge" + v6,
                  no_local + v4 + " traffic_policy=external", no_local + v4 + " traffic_policy=internal",
                  no_local + v6 + " traffic_policy=external", no_local + v6 + " traffic_policy=internal",
                  "kubeproxy_sync_proxy_rules_service_changes_pending gauge",
                  "kubeproxy_sync_proxy_rules_service_changes_total counter"));
}

TEST(Metrics, KubeProxysMetricsCountWhatTheirNamesSay) {
  Metrics metrics("1.0", "b");
  KubeProxyMetrics& proxy = metrics.kube_proxy;
  proxy.sync_queued(Family::v6, kNow);
  proxy.synced(Family::v4, KubeProxyMetrics::Extent::partial, 3ms, kNow + 1500ms);
  proxy.synced(Family::v4, KubeProxyMetrics::Extent::full, 1ms, kNow + 2s);
  proxy.services_changed(2);
  proxy.endpoints_changed(5);
  proxy.changes_applied();
  proxy.endpoints_changed(1);
  proxy.set_no_local_endpoints(Family::v4, 3, 4);
  proxy.healthz_answered(503);
  proxy.livez_answered(200);
  proxy.stale_flows_removed(Family::v6, 2ms, 9);
  const Exposition text = read(metrics);
  const Labels v4{{"ip_family", "IPv4"}};
  EXPECT_THAT(text.value("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", {{"ip_family", "IPv6"}}),
              Optional(1.8e9));
  EXPECT_THAT(text.value("kubeproxy_sync_proxy_rules_last_timestamp_seconds", v4), Optional(1.8e9 + 2));
  const std::string duration = "kubeproxy_sync_proxy_rules_duration_seconds";
  EXPECT_THAT(text.value(duration, duration + "_count", v4), Optional(2));
  EXPECT_THAT(text.value(duration, duration + "_sum", v4), Optional(0.004));
  // A value that is a bound belongs to its bucket.
  EXPECT_THAT(text.value(duration, duration + "_bucket", {{"ip_family", "IPv4"}, {"le", "0.001"}}), Optional(1));
  EXPECT_THAT(text.value(duration, duration + "_bucket", {{"ip_family", "IPv4"}, {"le", "0.004"}}), Optional(2));
  for (const std::string extent : {"full", "partial"}) {
    const std::string name = "kubeproxy_sync_" + extent + "_proxy_rules_duration_seconds";
    EXPECT_THAT(text.value(name, name + "_count", v4), Optional(1)) << extent;
  }
  EXPECT_THAT(text.value("kubeproxy_sync_proxy_rules_service_changes_total"), Optional(2));
  EXPECT_THAT(text.value("kubeproxy_sync_proxy_rules_service_changes_pending"), Optional(0));
  EXPECT_THAT(text.value("kubeproxy_sync_proxy_rules_endpoint_changes_total"), Optional(6));
  EXPECT_THAT(text.value("kubeproxy_sync_proxy_rules_endpoint_changes_pending"), Optional(1));
  const std::string no_local = "kubeproxy_sync_proxy_rules_no_local_endpoints_total";
  EXPECT_THAT(text.value(no_local, {{"ip_family", "IPv4"}, {"traffic_policy", "internal"}}), Optional(3));
  EXPECT_THAT(text.value(no_local, {{"ip_family", "IPv4"}, {"traffic_policy", "external"}}), Optional(4));
  EXPECT_THAT(text.value("kubeproxy_proxy_healthz_total", {{"code", "503"}}), Optional(1));
  EXPECT_THAT(text.value("kubeproxy_proxy_livez_total", {{"code", "200"}}), Optional(1));
  EXPECT_THAT(text.value("kubeproxy_conntrack_reconciler_deleted_entries_total", {{"ip_family", "IPv6"}}), Optional(9));
}

TEST(Metrics, ProgrammingLatencyIgnoresWhatThisProcessCouldNotSeeAndSkewedClocks) {
  Metrics metrics("1.0", "b");
  const auto started = kNow - 10s;
  metrics.kube_proxy.endpoints_programmed(Family::v4, kNow - 300ms, started, kNow);
  metrics.kube_proxy.endpoints_programmed(Family::v4, kNow - 11s, started, kNow);
  metrics.kube_proxy.endpoints_programmed(Family::v4, kNow + 1s, started, kNow);
  const std::string name = "kubeproxy_network_programming_duration_seconds";
  const Exposition text = read(metrics);
  EXPECT_THAT(text.value(name, name + "_count", {{"ip_family", "IPv4"}}), Optional(1));
  EXPECT_THAT(text.value(name, name + "_bucket", {{"ip_family", "IPv4"}, {"le", "0.5"}}), Optional(1));
  EXPECT_THAT(text.value(name, name + "_bucket", {{"ip_family", "IPv4"}, {"le", "0.25"}}), Optional(0));
}

TEST(Metrics, TheAgentTellsOfItself) {
  Metrics metrics("1.2.3", "abc");
  AgentMetrics& agent = metrics.agent;
  agent.programmed(240us);
  agent.sync_ended(0);
  agent.sync_ended(7);
  agent.frontends.written(3);
  agent.backends.erased(2);
  agent.reflector(model::Kind::endpoint_slice).events_received(5);
  agent.reflector(model::Kind::endpoint_slice).heard_at(kNow);
  agent.reflector(model::Kind::service).lists_begun(1);
  agent.api_request_ended("200", "GET", "192.0.2.1:6443");
  agent.api_request_ended("200", "GET", "192.0.2.1:6443");
  agent.api_request_ended("<error>", "POST", "weird\"host\\\n");
  const Exposition text = read(metrics);
  EXPECT_EQ(text.families.at("sallyport_build_info").samples.at(0).labels.at("version"), "1.2.3");
  const std::string latency = "sallyport_programming_duration_seconds";
  EXPECT_THAT(text.value(latency, latency + "_bucket", {{"le", "0.0002"}}), Optional(0));
  EXPECT_THAT(text.value(latency, latency + "_bucket", {{"le", "0.0003"}}), Optional(1));
  EXPECT_THAT(text.value(latency, latency + "_bucket", {{"le", "5e-05"}}), Optional(0));
  EXPECT_THAT(text.value("sallyport_syncs_total"), Optional(2));
  EXPECT_THAT(text.value("sallyport_sync_failures_total"), Optional(1));
  EXPECT_THAT(text.value("sallyport_rows_failing"), Optional(7));
  EXPECT_THAT(text.value("sallyport_rows_written_total", {{"table", "frontends"}}), Optional(3));
  EXPECT_THAT(text.value("sallyport_rows_erased_total", {{"table", "backends"}}), Optional(2));
  EXPECT_THAT(text.value("sallyport_api_events_total", {{"resource", "endpointslices"}}), Optional(5));
  EXPECT_THAT(text.value("sallyport_api_lists_total", {{"resource", "services"}}), Optional(1));
  EXPECT_THAT(text.value("sallyport_api_last_contact_timestamp_seconds", {{"resource", "endpointslices"}}),
              Optional(1.8e9));
  EXPECT_THAT(
      text.value("rest_client_requests_total", {{"code", "200"}, {"method", "GET"}, {"host", "192.0.2.1:6443"}}),
      Optional(2));
}

TEST(Metrics, TheProcessTellsWhatItUses) {
  Metrics metrics("1.0", "b");
  const Exposition text = read(metrics);
  EXPECT_GT(text.value("process_resident_memory_bytes").value_or(0), 1e6);
  EXPECT_GE(text.value("process_virtual_memory_bytes").value_or(0),
            text.value("process_resident_memory_bytes").value_or(0));
  EXPECT_GE(text.value("process_open_fds").value_or(0), 3);
  EXPECT_GT(text.value("process_max_fds").value_or(0), 3);
  const double now = to_seconds(std::chrono::system_clock::now());
  EXPECT_NEAR(text.value("process_start_time_seconds").value_or(0), now, 600);
  EXPECT_EQ(text.families.at("process_cpu_seconds_total").type, "counter");
}

DataPlaneSample sample() {
  DataPlaneSample out;
  out.counters.resize(SP_REASON_MAX_);
  out.counters[SP_DROP_SNAT_PORTS] = {.packets = 5, .bytes = 300};
  out.counters[SP_PASS_NOT_OURS] = {.packets = 7, .bytes = 700};
  out.counters[SP_REJECT_NO_BACKEND] = {.packets = 2, .bytes = 120};
  out.counters[SP_NOTE_FLOW_NEW] = {.packets = 11, .bytes = 0};
  out.translated = {.packets = 1'000'000'000'000, .bytes = 5'000'000'000'000'001};
  out.maps = {{"sp_flows4", 12, 1048576}};
  out.devices = {{"eth0", "native"}};
  out.snat_ports = 33512;
  return out;
}

TEST(Metrics, ThePacketPathTellsEveryReasonOnce) {
  Metrics metrics("1.0", "b");
  metrics.set_data_plane([] { return Result<DataPlaneSample>(sample()); });
  const Exposition text = read(metrics);
  EXPECT_THAT(text.value("sallyport_packets_total", {{"class", "drop"}, {"reason", "drop-snat-ports"}}), Optional(5));
  EXPECT_THAT(text.value("sallyport_bytes_total", {{"class", "pass"}, {"reason", "pass-not-ours"}}), Optional(700));
  EXPECT_THAT(text.value("sallyport_packets_total", {{"class", "reject"}, {"reason", "reject-no-backend"}}),
              Optional(2));
  EXPECT_THAT(text.value("sallyport_bytes_total", {{"class", "translate"}, {"reason", "translated"}}),
              Optional(5e15 + 1));
  EXPECT_THAT(text.value("sallyport_events_total", {{"event", "flow-new"}}), Optional(11));
  // Notes are no packets: a sum over all reasons is what was seen.
  double packets = 0;
  for (const auto& series : text.families.at("sallyport_packets_total").samples) packets += series.value;
  EXPECT_EQ(packets, 1e12 + 14);
  EXPECT_THAT(text.value("sallyport_map_entries", {{"map", "sp_flows4"}}), Optional(12));
  EXPECT_THAT(text.value("sallyport_map_max_entries", {{"map", "sp_flows4"}}), Optional(1048576));
  EXPECT_THAT(text.value("sallyport_device_attached", {{"device", "eth0"}, {"mode", "native"}}), Optional(1));
  EXPECT_THAT(text.value("sallyport_snat_ports"), Optional(33512));
  EXPECT_FALSE(text.families.contains("sallyport_service_packets_total"));
}

TEST(Metrics, ServicesHaveSeriesOnlyWhenAskedFor) {
  Metrics metrics("1.0", "b");
  metrics.set_data_plane([] {
    DataPlaneSample out = sample();
    out.services = {{"shop/web:80/TCP@v4", {.packets = 3, .bytes = 30}}, {kOtherServices, {.packets = 1, .bytes = 10}}};
    return Result<DataPlaneSample>(out);
  });
  const Exposition text = read(metrics);
  EXPECT_THAT(text.value("sallyport_service_packets_total", {{"service", "shop/web:80/TCP@v4"}}), Optional(3));
  EXPECT_THAT(text.value("sallyport_service_bytes_total", {{"service", "(others)"}}), Optional(10));
}

TEST(Metrics, ASourceThatFailsCostsItsOwnFamiliesOnlyAndIsCounted) {
  Metrics metrics("1.0", "b");
  metrics.set_data_plane([] { return Result<DataPlaneSample>(Error{0, "map sp_counters: read"}); });
  const Exposition text = read(metrics);
  EXPECT_FALSE(text.families.contains("sallyport_packets_total"));
  EXPECT_TRUE(text.families.contains("process_open_fds"));
  EXPECT_TRUE(text.families.contains("kubeproxy_proxy_healthz_total"));
  EXPECT_THAT(text.value("sallyport_scrape_failures_total"), Optional(1));
}

TEST(Metrics, NamesFollowTheConventions) {
  Metrics metrics("1.0", "b");
  metrics.set_data_plane([] { return Result<DataPlaneSample>(sample()); });
  for (const auto& [name, family] : read(metrics).families) {
    EXPECT_NE(family.text, "") << name;
    // kube-proxy has a gauge that is called a total; ours have none.
    const bool is_total = name.size() > 6 && name.rfind("_total") == name.size() - 6;
    if (name.rfind("sallyport_", 0) == 0 || name.rfind("process_", 0) == 0) {
      EXPECT_EQ(is_total, family.type == "counter") << name;
    }
  }
}

TEST(Exposition, FindsWhatIsNotWellFormed) {
  for (const char* text : {"", "a 1", "# TYPE a counter\na -1\n", "# TYPE a gauge\nb 1\n", "# TYPE a gauge\na{x=1} 1\n",
                           "# TYPE a gauge\na{x=\"1\"}1\n", "# TYPE a gauge\na 1\na 1\n", "# TYPE a gauge\na one\n",
                           "# TYPE a gouge\n", "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n",
                           "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
                           "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n"}) {
    EXPECT_FALSE(Exposition(text).errors.empty()) << text;
  }
}

}  // namespace
}  // namespace sp::metrics
