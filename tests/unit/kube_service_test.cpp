// SPDX-License-Identifier: Apache-2.0
// Services of the API (service-semantics 1.3, 1.7, 2.10), and what every table does with good and bad objects.
#include "tests/harness/decoding.h"

namespace sp::test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class KubeService : public DecodingTest {
 protected:
  static constexpr const char* kAddresses =
      R"("clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1"],"ipFamilies":["IPv4"])";
  void put_spec(const std::string& spec, const std::string& status = "{}") {
    put(services, "{" + metadata() + R"(,"spec":{)" + spec + R"(},"status":)" + status + "}");
  }
  [[nodiscard]] const model::Service& web() const { return cluster.services.at({"default", "web"}); }
  static std::vector<std::string> texts(const std::vector<Ip>& ips) {
    std::vector<std::string> out;
    for (const Ip& ip : ips) out.push_back(ip.text());
    return out;
  }
};

TEST_F(KubeService, EveryFieldInUseIsTaken) {
  put(services, R"({"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"web","uid":"u1",
      "resourceVersion":"5","labels":{"app":"web"},"annotations":{"a":"b"},"managedFields":[{"fieldsV1":{"f:spec":{}}}]},
      "spec":{"type":"LoadBalancer","clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1","fd00::1"],
      "ipFamilies":["IPv4","IPv6"],"selector":{"app":"web"},"publishNotReadyAddresses":true,
      "ports":[{"name":"http","port":80,"targetPort":"web","nodePort":30080,"protocol":"TCP","appProtocol":"http"},
               {"name":"dns","port":53,"targetPort":5353,"protocol":"UDP"}],
      "externalIPs":["192.0.2.1","2001:DB8::1"],"loadBalancerSourceRanges":["203.0.113.000/025"," 2001:db8::/32 "],
      "externalTrafficPolicy":"Local","internalTrafficPolicy":"Local","healthCheckNodePort":32000,
      "sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":60}}},
      "status":{"loadBalancer":{"ingress":[{"ip":"198.51.100.1"},{"ip":"198.51.100.2","ipMode":"Proxy"},
      {"ip":"198.51.100.3","ipMode":"VIP","ports":[{"port":80}]},{"hostname":"lb.example"}]}}})");
  EXPECT_THAT(complaints(), IsEmpty());
  const model::Service& service = cluster.services.at({"shop", "web"});
  model::Service expected;
  expected.meta = {"shop", "web", "u1", {}};
  expected.type = model::ServiceType::load_balancer;
  expected.cluster_ips = {*Ip::parse("10.96.0.1"), *Ip::parse("fd00::1")};
  expected.ports = {{"http", Protocol::tcp, 80, 30080, std::uint16_t{80}},
                    {"dns", Protocol::udp, 53, 0, std::uint16_t{53}}};
  expected.external_ips = {*Ip::parse("192.0.2.1"), *Ip::parse("2001:db8::1")};
  expected.ingress_ips = {*Ip::parse("198.51.100.1"), *Ip::parse("198.51.100.3")};
  expected.source_ranges = {*Prefix::parse("203.0.113.0/25"), *Prefix::parse("2001:db8::/32")};
  expected.external_policy = expected.internal_policy = model::TrafficPolicy::local;
  expected.affinity_timeout_s = 60;
  expected.health_check_node_port = 32000;
  EXPECT_EQ(service, expected);
  EXPECT_THAT(service.selector, IsEmpty()) << "endpoints come from EndpointSlices alone";
}

TEST_F(KubeService, ClusterIpsBelongToTheirFamilies) {
  put_spec(R"("clusterIP":"fd00::1","clusterIPs":["fd00::1","10.96.0.1"],"ipFamilies":["IPv6","IPv4"],"ports":[])");
  EXPECT_THAT(texts(web().cluster_ips), ElementsAre("fd00::1", "10.96.0.1"));
  EXPECT_TRUE(web().ipv4 && web().ipv6);
  put_spec(R"("clusterIP":"fd00::1","clusterIPs":["fd00::1"],"ipFamilies":["IPv6","IPv4"],"ports":[])");
  EXPECT_TRUE(!web().ipv4 && web().ipv6) << "a family without an address does not exist";
  put_spec(R"("clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1","10.96.0.2"],"ipFamilies":["IPv4","IPv4"],"ports":[])");
  EXPECT_THAT(texts(web().cluster_ips), ElementsAre("10.96.0.1")) << "one of each family";
  put_spec(R"("clusterIP":"10.96.0.1","ports":[])");
  EXPECT_THAT(texts(web().cluster_ips), ElementsAre("10.96.0.1")) << "a server without ipFamilies";
  EXPECT_TRUE(web().ipv4 && !web().ipv6);
  put_spec(R"("clusterIP":"::ffff:10.96.000.009","ports":[])");
  EXPECT_THAT(texts(web().cluster_ips), ElementsAre("10.96.0.9"));
  EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(KubeService, EntriesOfAFamilyThatTheServiceLacksAreLeftOutInSilence) {
  put_spec(std::string(kAddresses) + R"(,"ports":[],"externalIPs":["2001:db8::1","","192.0.2.1"])",
           R"({"loadBalancer":{"ingress":[{"ip":"2001:db8::2"},{"ip":"192.0.2.2"},{"ip":""}]}})");
  EXPECT_THAT(texts(web().external_ips), ElementsAre("192.0.2.1"));
  EXPECT_THAT(texts(web().ingress_ips), ElementsAre("192.0.2.2"));
  EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(KubeService, EntriesThatCannotBeReadAreLeftOutWithOneRemark) {
  const std::string spec = std::string(kAddresses) + R"(,"ports":[],"externalIPs":["192.0.2.300","192.0.2.1"],
      "loadBalancerSourceRanges":["10.0.0.0/99","10.0.0.0/8"])";
  put_spec(spec, R"({"loadBalancer":{"ingress":[{"ip":"127.0.0.1"},{"ip":"192.0.2.2"}]}})");
  EXPECT_THAT(texts(web().external_ips), ElementsAre("192.0.2.1"));
  EXPECT_THAT(web().source_ranges, ElementsAre(*Prefix::parse("10.0.0.0/8")));
  EXPECT_THAT(texts(web().ingress_ips), ElementsAre("192.0.2.2"));
  EXPECT_THAT(complaints(),
              ElementsAre(HasSubstr("Service default/web: spec.externalIPs[0]: \"192.0.2.300\" is left out"),
                          HasSubstr("spec.loadBalancerSourceRanges[0]: \"10.0.0.0/99\" is left out"),
                          HasSubstr("status.loadBalancer.ingress[0].ip: \"127.0.0.1\" is left out")));
  put_spec(spec, R"({"loadBalancer":{"ingress":[{"ip":"127.0.0.1"},{"ip":"192.0.2.3"}]}})");
  EXPECT_THAT(complaints(), IsEmpty()) << "the same is said once";
  EXPECT_EQ(services.rejected(), 0U);
}

TEST_F(KubeService, ServicesWithoutAnEffectAreNone) {
  const std::vector<std::string> specs = {
      R"("type":"ExternalName","externalName":"x.example")",
      R"("type":"ExternalName","clusterIP":"10.96.0.1","ports":[])",
      R"("clusterIP":"None","clusterIPs":["None"],"ipFamilies":["IPv4"],"ports":[{"port":80}])",
      R"("clusterIP":"","ports":[{"port":80}])",
      R"("ports":[{"port":80}])",
  };
  for (const std::string& spec : specs) {
    put_spec(std::string(kAddresses) + R"(,"ports":[{"port":80}])");
    ASSERT_THAT(cluster.services, SizeIs(1));
    (void)journal.take();
    put_spec(spec);
    EXPECT_THAT(cluster.services, IsEmpty()) << spec;
    EXPECT_THAT(journal.take().changed, SizeIs(1)) << "it has gone";
  }
}

TEST_F(KubeService, AServiceOfAnotherProxyIsNone) {
  put(services, "{" + metadata(R"(,"labels":{"service.kubernetes.io/service-proxy-name":""})") + R"(,"spec":{)" +
                    kAddresses + R"(,"ports":[{"port":80}]}})");
  EXPECT_THAT(cluster.services, IsEmpty());
}

TEST_F(KubeService, NullsAreAsGoodAsNothing) {
  put_spec(std::string(kAddresses) + R"(,"ports":[{"name":null,"port":80,"protocol":null,"nodePort":null}],
      "externalIPs":null,"loadBalancerSourceRanges":null,"sessionAffinity":null,"sessionAffinityConfig":null,
      "externalTrafficPolicy":null,"internalTrafficPolicy":"","healthCheckNodePort":null)",
           R"({"loadBalancer":{"ingress":null}})");
  EXPECT_THAT(complaints(), IsEmpty());
  EXPECT_EQ(web().ports, (std::vector<model::ServicePort>{{"", Protocol::tcp, 80, 0, std::uint16_t{80}}}));
}

TEST_F(KubeService, AffinityTakesItsTimeoutFromTheConfig) {
  put_spec(std::string(kAddresses) + R"(,"ports":[],"sessionAffinity":"ClientIP")");
  EXPECT_EQ(web().affinity_timeout_s, 10800U);
  put_spec(std::string(kAddresses) +
           R"(,"ports":[],"sessionAffinity":"None","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":5}})");
  EXPECT_EQ(web().affinity_timeout_s, std::nullopt);
}

TEST_F(KubeService, AFieldOfTheWrongTypeKeepsTheLastGoodState) {
  put_spec(std::string(kAddresses) + R"(,"ports":[{"port":80}])");
  const model::Service good = web();
  (void)journal.take();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("ports":[{"port":80,"nodePort":"x"}])", "spec.ports[0].nodePort: \"x\" is a string, expected a number"},
      {R"("ports":[{"port":70000}])", "spec.ports[0].port: 70000 is not a port (1 to 65535)"},
      {R"("ports":[{"port":1.5}])", "spec.ports[0].port: 1.5 is a number, expected a whole number"},
      {R"("ports":[{"name":"a"}])", "spec.ports[0].port: is missing, expected a port (1 to 65535)"},
      {R"("ports":{"port":80})", "spec.ports: is an object, expected a list"},
      {R"("ports":[7])", "spec.ports[0]: 7 is a number, expected an object"},
      {R"("ports":[{"port":80,"protocol":"QUIC"}])",
       "spec.ports[0].protocol: \"QUIC\" is not known, expected one of TCP, UDP, SCTP"},
      {R"("ports":[],"externalIPs":[true])", "spec.externalIPs[0]: true is a boolean, expected a string"},
      {R"("ports":[],"type":"Magic")",
       "spec.type: \"Magic\" is not known, expected one of ClusterIP, NodePort, LoadBalancer, ExternalName"},
      {R"("ports":[],"externalTrafficPolicy":"Near")",
       "spec.externalTrafficPolicy: \"Near\" is not known, expected one of Cluster, Local"},
      {R"("ports":[],"sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":0}})",
       "spec.sessionAffinityConfig.clientIP.timeoutSeconds: 0 is not a timeout (1 to 86400 seconds)"},
      {R"("ports":[],"healthCheckNodePort":-1)", "spec.healthCheckNodePort: -1 is not a port (1 to 65535)"},
  };
  for (const auto& [spec, complaint] : cases) {
    put_spec(std::string(kAddresses) + "," + spec);
    EXPECT_THAT(complaints(), ElementsAre("Service default/web: " + complaint));
    EXPECT_EQ(web(), good) << spec;
    EXPECT_EQ(services.rejected(), 1U);
  }
  put_spec(R"("clusterIP":"nonsense","ports":[])");
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("spec.clusterIP: \"nonsense\" is not an IP address")));
  put_spec(R"("clusterIP":"10.96.0.1","clusterIPs":["10.96.0.1"],"ipFamilies":["IPv6"],"ports":[])");
  EXPECT_THAT(complaints(), ElementsAre(HasSubstr("spec.clusterIPs[0]: \"10.96.0.1\" is not of the family IPv6")));
  EXPECT_EQ(web(), good);
  put_spec(std::string(kAddresses) + R"(,"ports":[{"port":81}])");
  EXPECT_EQ(web().ports[0].port, 81) << "a good state takes over";
  EXPECT_EQ(services.rejected(), 0U);
}

TEST_F(KubeService, ChangesAreSortedAndEachIsToldOnce) {
  for (const std::string name : {"b", "a", "b"}) {
    const std::string object = R"({"metadata":{"namespace":"default","name":")" + name + R"("},"spec":{)" + kAddresses;
    put(services, object + "}}");
    remove(services, object + "}}");
  }
  EXPECT_THAT(journal.take().changed, ElementsAre(model::ObjectId{model::Kind::service, {"default", "a"}},
                                                  model::ObjectId{model::Kind::service, {"default", "b"}}));
  EXPECT_FALSE(journal.take().any()) << "taken once";
}

TEST_F(KubeService, ABadObjectDoesNotTouchTheOthers) {
  services.begin_list();
  put_spec(std::string(kAddresses) + R"(,"ports":[{"port":"http"}])");
  put(services, R"({"metadata":{"namespace":"default","name":"other"},"spec":{)" + std::string(kAddresses) + "}}");
  services.end_list();
  EXPECT_THAT(cluster.services, SizeIs(1));
  EXPECT_THAT(complaints(), SizeIs(1));
}

TEST_F(KubeService, AListKeepsWhatItHoldsBadlyAndForgetsWhatItLacks) {
  put_spec(std::string(kAddresses) + R"(,"ports":[{"port":80}])");
  services.begin_list();
  put_spec(std::string(kAddresses) + R"(,"ports":3)");
  services.end_list();
  EXPECT_THAT(cluster.services, SizeIs(1));
  EXPECT_THAT(complaints(), SizeIs(1));
  services.begin_list();
  services.end_list();
  EXPECT_THAT(cluster.services, IsEmpty());
  EXPECT_EQ(services.rejected(), 0U) << "nobody rejects what does not exist";
}

TEST_F(KubeService, RemovingNeedsOnlyTheName) {
  put_spec(std::string(kAddresses) + R"(,"ports":[{"port":80}])");
  remove(services, "{" + metadata() + R"(,"spec":"what"})");
  EXPECT_THAT(cluster.services, IsEmpty());
  (void)journal.take();
  remove(services, "{" + metadata() + "}");
  EXPECT_FALSE(journal.take().any()) << "unknown objects can be removed";
}

TEST_F(KubeService, HugeAnnotationsAndUnknownFieldsCostNothing) {
  const std::string kilobyte(1024, 'x');
  std::string text;
  for (int i = 0; i < 64; ++i) text += kilobyte;
  put(services, "{" + metadata(R"(,"annotations":{"notes":")" + text + R"(\n\u00e9\"}{"})") +
                    R"(,"surprise":{"a":[1,{"b":null}]},"spec":{"future":[[]],)" + kAddresses +
                    R"(,"ports":[{"port":80,"shape":"round"}]}})");
  EXPECT_THAT(complaints(), IsEmpty());
  EXPECT_EQ(web().ports.size(), 1U);
}

TEST_F(KubeService, ComplaintsFitOneLogLineEach) {
  put_spec(std::string(kAddresses) + R"(,"type":"a\nb\u0007)" + std::string(500, 'x') + R"(","ports":[])");
  EXPECT_THAT(complaints(), Each(testing::AllOf(HasSubstr("a\\x0ab\\x07xxx"), testing::Not(HasSubstr("\n")))));
}

}  // namespace
}  // namespace sp::test
