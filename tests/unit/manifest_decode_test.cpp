// SPDX-License-Identifier: Apache-2.0
// What good manifests become: every field of the model, defaults, lists, JSON and the handbook's own manifests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "loader/source/manifest_file.h"

namespace sp::source {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename T>
T only(const std::string& text) {
  const Reading reading = parse_manifest(text);
  EXPECT_THAT(reading.complaints, IsEmpty());
  if (reading.definitions.size() != 1 || !reading.definitions[0].object) {
    ADD_FAILURE() << "expected one object in\n" << text;
    return T{};
  }
  return std::get<T>(*reading.definitions[0].object);
}

model::Service service(const std::string& spec) {
  return only<model::Service>("apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {" + spec + "}\n");
}

Ip ip(std::string_view text) {
  return *Ip::parse(text);
}

constexpr const char* kFullService = R"(
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  uid: 1234-5
  creationTimestamp: null
  labels: {app: web}
  annotations: {anything: goes}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.10
  clusterIPs: [10.96.0.10, "FD00::10"]
  ipFamilies: [IPv4, IPv6]
  ipFamilyPolicy: RequireDualStack
  ports:
    - {name: http, port: 80, targetPort: web, nodePort: 30080}
    - {name: dns, port: 53, targetPort: 5353, protocol: UDP}
    - {name: sctp, port: 80, protocol: SCTP, nodePort: 30080}
  externalIPs: ["", 203.0.113.009, "2001:db8::9"]
  loadBalancerSourceRanges: [" 198.51.100.0/024 ", "2001:DB8::/32"]
  externalTrafficPolicy: Local
  internalTrafficPolicy: Local
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 125}}
  healthCheckNodePort: 31000
  publishNotReadyAddresses: true
  selector: {app: web}
status:
  loadBalancer:
    ingress:
      - ip: 198.51.100.10
      - {ip: 198.51.100.11, ipMode: Proxy}
      - {ip: "2001:db8::10", ipMode: VIP}
      - hostname: lb.example.com
)";

TEST(Manifest, EveryFieldOfAServiceIsRead) {
  const auto web = only<model::Service>(kFullService);
  EXPECT_EQ(web.meta, (model::Meta{"shop", "web", "1234-5", {{"app", "web"}}}));
  EXPECT_EQ(web.type, model::ServiceType::load_balancer);
  EXPECT_THAT(web.cluster_ips, ElementsAre(ip("10.96.0.10"), ip("fd00::10")));
  EXPECT_FALSE(web.headless);
  EXPECT_TRUE(web.ipv4 && web.ipv6);
  EXPECT_THAT(web.ports, ElementsAre(model::ServicePort{"http", Protocol::tcp, 80, 30080, std::string("web")},
                                     model::ServicePort{"dns", Protocol::udp, 53, 0, std::uint16_t{5353}},
                                     model::ServicePort{"sctp", Protocol::sctp, 80, 30080, std::uint16_t{80}}));
  EXPECT_THAT(web.external_ips, ElementsAre(ip("203.0.113.9"), ip("2001:db8::9")));
  EXPECT_THAT(web.ingress_ips, ElementsAre(ip("198.51.100.10"), ip("2001:db8::10")));
  EXPECT_THAT(web.source_ranges, ElementsAre(*Prefix::parse("198.51.100.0/24"), *Prefix::parse("2001:db8::/32")));
  EXPECT_EQ(web.external_policy, model::TrafficPolicy::local);
  EXPECT_EQ(web.internal_policy, model::TrafficPolicy::local);
  EXPECT_EQ(web.affinity_timeout_s, 125u);
  EXPECT_EQ(web.health_check_node_port, 31000);
  EXPECT_EQ(web.selector, (model::Labels{{"app", "web"}}));
  EXPECT_TRUE(web.publish_not_ready);
  EXPECT_FALSE(web.foreign_proxy);
}

TEST(Manifest, AServiceOfThreeLinesHasTheDefaults) {
  const model::Service s = service("ports: [{port: 80}]");
  model::Service expected;
  expected.meta = {"default", "s", "Service/default/s", {}};
  expected.ports = {{"", Protocol::tcp, 80, 0, std::uint16_t{80}}};
  EXPECT_EQ(s, expected);
}

TEST(Manifest, FamiliesAreThoseNamedElseThoseOfTheAddressesElseBoth) {
  const auto families = [](const std::string& spec) {
    const model::Service s = service(spec + "ports: [{port: 80}]");
    return std::string(s.ipv4 ? "4" : "") + (s.ipv6 ? "6" : "");
  };
  EXPECT_EQ(families(""), "46");
  EXPECT_EQ(families("ipFamilies: [IPv6], "), "6");
  EXPECT_EQ(families("clusterIP: 10.0.0.1, "), "4");
  EXPECT_EQ(families("clusterIPs: ['fd00::1'], "), "6");
  EXPECT_EQ(families("clusterIP: '', "), "46");
  EXPECT_EQ(families("clusterIP: 10.0.0.1, ipFamilies: [IPv4, IPv6], "), "46");
}

TEST(Manifest, HeadlessAndExternalNameServicesAreKeptAsSuch) {
  EXPECT_TRUE(service("clusterIP: None").headless);
  EXPECT_TRUE(service("clusterIPs: [None], clusterIP: None, ports: [{port: 1}]").headless);
  EXPECT_EQ(service("type: ExternalName, externalName: example.com").type, model::ServiceType::external_name);
}

TEST(Manifest, AffinityLastsThreeHoursUnlessItSaysOtherwise) {
  EXPECT_EQ(service("sessionAffinity: ClientIP, ports: [{port: 80}]").affinity_timeout_s, 10800u);
  EXPECT_EQ(service("sessionAffinity: None, ports: [{port: 80}]").affinity_timeout_s, std::nullopt);
}

TEST(Manifest, AnyValueOfTheProxyNameLabelMakesAServiceForeign) {
  const auto s = only<model::Service>(
      "apiVersion: v1\nkind: Service\nmetadata: {name: s, labels: {service.kubernetes.io/service-proxy-name: ''}}\n"
      "spec: {ports: [{port: 80}]}\n");
  EXPECT_TRUE(s.foreign_proxy);
}

TEST(Manifest, AStringOfDigitsIsANamedTargetPort) {
  EXPECT_EQ(service("ports: [{port: 80, targetPort: '8080'}]").ports.at(0).target_port, model::TargetPort("8080"));
}

constexpr const char* kSliceHead =
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web-1, labels: "
    "{kubernetes.io/service-name: web}}\n";

TEST(Manifest, EveryFieldOfAnEndpointSliceIsReadWithItsNilDefaults) {
  const auto slice = only<model::EndpointSlice>(std::string(kSliceHead) + R"(
addressType: IPv6
ports: [{name: http, port: 8080}, {port: 53, protocol: UDP}, {name: every}]
endpoints:
  - addresses: ["2001:db8::1", "2001:db8::ffff"]
  - addresses: ["2001:db8::2"]
    conditions: {ready: false, serving: false, terminating: true}
    nodeName: n1
    hints: {forZones: [{name: a}, {name: b}], forNodes: [{name: n1}]}
  - addresses: []
)");
  EXPECT_EQ(slice.service_name, "web");
  EXPECT_EQ(slice.family, Family::v6);
  EXPECT_THAT(slice.ports, ElementsAre(model::EndpointPort{"http", Protocol::tcp, 8080},
                                       model::EndpointPort{"", Protocol::udp, 53}));
  EXPECT_THAT(slice.endpoints,
              ElementsAre(model::Endpoint{ip("2001:db8::1"), true, true, false, "", {}, {}},
                          model::Endpoint{ip("2001:db8::2"), false, false, true, "n1", {"a", "b"}, {"n1"}}));
}

TEST(Manifest, SlicesThatAreNotForAProxyAreLeftOutInSilence) {
  const Reading reading =
      parse_manifest(std::string(kSliceHead) + "addressType: FQDN\nendpoints: [{addresses: [example.com]}]\n---\n" +
                     "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: h, labels: "
                     "{service.kubernetes.io/headless: ''}}\naddressType: IPv4\nendpoints: []\n");
  EXPECT_THAT(reading.complaints, IsEmpty());
  EXPECT_THAT(reading.definitions, IsEmpty());
  EXPECT_THAT(only<model::EndpointSlice>(std::string(kSliceHead) + "addressType: IPv4\nports: null\nendpoints: null\n")
                  .endpoints,
              IsEmpty());
}

TEST(Manifest, EveryFieldOfAPodIsRead) {
  const auto pod = only<model::Pod>(R"(
apiVersion: v1
kind: Pod
metadata: {name: p, uid: u, creationTimestamp: "2024-05-01T12:00:00.5+02:00", deletionTimestamp: "2024-05-01T13:00:00Z"}
spec:
  nodeName: n1
  hostNetwork: false
  initContainers:
    - {name: once, ports: [{containerPort: 1, hostPort: 1}]}
    - {name: sidecar, restartPolicy: Always, ports: [{containerPort: 2}]}
  containers:
    - {name: a, ports: [{name: web, containerPort: 80, hostPort: 8080, hostIP: 192.0.2.1}]}
    - {name: b, ports: [{containerPort: 53, hostPort: 53, protocol: UDP, hostIP: "::"}]}
    - {name: c}
status:
  phase: Succeeded
  podIP: 10.1.0.1
  podIPs: [{ip: 10.1.0.1}, {ip: "fd00::1"}, {ip: 10.1.0.2}]
  conditions: [{type: PodScheduled, status: "True"}, {type: Ready, status: "False"}]
)");
  EXPECT_EQ(pod.node_name, "n1");
  EXPECT_THAT(pod.ports, ElementsAre(model::ContainerPort{"web", Protocol::tcp, 80, 8080, ip("192.0.2.1")},
                                     model::ContainerPort{"", Protocol::udp, 53, 53, ip("::")},
                                     model::ContainerPort{"", Protocol::tcp, 2, 0, std::nullopt}));
  EXPECT_THAT(pod.ips, ElementsAre(ip("10.1.0.1"), ip("fd00::1")));
  EXPECT_EQ(pod.phase, model::PodPhase::succeeded);
  EXPECT_FALSE(pod.ready);
  EXPECT_TRUE(pod.terminating);
  EXPECT_EQ(pod.created_s, 1714557600);
}

TEST(Manifest, EveryFieldOfANodeIsRead) {
  const auto node = only<model::Node>(R"(
apiVersion: v1
kind: Node
metadata: {name: N1, namespace: ignored, labels: {topology.kubernetes.io/zone: a}}
spec: {podCIDR: 10.1.0.0/24, podCIDRs: [10.1.0.0/24, "fd00:1::/64"]}
status:
  addresses:
    - {type: ExternalIP, address: 203.0.113.1}
    - {type: Hostname, address: n1}
    - {type: InternalIP, address: 192.0.2.1}
    - {type: InternalIP, address: "2001:db8::1"}
)");
  EXPECT_EQ(node.meta, (model::Meta{"", "N1", "Node/N1", {{"topology.kubernetes.io/zone", "a"}}}));
  EXPECT_THAT(node.addresses, ElementsAre(ip("192.0.2.1"), ip("2001:db8::1"), ip("203.0.113.1")));
  EXPECT_EQ(node.zone, "a");
  EXPECT_THAT(node.pod_cidrs, ElementsAre(*Prefix::parse("10.1.0.0/24"), *Prefix::parse("fd00:1::/64")));
}

TEST(Manifest, JsonWithTabsIsReadAsYamlIs) {
  const auto s = only<model::Service>(
      "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\":\"Service\",\"metadata\":{\"name\":\"s\"},\n\t\"spec\": {\"ports\":"
      "[{\"port\":80,\"targetPort\":\"w\\u0065b\"}],\"externalIPs\":null}\n}\n");
  EXPECT_EQ(s.ports.at(0).target_port, model::TargetPort("web"));
}

TEST(Manifest, ListsOfAnyOrOneKindAreTheirItems) {
  const Reading reading = parse_manifest(R"(
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1}]}}
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
  - {apiVersion: v1, kind: Node, metadata: {name: n}}
---
{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSliceList","items":[{"metadata":{"name":"e","labels":
 {"kubernetes.io/service-name":"a"}},"addressType":"IPv4","endpoints":[]}]}
---
{apiVersion: v1, kind: PodList, items: [{metadata: {name: p}, spec: {containers: [{}]}}]}
---
{apiVersion: v1, kind: ServiceList, items: [{metadata: {name: b}, spec: {ports: [{port: 0}]}}]}
---
{apiVersion: v1, kind: NodeList, items: null}
)");
  std::vector<std::string> ids;
  for (const Definition& definition : reading.definitions) {
    ids.push_back(definition.id.text() + (definition.object ? "" : " (bad)"));
  }
  EXPECT_THAT(ids, ElementsAre("Service default/a", "Node n", "EndpointSlice default/e", "Pod default/p",
                               "Service default/b (bad)"));
  EXPECT_THAT(reading.complaints,
              ElementsAre("document 4: items[0]: Service default/b: spec.ports[0].port: 0 is not a port (1 to 65535)"));
}

TEST(Manifest, KnownKindsThatHaveNoEffectAreTakenInSilence) {
  const Reading reading = parse_manifest(
      "# only a comment\n---\n---\nkind: Ingress\napiVersion: extensions/v1beta1\n---\nkind: Deployment\n---\n"
      "kind: Namespace\n---\nkind: IngressList\nitems: []\n...\n---\n\n");
  EXPECT_THAT(reading.complaints, IsEmpty());
  EXPECT_THAT(reading.definitions, IsEmpty());
  EXPECT_THAT(reading.doubts, IsEmpty());
}

TEST(Manifest, ThousandsOfServicesInOneFileAreReadInAMoment) {
  std::string text;
  for (int i = 0; i < 2500; ++i) {
    text += "---" + std::string(kFullService) + "---\nkind: Secret\n";
    text.replace(text.rfind("name: web\n"), 9, "name: web" + std::to_string(i));
  }
  const auto begin = std::chrono::steady_clock::now();
  const Reading reading = parse_manifest(text);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  std::printf("2,500 Services, %.1f MB: %.0f ms\n", static_cast<double>(text.size()) / 1e6, spent.count() * 1e3);
  EXPECT_EQ(reading.definitions.size(), 2500u);
  EXPECT_THAT(reading.complaints, IsEmpty());
}

}  // namespace
}  // namespace sp::source
