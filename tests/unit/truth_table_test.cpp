// SPDX-License-Identifier: Apache-2.0
// The truth tables of traffic policies (service-semantics 2.4 and 2.5), over the output of compile(): who the client
// is, what it dials, the policies and where endpoints are -> which endpoints it may get, and whose address they see.
//
// "here" is an endpoint on this node, "there" one elsewhere. A source is either kept, or masqueraded for endpoints that
// are elsewhere: packets to endpoints of this node keep theirs anyway, and hairpin traffic is the packet path's affair.
// What differs from kube-proxy on purpose is marked with B7, b or c; docs/compatibility.md tells why.
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/harness/cluster_builder.h"

namespace sp::compile {
namespace {

using model::TrafficPolicy;
using test::addr;
using test::at;

enum class Policy { plain, external_local, internal_local };
enum class Detector { configured, none };
enum class Endpoints { both, there_only, nowhere, here_ending };

constexpr sp_scope kOutside = SP_SCOPE_EXTERNAL;
constexpr sp_scope kPod = SP_SCOPE_POD;
constexpr sp_scope kHost = SP_SCOPE_HOST;

struct Frontends {
  const char* name;
  Frontend frontend;
};
const Frontends kClusterIp{"ClusterIP", at("10.96.0.1", 80)};
const Frontends kVip{"LB VIP", at("203.0.113.2", 80)};
const Frontends kExternalIp{"externalIP", at("203.0.113.1", 80)};
const Frontends kNodePort{"nodePort", at("192.0.2.1", 30000)};
const Frontends kLoopback{"nodePort at 127.0.0.1", at("127.0.0.1", 30000)};

Output compiled(Policy policy, Detector detector, Endpoints endpoints, bool masquerade_all = false) {
  model::Service web = test::service("web");
  web.ipv6 = false;
  web.cluster_ips = {addr("10.96.0.1")};
  web.external_ips = {addr("203.0.113.1")};
  web.ingress_ips = {addr("203.0.113.2")};
  web.ports[0].node_port = 30000;
  web.external_policy = policy == Policy::external_local ? TrafficPolicy::local : TrafficPolicy::cluster;
  web.internal_policy = policy == Policy::internal_local ? TrafficPolicy::local : TrafficPolicy::cluster;
  const model::Endpoint here = test::endpoint("10.1.0.1", "n1");
  const model::Endpoint there = test::endpoint("10.1.0.2", "n2");
  std::vector<model::Endpoint> list;
  if (endpoints == Endpoints::both) {
    list = {here, there};
  } else if (endpoints == Endpoints::there_only) {
    list = {there};
  } else if (endpoints == Endpoints::here_ending) {
    list = {test::terminating(here), there};
  }
  Options options;
  options.masquerade_all = masquerade_all;
  if (detector == Detector::configured) {
    options.detect_local = Options::DetectLocal::cluster_cidr;
    options.cluster_cidrs = {*Prefix::parse("10.1.0.0/16")};
  }
  return compile(test::cluster_of(web, test::slice("web", list)), test::node_facts(), options);
}

// "here there, kept", "here, masqueraded", "refused", "dropped", "closed"
std::string outcome(const Output& out, sp_scope client, Frontend frontend) {
  frontend.scope = client;
  const auto found = out.desired.frontends.find(frontend);
  if (found == out.desired.frontends.end()) {
    return "closed";
  }
  const ServiceRow& row = out.desired.services.at(found->second.service);
  if (row.backends.empty()) {
    return (row.flags & SP_SERVICE_DROP_EMPTY) != 0 ? "dropped" : "refused";
  }
  std::string text;
  for (const Backend& backend : row.backends) {
    text += backend.local ? "here " : "there ";
  }
  text.back() = ',';
  return text + ((found->second.flags & SP_FRONTEND_KEEP_SOURCE) != 0 ? " kept" : " masqueraded");
}

std::string client_text(sp_scope client) {
  return client == kOutside ? "outside" : client == kPod ? "Pod" : "node";
}

// One line of a table: what one client gets at one frontend, by policy.
struct Line {
  sp_scope client;
  const Frontends& to;
  const char* plain;
  const char* external_local;
  const char* internal_local;
};

void expect_lines(std::initializer_list<Line> lines, Detector detector, Endpoints endpoints,
                  bool masquerade_all = false) {
  const Output plain = compiled(Policy::plain, detector, endpoints, masquerade_all);
  const Output external_local = compiled(Policy::external_local, detector, endpoints, masquerade_all);
  const Output internal_local = compiled(Policy::internal_local, detector, endpoints, masquerade_all);
  for (const Line& line : lines) {
    SCOPED_TRACE(client_text(line.client) + " -> " + line.to.name);
    EXPECT_EQ(outcome(plain, line.client, line.to.frontend), line.plain) << "no policy Local";
    EXPECT_EQ(outcome(external_local, line.client, line.to.frontend), line.external_local) << "external Local";
    EXPECT_EQ(outcome(internal_local, line.client, line.to.frontend), line.internal_local) << "internal Local";
  }
}

constexpr const char* kAllKept = "here there, kept";
constexpr const char* kAllMasqueraded = "here there, masqueraded";
constexpr const char* kHereKept = "here, kept";
constexpr const char* kHereOnly = "here, masqueraded";  // an endpoint of this node sees the client all the same (B7)

// A process of the node keeps its source, which is the node's own: what kube-proxy's masquerading would give it.
TEST(TruthTable, R047_R048_R049_R050_R051_R052_R053_WithADetector) {
  expect_lines(
      {
          // client, frontend, default, eTP=Local, iTP=Local
          {kPod, kClusterIp, kAllKept, kAllKept, kHereKept},
          {kHost, kClusterIp, kAllKept, kAllKept, kHereKept},
          {kOutside, kClusterIp, kAllMasqueraded, kAllMasqueraded, kHereOnly},
          {kPod, kNodePort, kAllKept /* b: kube-proxy masquerades, here and below */, kAllKept, kAllKept /* b */},
          {kPod, kVip, kAllKept /* b */, kAllKept, kAllKept /* b */},
          {kPod, kExternalIp, kAllKept /* b */, kAllKept, kAllKept /* b */},
          {kHost, kNodePort, kAllKept, kAllKept, kAllKept},
          {kHost, kVip, kAllKept, kAllKept, kAllKept},
          {kHost, kExternalIp, kAllKept, kAllKept, kAllKept},
          {kHost, kLoopback, kAllKept, kAllKept, kAllKept},
          {kOutside, kNodePort, kAllMasqueraded /* B7 */, kHereOnly, kAllMasqueraded /* B7 */},
          {kOutside, kVip, kAllMasqueraded /* B7 */, kHereOnly, kAllMasqueraded /* B7 */},
          {kOutside, kExternalIp, kAllMasqueraded /* B7 */, kHereOnly, kAllMasqueraded /* B7 */},
          {kOutside, kLoopback, "closed", "closed", "closed"},
          {kPod, kLoopback, "closed", "closed", "closed"},
      },
      Detector::configured, Endpoints::both);
}

TEST(TruthTable, R053_R058_WithoutADetectorPodsFollowTheExternalPolicy) {
  expect_lines(
      {
          {kPod, kClusterIp, kAllKept, kAllKept, kHereKept},
          {kHost, kClusterIp, kAllKept, kAllKept, kHereKept},
          {kOutside, kClusterIp, kAllMasqueraded /* c: kube-proxy keeps it */, kAllMasqueraded /* c */, kHereOnly},
          {kPod, kNodePort, kAllKept /* b */, kHereKept, kAllKept /* b */},
          {kPod, kVip, kAllKept /* b */, kHereKept, kAllKept /* b */},
          {kPod, kExternalIp, kAllKept /* b */, kHereKept, kAllKept /* b */},
          {kHost, kNodePort, kAllKept, kAllKept, kAllKept},
          {kHost, kVip, kAllKept, kAllKept, kAllKept},
          {kHost, kLoopback, kAllKept, kAllKept, kAllKept},
          {kOutside, kNodePort, kAllMasqueraded, kHereOnly, kAllMasqueraded},
          {kOutside, kVip, kAllMasqueraded, kHereOnly, kAllMasqueraded},
      },
      Detector::none, Endpoints::both);
}

TEST(TruthTable, R054_MasqueradeAllConcernsPodsThatDialAClusterIpAndNothingElse) {
  expect_lines(
      {
          {kPod, kClusterIp, kAllMasqueraded, kAllMasqueraded, kHereOnly},
          {kHost, kClusterIp, kAllKept, kAllKept, kHereKept},
          {kOutside, kClusterIp, kAllMasqueraded, kAllMasqueraded, kHereOnly},
          {kPod, kNodePort, kAllKept, kAllKept, kAllKept},
          {kPod, kVip, kAllKept, kAllKept, kAllKept},
          {kHost, kNodePort, kAllKept, kAllKept, kAllKept},
          {kOutside, kVip, kAllMasqueraded, kHereOnly, kAllMasqueraded},
      },
      Detector::configured, Endpoints::both, /*masquerade_all=*/true);
}

TEST(TruthTable, R061_R062_EndpointsElsewhereOnly) {
  constexpr const char* kThereKept = "there, kept";
  constexpr const char* kThereMasqueraded = "there, masqueraded";
  expect_lines(
      {
          {kPod, kClusterIp, kThereKept, kThereKept, "dropped"},
          {kHost, kClusterIp, kThereKept, kThereKept, "dropped"},
          {kOutside, kClusterIp, kThereMasqueraded, kThereMasqueraded, "dropped"},
          {kPod, kNodePort, kThereKept, kThereKept, kThereKept},
          {kHost, kNodePort, kThereKept, kThereKept, kThereKept},
          {kHost, kLoopback, kThereKept, kThereKept, kThereKept},
          {kPod, kVip, kThereKept, kThereKept, kThereKept},
          {kHost, kVip, kThereKept, kThereKept, kThereKept},
          {kOutside, kNodePort, kThereMasqueraded, "dropped", kThereMasqueraded},
          {kOutside, kVip, kThereMasqueraded, "dropped", kThereMasqueraded},
          {kOutside, kExternalIp, kThereMasqueraded, "dropped", kThereMasqueraded},
      },
      Detector::configured, Endpoints::there_only);
  expect_lines({{kPod, kVip, kThereKept, "dropped", kThereKept}, {kHost, kVip, kThereKept, kThereKept, kThereKept}},
               Detector::none, Endpoints::there_only);
}

TEST(TruthTable, R060_NoUsableEndpointAnywhereIsRefusedAtEveryFrontendForEveryClient) {
  for (const Detector detector : {Detector::configured, Detector::none}) {
    for (const sp_scope client : {kPod, kHost, kOutside}) {
      for (const Frontends* to : {&kClusterIp, &kVip, &kExternalIp, &kNodePort}) {
        expect_lines({{client, *to, "refused", "refused", "refused"}}, detector, Endpoints::nowhere);
      }
    }
    expect_lines({{kHost, kLoopback, "refused", "refused", "refused"}}, detector, Endpoints::nowhere);
  }
}

// The endpoint of this node terminates and serves, the one elsewhere is ready.
TEST(TruthTable, R036_R042_LocalSetsFallBackToTerminatingEndpointsWhileClusterSetsDoNot) {
  expect_lines(
      {
          {kPod, kClusterIp, "there, kept", "there, kept", kHereKept},
          {kHost, kClusterIp, "there, kept", "there, kept", kHereKept},
          {kOutside, kClusterIp, "there, masqueraded", "there, masqueraded", kHereOnly},
          {kPod, kNodePort, "there, kept", "there, kept", "there, kept"},
          {kHost, kVip, "there, kept", "there, kept", "there, kept"},
          {kOutside, kNodePort, "there, masqueraded", kHereOnly, "there, masqueraded"},
          {kOutside, kVip, "there, masqueraded", kHereOnly, "there, masqueraded"},
      },
      Detector::configured, Endpoints::here_ending);
}

}  // namespace
}  // namespace sp::compile
