// SPDX-License-Identifier: Apache-2.0
// One bad field, one line that names it: the table of what decoders refuse.
#include <gtest/gtest.h>

#include "loader/source/manifest_file.h"

namespace sp::source {
namespace {

struct Case {
  const char* name;
  const char* kind;    // picks the frame that the text is put into
  const char* text;    // the fields that matter
  const char* expect;  // the complaint without "document 1: "
};

std::string frame(const Case& test) {
  const std::string kind = test.kind;
  const std::string text = test.text;
  if (kind == "Service") {
    return "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {" + text + "}\n";
  }
  if (kind == "Slice") {
    return "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s, labels: "
           "{kubernetes.io/service-name: web}}\n" +
           text + "\n";
  }
  if (kind == "Pod") {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n" + text + "\n";
  }
  if (kind == "Node") {
    return "apiVersion: v1\nkind: Node\nmetadata: {name: n}\n" + text + "\n";
  }
  return text;
}

constexpr const char* kSpecial = " is unspecified, loopback, link-local or multicast, expected the address of a host";

const Case kCases[] = {
    // Service
    {"PortZero", "Service", "ports: [{port: 0}]", "spec.ports[0].port: 0 is not a port (1 to 65535)"},
    {"Port70000", "Service", "ports: [{port: 80, nodePort: 70000}], type: NodePort",
     "spec.ports[0].nodePort: 70000 is not a port (1 to 65535)"},
    {"PortNegative", "Service", "ports: [{port: -1}]", "spec.ports[0].port: -1 is not a port (1 to 65535)"},
    {"PortQuoted", "Service", "ports: [{port: '80'}]", "spec.ports[0].port: \"80\" is a string, expected a number"},
    {"PortHuge", "Service", "ports: [{port: 99999999999999999999}]",
     "spec.ports[0].port: 99999999999999999999 is too large, expected a number of at most 19 digits"},
    {"PortFraction", "Service", "ports: [{port: 80.5}]",
     "spec.ports[0].port: 80.5 is a number, expected a whole number"},
    {"PortOctal", "Service", "ports: [{port: 080}]", "spec.ports[0].port: 080 is a number, expected a whole number"},
    {"PortMissing", "Service", "ports: [{name: a}]", "spec.ports[0].port: is missing, expected a port (1 to 65535)"},
    {"PortsMissing", "Service", "selector: {a: b}", "spec.ports: is missing, expected at least one port"},
    {"PortsEmpty", "Service", "ports: []", "spec.ports: is empty, expected at least one port"},
    {"PortsMap", "Service", "ports: {port: 80}", "spec.ports: is a mapping, expected a list"},
    {"PortScalar", "Service", "ports: [80]", "spec.ports[0]: 80 is a number, expected a mapping"},
    {"Protocol", "Service", "ports: [{port: 80, protocol: tcp}]",
     "spec.ports[0].protocol: \"tcp\" is not known, expected one of TCP, UDP, SCTP"},
    {"NameMissing", "Service", "ports: [{port: 80, name: a}, {port: 81}]",
     "spec.ports[1].name: is missing, expected a name, as the Service has several ports"},
    {"NameTwice", "Service", "ports: [{port: 80, name: a}, {port: 81, name: a}]",
     "spec.ports[1].name: \"a\" is also that of spec.ports[0], expected another one"},
    {"PortTwice", "Service", "ports: [{port: 80, name: a}, {port: 80, name: b}]",
     "spec.ports[1].port: 80/TCP is also that of spec.ports[0], expected another one"},
    {"NodePortTwice", "Service",
     "type: NodePort, ports: [{port: 80, name: a, nodePort: 30000}, {port: 81, name: b, nodePort: 30000}]",
     "spec.ports[1].nodePort: 30000/TCP is also that of spec.ports[0], expected another one"},
    {"NodePortOfClusterIp", "Service", "ports: [{port: 80, nodePort: 30000}]",
     "spec.ports[0].nodePort: 30000 is given, expected none as spec.type is ClusterIP and neither NodePort nor "
     "LoadBalancer"},
    {"TargetPort", "Service", "ports: [{port: 80, targetPort: 65536}]",
     "spec.ports[0].targetPort: 65536 is not a port (1 to 65535)"},
    {"Type", "Service", "type: Nodeport, ports: [{port: 80}]",
     "spec.type: \"Nodeport\" is not known, expected one of ClusterIP, NodePort, LoadBalancer, ExternalName"},
    {"ClusterIp", "Service", "clusterIP: 10.0.0.300, ports: [{port: 80}]",
     "spec.clusterIP: \"10.0.0.300\" is not an IP address, expected one such as 192.0.2.1 or 2001:db8::1"},
    {"ClusterIpsOfOneFamily", "Service", "clusterIPs: [10.0.0.1, 10.0.0.2], ports: [{port: 80}]",
     "spec.clusterIPs[1]: \"10.0.0.2\" is a second IPv4 address, expected at most one of each family"},
    {"ClusterIpDiffers", "Service", "clusterIP: 10.0.0.2, clusterIPs: [10.0.0.1], ports: [{port: 80}]",
     "spec.clusterIP: \"10.0.0.2\" differs from spec.clusterIPs[0], expected \"10.0.0.1\""},
    {"FamilyOfClusterIp", "Service", "clusterIP: 10.0.0.1, ipFamilies: [IPv6], ports: [{port: 80}]",
     "spec.ipFamilies[0]: \"IPv6\" is not the family of cluster IP 10.0.0.1, expected IPv4"},
    {"Family", "Service", "ipFamilies: [ipv4], ports: [{port: 80}]",
     "spec.ipFamilies[0]: \"ipv4\" is not known, expected one of IPv4, IPv6"},
    {"ExternalIp", "Service", "externalIPs: [203.0.113.1, web], ports: [{port: 80}]",
     "spec.externalIPs[1]: \"web\" is not an IP address, expected one such as 192.0.2.1 or 2001:db8::1"},
    {"ExternalIpLoopback", "Service", "externalIPs: [127.0.0.1], ports: [{port: 80}]",
     "spec.externalIPs[0]: \"127.0.0.1\" SPECIAL"},
    {"SourceRange", "Service", "loadBalancerSourceRanges: [10.0.0.0/33], ports: [{port: 80}]",
     "spec.loadBalancerSourceRanges[0]: \"10.0.0.0/33\" is not an address range, expected one such as 192.0.2.0/24 or "
     "2001:db8::/32"},
    {"Policy", "Service", "externalTrafficPolicy: local, ports: [{port: 80}]",
     "spec.externalTrafficPolicy: \"local\" is not known, expected one of Cluster, Local"},
    {"Affinity", "Service", "sessionAffinity: Client, ports: [{port: 80}]",
     "spec.sessionAffinity: \"Client\" is not known, expected one of None, ClientIP"},
    {"AffinityTimeout", "Service",
     "sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}, ports: [{port: 80}]",
     "spec.sessionAffinityConfig.clientIP.timeoutSeconds: 86401 is not a timeout (1 to 86400 seconds)"},
    {"SelectorNumber", "Service", "selector: {version: 1}, ports: [{port: 80}]",
     "spec.selector.version: 1 is a number, expected a string (in quotes)"},
    {"KeyTwice", "Service", "ports: [{port: 80}], ports: [{port: 81}]",
     "spec: the key ports is given more than once, expected it once"},
    {"Boolean", "Service", "publishNotReadyAddresses: 'true', ports: [{port: 80}]",
     "spec.publishNotReadyAddresses: \"true\" is a string, expected true or false"},
    {"ControlBytes", "Service", "type: \"a\\nb\\e[31m\", ports: [{port: 80}]",
     "spec.type: \"a\\x0ab\\x1b[31m\" is not known, expected one of ClusterIP, NodePort, LoadBalancer, ExternalName"},
    // EndpointSlice
    {"WrongFamily", "Slice", "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}, {addresses: ['2001:db8::1']}]",
     "endpoints[1].addresses[0]: \"2001:db8::1\" is an IPv6 address, expected IPv4 as addressType says"},
    {"BadAddress", "Slice", "addressType: IPv4\nendpoints: [{addresses: [10.0.0]}]",
     "endpoints[0].addresses[0]: \"10.0.0\" is not an IP address, expected one such as 192.0.2.1 or 2001:db8::1"},
    {"EmptyAddress", "Slice", "addressType: IPv4\nendpoints: [{addresses: ['']}]",
     "endpoints[0].addresses[0]: is empty, expected an IP address"},
    {"LoopbackAddress", "Slice", "addressType: IPv6\nendpoints: [{addresses: ['::1']}]",
     "endpoints[0].addresses[0]: \"::1\" SPECIAL"},
    {"SlicePort", "Slice", "addressType: IPv4\nports: [{port: 0}]\nendpoints: []",
     "ports[0].port: 0 is not a port (1 to 65535)"},
    {"AddressType", "Slice", "addressType: ipv4\nendpoints: []",
     "addressType: \"ipv4\" is not known, expected one of IPv4, IPv6, FQDN"},
    {"AddressTypeMissing", "Slice", "endpoints: []", "addressType: is missing, expected IPv4 or IPv6"},
    {"EndpointsMissing", "Slice", "addressType: IPv4", "endpoints: is missing, expected a list"},
    {"Condition", "Slice", "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: yes}}]",
     "endpoints[0].conditions.ready: \"yes\" is a string, expected true or false"},
    // Pod and Node
    {"HostPort", "Pod", "spec: {containers: [{ports: [{containerPort: 80, hostPort: 70000}]}]}",
     "spec.containers[0].ports[0].hostPort: 70000 is not a port (1 to 65535)"},
    {"HostIp", "Pod", "spec: {containers: [{ports: [{containerPort: 80, hostPort: 80, hostIP: eth0}]}]}",
     "spec.containers[0].ports[0].hostIP: \"eth0\" is not an IP address, expected one such as 192.0.2.1 or "
     "2001:db8::1"},
    {"HostPortTwice", "Pod",
     "spec: {containers: [{ports: [{containerPort: 80, hostPort: 80}]}, {ports: [{containerPort: 81, hostPort: 80}]}]}",
     "spec.containers[1].ports[0].hostPort: 80/TCP is taken by an earlier port of this Pod, expected another one"},
    {"Containers", "Pod", "spec: {nodeName: n}", "spec.containers: is missing, expected at least one container"},
    {"PodSpec", "Pod", "status: {}", "spec: is missing, expected a mapping with containers"},
    {"PodIp", "Pod", "spec: {containers: [{}]}\nstatus: {podIPs: [{ip: 10.0.0.1.2}]}",
     "status.podIPs[0].ip: \"10.0.0.1.2\" is not an IP address, expected one such as 192.0.2.1 or 2001:db8::1"},
    {"NodeAddress", "Node", "status: {addresses: [{type: InternalIP, address: n1}]}",
     "status.addresses[0].address: \"n1\" is not an IP address, expected one such as 192.0.2.1 or 2001:db8::1"},
    {"PodCidr", "Node", "spec: {podCIDR: 10.0.0.1}",
     "spec.podCIDR: \"10.0.0.1\" is not an address range, expected one such as 192.0.2.0/24 or 2001:db8::/32"},
};

class BadField : public ::testing::TestWithParam<Case> {};

TEST_P(BadField, IsTheOnlyComplaintAndItsObjectIsNotTaken) {
  const std::string kind = GetParam().kind;
  std::string expect = GetParam().expect;
  if (const auto at = expect.find(" SPECIAL"); at != std::string::npos) {
    expect.replace(at, std::string::npos, kSpecial);
  }
  const Reading reading = parse_manifest(frame(GetParam()));
  ASSERT_EQ(reading.definitions.size(), 1u);
  EXPECT_FALSE(reading.definitions[0].object.has_value());
  ASSERT_EQ(reading.complaints.size(), 1u);
  EXPECT_EQ(reading.complaints[0], "document 1: " + reading.definitions[0].id.text() + ": " + expect);
}

INSTANTIATE_TEST_SUITE_P(Manifest, BadField, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

struct Unnamed {
  const char* text;
  const char* expect;
};

TEST(BadDocument, ThatIsNoObjectIsADoubtAndALine) {
  const Unnamed cases[] = {
      {"hello", "document 1: \"hello\" is a string, expected a mapping"},
      {"[1, 2]", "document 1: is a list, expected a mapping"},
      {"a: 1", "document 1: kind: is missing, expected Service, EndpointSlice, Pod, Node or List"},
      {"kind: 7", "document 1: kind: 7 is a number, expected a string (in quotes)"},
      {"kind: Gateway\nmetadata: {name: g}",
       "document 1: default/g: kind: \"Gateway\" is not known, expected Service, EndpointSlice, Pod, Node or List"},
      {"apiVersion: v1\nkind: Endpoints\nmetadata: {name: web}",
       "document 1: default/web: kind: Endpoints is not read, expected an EndpointSlice (discovery.k8s.io/v1)"},
      {"apiVersion: v1\nkind: Service\nspec: {}", "document 1: Service: metadata.name: is missing, expected a name"},
      {"apiVersion: v1\nkind: Pod\nmetadata: {name: a/b}",
       "document 1: Pod: metadata.name: \"a/b\" is not a name, expected letters, digits, '-' and '.', at most 253 of "
       "them"},
      {"apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: \"b\\ec\"}\nspec: {containers: [{}]}",
       "document 1: Pod: metadata.namespace: \"b\\x1bc\" is not a namespace, expected letters, digits and '-'"},
      {"kind: List\nitems: 3", "document 1: List: items: 3 is a number, expected a list"},
      {"kind: List", "document 1: List: items: is missing, expected a list"},
      {"kind: List\nitems: [null]", "document 1: items[0]: is null, expected an object"},
      {"a: &x [*x]", "document 1: line 1, column 8: an alias refers to the value that it is part of"},
      {", a: b", "document 1: line 1, column 1: not the beginning of a value"},
      {"{[1]: 2}", "document 1: line 1, column 2: a key of a mapping is not a plain word"},
  };
  for (const auto& [text, expect] : cases) {
    const Reading reading = parse_manifest(text);
    EXPECT_TRUE(reading.definitions.empty()) << text;
    EXPECT_FALSE(reading.doubts.empty()) << text;
    ASSERT_EQ(reading.complaints.size(), 1u) << text;
    EXPECT_EQ(reading.complaints[0], expect);
  }
}

TEST(BadDocument, WrongApiVersionNamesTheRightOne) {
  const Reading reading = parse_manifest(
      "kind: EndpointSlice\napiVersion: discovery.k8s.io/v1beta1\nmetadata: {name: s, labels: "
      "{kubernetes.io/service-name: web}}\naddressType: IPv4\nendpoints: []\n---\nkind: Pod\nmetadata: {name: "
      "p}\nspec: "
      "{containers: [{}]}\n");
  ASSERT_EQ(reading.complaints.size(), 2u);
  EXPECT_EQ(reading.complaints[0],
            "document 1: EndpointSlice default/s: apiVersion: \"discovery.k8s.io/v1beta1\" is not known for "
            "EndpointSlice, expected discovery.k8s.io/v1");
  EXPECT_EQ(reading.complaints[1], "document 2: Pod default/p: apiVersion: is missing, expected v1");
}

TEST(BadDocument, ASliceWithoutItsServiceNamesTheLabel) {
  const Reading reading = parse_manifest(
      "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s}\naddressType: IPv4\nendpoints: []");
  ASSERT_EQ(reading.complaints.size(), 1u);
  EXPECT_EQ(
      reading.complaints[0],
      "document 1: EndpointSlice default/s: metadata.labels[kubernetes.io/service-name]: is missing, expected the "
      "name of a Service");
}

TEST(BadDocument, DeepAndExplodingDocumentsEndEarly) {
  EXPECT_EQ(parse_manifest(std::string(1'000'000, '[')).complaints.size(), 1u);
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int j = 1; j < 10; ++j) {
      bomb += ", " + alias;
    }
    bomb += "]\n";
  }
  const Reading reading = parse_manifest(bomb);
  ASSERT_EQ(reading.complaints.size(), 1u);
  EXPECT_NE(reading.complaints[0].find("the document has more than 2000000 values"), std::string::npos);
}

TEST(BadDocument, AThousandBadEndpointsAreAScreenfulOfLines) {
  std::string text =
      "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s, labels: {kubernetes.io/service-name: "
      "w}}\naddressType: IPv4\nendpoints:\n";
  for (int i = 0; i < 1000; ++i) {
    text += "- addresses: [bad]\n";
  }
  const Reading reading = parse_manifest(text);
  ASSERT_EQ(reading.complaints.size(), 9u);
  EXPECT_EQ(reading.complaints.back(), "document 1: EndpointSlice default/s: and 992 more");
}

}  // namespace
}  // namespace sp::source
