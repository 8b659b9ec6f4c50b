// SPDX-License-Identifier: Apache-2.0
// loadBalancerSourceRanges as packets meet them: many, nested, and of the right Service.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "../harness/testbed.h"

namespace sp::test {
namespace {

constexpr std::uint16_t kPort = 80;

class SourceRanges : public PacketTest {
 protected:
  Testbed::Service expose(std::uint16_t port) {
    const auto service = bed.add_service({{at.local_pod, 8080}});
    bed.add_frontend(at.vip, port, Protocol::tcp, service, SP_FRONTEND_SOURCE_RANGES);
    return service;
  }
  // The range of `number`, and an address in it.
  [[nodiscard]] std::string text(unsigned number) const {
    const std::string digits = std::to_string(number);
    return GetParam() == Family::v4 ? "172.20." + digits + ".0/24" : "2001:db8:99:" + digits + "::/64";
  }
  [[nodiscard]] std::string address(unsigned number) const {
    const std::string digits = std::to_string(number);
    return GetParam() == Family::v4 ? "172.20." + digits + ".9" : "2001:db8:99:" + digits + "::9";
  }
  void allow(const Testbed::Service& service, const std::string& range) {
    const auto prefix = Prefix::parse(range);
    ASSERT_TRUE(prefix) << range;
    const std::uint32_t mapped = prefix->address.family() == Family::v4 ? 96 : 0;
    const sp_source_range_key key{32 + mapped + prefix->bits, htonl(service.id), prefix->address.raw()};
    const std::uint8_t yes = 1;
    ASSERT_EQ(bpf_map_update_elem(bpf_map__fd(bed.bpf().maps.sp_source_range), &key, &yes, BPF_ANY), 0) << range;
  }
  [[nodiscard]] bool may_come(const std::string& client, std::uint16_t port = kPort) {
    Packet syn = from_client(at.vip, port);
    syn.src = *Ip::parse(client);
    syn.flags = kSyn;
    return bed.xdp(syn).action == XDP_PASS;
  }
};
SP_BOTH_FAMILIES(SourceRanges);

TEST_P(SourceRanges, R071_HundredsOfThemMeanWhatTheySay) {
  const auto service = expose(kPort);
  for (unsigned number = 0; number < 256; number += 2) allow(service, text(number));
  for (unsigned number = 0; number < 256; ++number) {
    EXPECT_EQ(may_come(address(number)), number % 2 == 0) << address(number);
  }
  EXPECT_FALSE(may_come(at.client.text()));
}

TEST_P(SourceRanges, R067_ARangeInsideAnotherTakesNothingAway) {
  const auto service = expose(kPort);
  allow(service, GetParam() == Family::v4 ? "172.20.0.0/16" : "2001:db8:99::/48");
  allow(service, text(7));
  EXPECT_TRUE(may_come(address(7)));
  EXPECT_TRUE(may_come(address(8)));
}

TEST_P(SourceRanges, R067_RangesOfOneServiceOpenNoOther) {
  const auto web = expose(kPort);
  expose(443);
  allow(web, text(1));
  EXPECT_TRUE(may_come(address(1)));
  EXPECT_FALSE(may_come(address(1), 443));
}

}  // namespace
}  // namespace sp::test
