// SPDX-License-Identifier: Apache-2.0
// bench_memory: bytes of a flow, a Service, an endpoint and the agent, beside nf_conntrack's. METHOD.md says how to
// read the figures.
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

#include "bench/memory/conntrack_bytes.h"
#include "bench/memory/map_bytes.h"
#include "bench/report/report.h"
#include "bench/update/agent_run.h"
#include "tests/harness/fake_api/scale.h"

namespace sp::bench {
namespace {

constexpr const char* kOurs = "sallyport";
constexpr const char* kConntrack = "nf_conntrack";
constexpr double kMb = 1024.0 * 1024.0;
constexpr double kMillion = 1e6;
constexpr Room kRoom{.backends = 524'288, .slots = 1'048'576};
constexpr unsigned kSteps = 5;
constexpr std::uint64_t kConnections = 8'000;  // a step; together they have ports (conntrack_bytes.cpp)

using Maps = std::map<std::string, MapBytes>;

struct Agent {
  Maps maps;
  Usage usage;
};

Spread single(double value) {
  return spread_of({value});
}

double each(const Maps& maps, const char* name) {
  const MapBytes& map = maps.at(name);
  return static_cast<double>(map.bytes) / map.max_entries;
}

// The maps that have an element for each thing there is, and no other.
double growth(const Maps& filled, const Maps& empty, const char* name, double things) {
  return (static_cast<double>(filled.at(name).bytes) - static_cast<double>(empty.at(name).bytes)) / things;
}

Result<Agent> look_at_agent(const test::Lab& lab, const test::LabApi& api, Cluster cluster) {
  SP_TRY_ASSIGN(agent, AgentRun::start(lab, api, kRoom, cluster));
  SP_TRY_ASSIGN(maps, map_bytes(agent.pin_path()));
  const Agent seen{std::move(maps), agent.usage()};
  SP_TRY(agent.stop());
  return seen;
}

void add_flows(Report& report, const Maps& maps, const Spread& conntrack) {
  const double flow4 = each(maps, "sp_flows4");
  const double flow6 = each(maps, "sp_flows6");
  report.add(Figure{"", "one flow, a direction, IPv4", kOurs, "bytes", single(flow4)});
  report.add(Figure{"", "one flow, a direction, IPv6", kOurs, "bytes", single(flow6)});
  report.add(
      Figure{"", "one embryo, half of an unproven pair, IPv4", kOurs, "bytes", single(each(maps, "sp_embryos4"))});
  report.add(Figure{"Memory of a connection", "IPv4", kOurs, "bytes", single(2 * flow4)});
  report.add(Figure{"Memory of a connection", "IPv6", kOurs, "bytes", single(2 * flow6)});
  report.add(Figure{"Memory of a connection", "IPv4", kConntrack, "bytes", conntrack});
  report.add(Figure{"", "1 M connections, IPv4", kOurs, "MB", single(2 * flow4 * kMillion / kMb)});
  report.add(Figure{"", "1 M connections, IPv4", kConntrack, "MB", single(conntrack.median * kMillion / kMb)});
  report.add(Claim{"1 M IPv4 flows", "MB", single(flow4 * kMillion / kMb), Bound::at_most, 256});
  report.add(Claim{
      .what = "IPv4 connection: sallyport / nf_conntrack",
      .unit = "x",
      .value = {2 * flow4 / conntrack.q3, 2 * flow4 / conntrack.median, 2 * flow4 / conntrack.q1, conntrack.rounds},
      .is_gated = true});
}

// Of one IPv4 Service with one port, as most are, as far as its number of endpoints does not matter.
void add_services(Report& report, const Agent& filled, const Agent& empty, const fake_api::Scale& scale) {
  double service = 0;
  for (const char* name : {"sp_frontends", "sp_svc_names", "sp_service_ips"}) {
    service += growth(filled.maps, empty.maps, name, scale.services);
  }
  for (const char* name : {"sp_services", "sp_cursors", "sp_svc_stats"}) service += each(filled.maps, name);
  report.add(Figure{"", "one Service port in the maps", kOurs, "bytes", single(service)});
  report.add(Figure{"", "one endpoint in the maps", kOurs, "bytes",
                    single(each(filled.maps, "sp_backends") + each(filled.maps, "sp_slots"))});
  double all = 0;
  for (const auto& [name, map] : filled.maps) all += static_cast<double>(map.bytes);
  report.add(Figure{"", "all maps at their default sizes, 2,500 x 10", kOurs, "MB", single(all / kMb)});
  report.add(Figure{"", "resident, no Services", kOurs, "MB", single(empty.usage.resident_mb)});
  report.add(Figure{"", "resident, 2,500 x 10", kOurs, "MB", single(filled.usage.resident_mb)});
  const double endpoints = scale.services * scale.endpoints;
  const double grown = (filled.usage.resident_mb - empty.usage.resident_mb) * kMb / endpoints;
  report.add(Figure{"", "the agent, for each endpoint of 2,500 x 10", kOurs, "bytes", single(grown)});
}

Result<Spread> conntrack_in_steps(unsigned steps) {
  SP_TRY_ASSIGN(measured, measure_conntrack(steps, kConnections));
  std::vector<double> values;
  for (const ConntrackBytes& bytes : measured) values.push_back(bytes.total());
  return spread_of(values);
}

Result<void> run(Report& report) {
  SP_TRY_ASSIGN(conntrack, conntrack_in_steps(kSteps));
  SP_TRY_ASSIGN(lab, test::Lab::up({.nodes = 1, .clients = 1, .pods = 1}));
  SP_TRY_ASSIGN(api, test::LabApi::start(*lab, AgentRun::kNode));
  SP_TRY_ASSIGN(empty, look_at_agent(*lab, *api, Cluster::empty));
  const fake_api::Scale scale;
  fake_api::fill(api->api(), scale);
  SP_TRY_ASSIGN(filled, look_at_agent(*lab, *api, Cluster::filled));
  add_flows(report, filled.maps, conntrack);
  add_services(report, filled, empty, scale);
  report.note(
      "A connection is two flows here, one entry with two tuples in nf_conntrack; its table of buckets is left out.");
  return {};
}

}  // namespace
}  // namespace sp::bench

int main(int argc, char** argv) {
  sp::bench::Report report("memory", sp::bench::parse_options(argc, argv));
  report.set_method("kernel memory of the maps as the kernel reports it; growth of slabs for nf_conntrack");
  const auto ran = sp::bench::run(report);
  const auto finished = report.finish();
  if (!ran) std::fprintf(stderr, "bench_memory: %s\n", ran.error().text().c_str());
  if (!finished) std::fprintf(stderr, "bench_memory: %s\n", finished.error().text().c_str());
  return ran && finished ? 0 : 1;
}
