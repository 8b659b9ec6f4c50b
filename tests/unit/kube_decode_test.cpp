// SPDX-License-Identifier: Apache-2.0
// EndpointSlices, Pods, Nodes and ServiceCIDRs of the API (service-semantics 1.4, 1.5, 1.8, 4.1).
#include "tests/harness/decoding.h"

namespace sp::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class KubeDecode : public DecodingTest {
 protected:
  static std::string slice(const std::string& rest, const std::string& more_metadata = "") {
    return R"({"metadata":{"namespace":"default","name":"web-1","labels":{"kubernetes.io/service-name":"web"})" +
           more_metadata + R"(},"addressType":"IPv4")" + rest + "}";
  }
  [[nodiscard]] const model::EndpointSlice& web() const { return cluster.endpoint_slices.at({"default", "web-1"}); }
};

TEST_F(KubeDecode, ASliceKeepsEndpointsPortsAndHints) {
  put(slices, slice(R"(,"ports":[{"name":"","port":8080,"protocol":"TCP"},{"name":"dns","port":53,"protocol":"UDP"}],
      "endpoints":[{"addresses":["10.0.0.1","10.0.0.99"],"conditions":{"ready":true,"serving":true,"terminating":false},
      "nodeName":"n1","zone":"z","targetRef":{"kind":"Pod","name":"p"},
      "hints":{"forZones":[{"name":"z1"},{"name":"z2"}],"forNodes":[{"name":"n1"}]}}])"));
  EXPECT_THAT(complaints(), IsEmpty());
  model::EndpointSlice expected;
  expected.meta = {"default", "web-1", "", {}};
  expected.service_name = "web";
  expected.ports = {{"", Protocol::tcp, 8080}, {"dns", Protocol::udp, 53}};
  expected.endpoints = {{*Ip::parse("10.0.0.1"), true, true, false, "n1", {"z1", "z2"}, {"n1"}}};
  EXPECT_EQ(web(), expected);
}

TEST_F(KubeDecode, ConditionsThatAreNilHaveTheirMeaning) {
  put(slices, slice(R"(,"ports":[],"endpoints":[{"addresses":["10.0.0.1"]},
      {"addresses":["10.0.0.2"],"conditions":{"ready":null,"serving":false,"terminating":true},"nodeName":null},
      {"addresses":["10.0.0.3"],"conditions":{"ready":false},"hints":null}])"));
  ASSERT_THAT(web().endpoints, SizeIs(3));
  EXPECT_EQ(web().endpoints[0], (model::Endpoint{*Ip::parse("10.0.0.1"), true, true, false, "", {}, {}}));
  EXPECT_EQ(web().endpoints[1], (model::Endpoint{*Ip::parse("10.0.0.2"), true, false, true, "", {}, {}}));
  EXPECT_EQ(web().endpoints[2], (model::Endpoint{*Ip::parse("10.0.0.3"), false, true, false, "", {}, {}}));
}

TEST_F(KubeDecode, SlicePortsWithoutNameOrNumberAreLeftOut) {
  put(slices, slice(R"(,"endpoints":[],"ports":[{"port":1},{"name":null,"port":2},{"name":"a"},{"name":"b","port":null},
      {"name":"c","port":0},{"name":"d","port":4,"protocol":null},{"name":"","port":5}])"));
  EXPECT_THAT(complaints(), IsEmpty());
  EXPECT_EQ(web().ports, (std::vector<model::EndpointPort>{{"d", Protocol::tcp, 4}, {"", Protocol::tcp, 5}}));
}

TEST_F(KubeDecode, EndpointsWithoutAUsableAddressAreLeftOut) {
  put(slices, slice(R"(,"ports":[],"endpoints":[{"addresses":[]},{"addresses":["x"]},{"addresses":["fd00::1"]},
      {"addresses":["169.254.0.1"]},{"addresses":[""]},{"addresses":["10.0.0.007"]},{}])"));
  ASSERT_THAT(web().endpoints, SizeIs(1));
  EXPECT_EQ(web().endpoints[0].address.text(), "10.0.0.7");
  EXPECT_THAT(complaints(),
              ElementsAre(HasSubstr("EndpointSlice default/web-1: endpoints[1].addresses[0]: \"x\""),
                          HasSubstr("endpoints[2].addresses[0]: \"fd00::1\" is left out, expected an IPv4"),
                          HasSubstr("endpoints[3].addresses[0]: \"169.254.0.1\" is left out")));
}

TEST_F(KubeDecode, SlicesOfNamesHeadlessOnesAndThoseOfNoServiceAreNone) {
  put(slices, R"({"metadata":{"namespace":"a","name":"b","labels":{"kubernetes.io/service-name":"web"}},
      "addressType":"FQDN","endpoints":[{"addresses":["www.example"]}],"ports":[]})");
  put(slices, R"({"metadata":{"namespace":"a","name":"c","labels":{"kubernetes.io/service-name":"web",
      "service.kubernetes.io/headless":""}},"addressType":"IPv4","endpoints":[],"ports":[]})");
  EXPECT_THAT(complaints(), IsEmpty());
  put(slices, R"({"metadata":{"namespace":"a","name":"d"},"addressType":"IPv4","endpoints":[],"ports":[]})");
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("EndpointSlice a/d: metadata.labels: kubernetes.io/service-name is "
                                                  "missing")));
  EXPECT_THAT(cluster.endpoint_slices, IsEmpty());
}

TEST_F(KubeDecode, ASliceOfWrongTypesKeepsItsLastGoodState) {
  put(slices, slice(R"(,"ports":[{"name":"a","port":1}],"endpoints":[{"addresses":["10.0.0.1"]}])"));
  const model::EndpointSlice good = web();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"(,"ports":[{"name":5,"port":1}])", "ports[0].name: 5 is a number, expected a string"},
      {R"(,"endpoints":[{"addresses":"10.0.0.1"}])",
       "endpoints[0].addresses: \"10.0.0.1\" is a string, expected a list"},
      {R"(,"endpoints":[{"conditions":{"ready":"yes"}}])",
       "endpoints[0].conditions.ready: \"yes\" is a string, expected true or false"},
      {R"(,"endpoints":[{"conditions":[]}])", "endpoints[0].conditions: is a list, expected an object"},
      {R"(,"endpoints":7)", "endpoints: 7 is a number, expected a list"},
  };
  for (const auto& [rest, complaint] : cases) {
    put(slices, slice(rest));
    EXPECT_THAT(complaints(), ElementsAre("EndpointSlice default/web-1: " + complaint));
    EXPECT_EQ(web(), good);
  }
}

TEST_F(KubeDecode, TheLargestSliceIsTaken) {
  std::string ports;
  std::string endpoints;
  for (int i = 0; i < 100; ++i) {
    ports +=
        (i == 0 ? "" : ",") + (R"({"name":"p)" + std::to_string(i) + R"(","port":)") + std::to_string(1000 + i) + "}";
  }
  for (int i = 0; i < 1000; ++i) {
    endpoints += (i == 0 ? "" : ",") + (R"({"addresses":["10.1.)" + std::to_string(i / 250)) + "." +
                 std::to_string(i % 250 + 1) + R"("],"nodeName":"n1"})";
  }
  put(slices, slice(R"(,"ports":[)" + ports + R"(],"endpoints":[)" + endpoints + "]"));
  EXPECT_THAT(complaints(), IsEmpty());
  EXPECT_EQ(web().ports.size(), 100U);
  ASSERT_EQ(web().endpoints.size(), 1000U);
  EXPECT_EQ(web().endpoints[999].address.text(), "10.1.3.250");
}

TEST_F(KubeDecode, AThousandBadEndpointsAreAScreenful) {
  std::string endpoints;
  for (int i = 0; i < 1000; ++i)
    endpoints += (i == 0 ? "" : ",") + (R"({"addresses":["x)" + std::to_string(i) + "\"]}");
  put(slices, slice(R"(,"ports":[],"endpoints":[)" + endpoints + "]"));
  EXPECT_LT(complaints().size(), 12U);
}

TEST_F(KubeDecode, TriggerTimesSinceOurStartAreReported) {
  const auto with_trigger = [](const std::string& time, int port) {
    return slice(R"(,"endpoints":[],"ports":[{"name":"","port":)" + std::to_string(port) + "}]",
                 R"(,"annotations":{"endpoints.kubernetes.io/last-change-trigger-time":")" + time + "\"}");
  };
  put(slices, with_trigger("2023-11-14T22:13:19.999999999Z", 1));
  EXPECT_THAT(journal.take().triggers, IsEmpty()) << "before we were";
  put(slices, with_trigger("2023-11-14T23:13:21.5+01:00", 2));
  EXPECT_THAT(journal.take().triggers, ElementsAre(kStarted + std::chrono::milliseconds(1500)));
  put(slices, with_trigger("2023-11-14T22:13:22Z", 2));
  EXPECT_THAT(journal.take().triggers, IsEmpty()) << "nothing has changed";
  put(slices, with_trigger("yesterday", 3));
  const source::Update update = journal.take();
  EXPECT_THAT(update.triggers, IsEmpty());
  EXPECT_THAT(update.complaints, IsEmpty()) << "nothing depends on it";
  remove(slices, with_trigger("2023-11-14T22:13:23Z", 3));
  EXPECT_THAT(journal.take().triggers, IsEmpty());
}

TEST_F(KubeDecode, APodKeepsItsHostPorts) {
  put(pods, "{" +
                metadata(R"(,"creationTimestamp":"2024-05-01T12:00:00Z","deletionTimestamp":"2024-05-02T12:00:00Z")") +
                R"(,"spec":{"nodeName":"n1","containers":[{"name":"a","ports":[{"containerPort":80,"hostPort":8080},
      {"containerPort":9090},{"name":"d","containerPort":53,"hostPort":53,"protocol":"UDP","hostIP":"192.0.2.1"}]},{}],
      "initContainers":[{"ports":[{"containerPort":1,"hostPort":1}]},
      {"restartPolicy":"Always","ports":[{"containerPort":2,"hostPort":2}]}]},
      "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"},{"ip":"10.0.0.2"}],
      "conditions":[{"type":"Initialized","status":"True"},{"type":"Ready","status":"True"}]}})");
  EXPECT_THAT(complaints(), IsEmpty());
  const model::Pod& pod = cluster.pods.at({"default", "web"});
  EXPECT_EQ(pod.ports, (std::vector<model::ContainerPort>{{"", Protocol::tcp, 80, 8080, std::nullopt},
                                                          {"d", Protocol::udp, 53, 53, Ip::parse("192.0.2.1")},
                                                          {"", Protocol::tcp, 2, 2, std::nullopt}}));
  EXPECT_THAT(pod.ips, ElementsAre(*Ip::parse("10.0.0.1"), *Ip::parse("fd00::1")));
  EXPECT_EQ(pod.meta.uid, "u1");
  EXPECT_EQ(pod.node_name, "n1");
  EXPECT_EQ(pod.phase, model::PodPhase::running);
  EXPECT_TRUE(pod.ready && pod.terminating);
  EXPECT_EQ(pod.created_s, 1714564800);
}

TEST_F(KubeDecode, APodWithoutHostPortsIsNone) {
  const auto with_port = [](const std::string& port) {
    return "{" + metadata() + R"(,"spec":{"containers":[{"ports":[)" + port + R"(]}]},"status":{"podIP":"10.0.0.1"}})";
  };
  put(pods, with_port(R"({"containerPort":80})"));
  EXPECT_THAT(cluster.pods, IsEmpty());
  put(pods, with_port(R"({"containerPort":80,"hostPort":80})"));
  ASSERT_THAT(cluster.pods, SizeIs(1));
  EXPECT_EQ(cluster.pods.begin()->second.phase, model::PodPhase::pending);
  EXPECT_FALSE(cluster.pods.begin()->second.ready);
  EXPECT_THAT(cluster.pods.begin()->second.ips, SizeIs(1)) << "from podIP";
  (void)complaints();
  put(pods, with_port(R"({"containerPort":80,"hostPort":80,"hostIP":"x"})"));
  EXPECT_THAT(cluster.pods, IsEmpty()) << "an address that cannot be read is not every address";
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("Pod default/web: spec.containers[0].ports[0].hostIP: \"x\"")));
}

TEST_F(KubeDecode, ANodeHasAddressesRangesZoneAndFate) {
  put(nodes, R"({"metadata":{"name":"n1","uid":"u2","labels":{"topology.kubernetes.io/zone":"z1"}},
      "spec":{"podCIDR":"10.1.0.0/24","podCIDRs":["10.1.0.0/24","fd01::/64","x"],"taints":[{"key":"a"}]},
      "status":{"addresses":[{"type":"Hostname","address":"n1"},{"type":"ExternalIP","address":"203.0.113.1"},
      {"type":"InternalIP","address":"192.0.2.1"},{"type":"InternalIP","address":"2001:db8::1"}]}})");
  const model::Node& node = cluster.nodes.at({"", "n1"});
  EXPECT_THAT(node.addresses,
              ElementsAre(*Ip::parse("192.0.2.1"), *Ip::parse("2001:db8::1"), *Ip::parse("203.0.113.1")));
  EXPECT_EQ(node.zone, "z1");
  EXPECT_EQ(node.meta.uid, "u2");
  EXPECT_THAT(node.pod_cidrs, ElementsAre(*Prefix::parse("10.1.0.0/24"), *Prefix::parse("fd01::/64")));
  EXPECT_FALSE(node.deleting || node.autoscaled);
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("Node n1: spec.podCIDRs[2]: \"x\" is left out")));
  put(nodes, R"({"metadata":{"name":"n1","deletionTimestamp":"2024-05-02T12:00:00Z"},"spec":{"podCIDR":"10.1.0.0/24",
      "taints":[{"key":"ToBeDeletedByClusterAutoscaler","effect":"NoSchedule"},{"key":"b"}]}})");
  EXPECT_TRUE(node.deleting && node.autoscaled);
  EXPECT_THAT(node.pod_cidrs, SizeIs(1));
}

TEST_F(KubeDecode, AServiceCidrHasRanges) {
  put(cidrs, R"({"metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/12","fd00::/108"]}})");
  EXPECT_THAT(cluster.service_cidrs.at({"", "kubernetes"}).cidrs,
              ElementsAre(*Prefix::parse("10.96.0.0/12"), *Prefix::parse("fd00::/108")));
  EXPECT_THAT(complaints(), IsEmpty());
}

}  // namespace
}  // namespace sp::test
