// SPDX-License-Identifier: Apache-2.0
#include "loader/takeover/ipvs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader/takeover/owners.h"

namespace sp::takeover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr const char* kSets = R"(create KUBE-LOOP-BACK hash:ip,port,ip family inet hashsize 1024 maxelem 65536
add KUBE-LOOP-BACK 10.244.1.7,tcp:8080,10.244.1.7
create KUBE-NODE-PORT-TCP bitmap:port range 0-65535
add KUBE-NODE-PORT-TCP 30080
create KUBE-6-NODE-PORT-LOCAL-SCTP-HASH hash:ip,port family inet6 hashsize 1024 maxelem 65536
add KUBE-6-NODE-PORT-LOCAL-SCTP-HASH 2001:db8::1,sctp:30132
create KUBE-HEALTH-CHECK-NODE-PORT bitmap:port range 0-65535
add KUBE-HEALTH-CHECK-NODE-PORT 31999
create KUBE-SRC-ABCDEFGHIJKLMNOP hash:ip family inet hashsize 1024 maxelem 65536
create blocked hash:net family inet hashsize 1024 maxelem 65536
add blocked 203.0.113.0/24
)";

constexpr const char* kServers = R"(-A -t 10.96.0.1:443 -s rr
-a -t 10.96.0.1:443 -r 192.0.2.11:6443 -m -w 1
-A -u 10.96.0.10:53 -s rr
-A -t [fd00:96::1]:443 -s rr -p 10800
-A -t 192.0.2.11:30080 -s rr
-A -u 192.0.2.11:30080 -s rr
-A --sctp-service 192.0.2.11:30132 -s rr
-A -t 203.0.113.5:80 -s wlc
-A -f 7 -s rr
)";

TEST(TakeoverIpvs, KnowsItsSetsFromAPolicyEnginesAndAnAdministrators) {
  const ProxySets sets = find_proxy_sets(kSets);
  EXPECT_THAT(sets.names, ElementsAre("KUBE-LOOP-BACK", "KUBE-NODE-PORT-TCP", "KUBE-6-NODE-PORT-LOCAL-SCTP-HASH",
                                      "KUBE-HEALTH-CHECK-NODE-PORT"));
  EXPECT_THAT(sets.node_ports, UnorderedElementsAre(Pair(Protocol::tcp, 30080), Pair(Protocol::sctp, 30132)));
}

TEST(TakeoverIpvs, TakesServersOfItsDeviceAndItsNodePortsAndNoOthers) {
  const std::set<Ip> vips = {*Ip::parse("10.96.0.1"), *Ip::parse("10.96.0.10"), *Ip::parse("fd00:96::1")};
  EXPECT_THAT(find_proxy_servers(kServers, vips, find_proxy_sets(kSets)),
              ElementsAre("-t 10.96.0.1:443", "-u 10.96.0.10:53", "-t [fd00:96::1]:443", "-t 192.0.2.11:30080",
                          "--sctp-service 192.0.2.11:30132"));
}

TEST(TakeoverIpvs, WithoutDeviceAndSetsNothingIsItsOwn) {
  EXPECT_THAT(find_proxy_servers(kServers, {}, {}), IsEmpty());
  EXPECT_THAT(find_proxy_sets("").names, IsEmpty());
}

TEST(TakeoverIpvs, LinesOfOtherShapesAreNotTakenForServers) {
  const std::set<Ip> vips = {*Ip::parse("10.96.0.1")};
  EXPECT_THAT(
      find_proxy_servers("-A -t 10.96.0.1\n-A -t 10.96.0.1:x\n-A -t 10.96.0.1:70000\n-A\n\n-A -t :\n", vips, {}),
      IsEmpty());
}

}  // namespace
}  // namespace sp::takeover
