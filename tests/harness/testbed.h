// SPDX-License-Identifier: Apache-2.0
// Testbed: one node for packet tests. The shipped programs over unpinned maps, in a network namespace whose devices,
// routes and neighbours are known, so that every byte of an answer is known too.
//
//   client .c::7 -- router (fe) -- ext0 node ext1 -- 10.244.3.11 (mac 03)
//                                   |  |
//                                   |  pod0 -- 10.244.1.11 (mac 0a), 10.244.1.12 (mac 0b)
//                              10.244.2.11 (mac 02), 10.244.4.11 (no neighbour entry)
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "maps/backend.h"
#include "maps/config.h"
#include "maps/network.h"
#include "maps/service.h"
#include "maps/stats.h"
#include "packet.h"
#include "sallyport.skel.h"
#include "sandbox.h"

namespace sp::test {

// Addresses of the testbed in one family.
struct Plan {
  Family family;
  Ip node;        // of ext0
  Ip node_ext1;   // of ext1
  Ip vip;         // on no device
  Ip client;      // behind the router
  Ip local_pod;   // backend on this node
  Ip remote_pod;  // next hop mac 02 on ext0
  Ip far_pod;     // next hop mac 03 on ext1
  Ip silent_pod;  // next hop on ext0 without a neighbour entry
  Ip lost_pod;    // no route
  Ip gateway;     // of pod0
  Ip pod;         // a client behind pod0
};
[[nodiscard]] Plan plan(Family family);

struct Outcome {
  std::uint32_t action = 0;
  Bytes frame;
  Bytes metadata;  // of XDP, for tc ingress
};

// Switches of bpf/config.h that tests ask for.
struct Switches {
  bool local_delivery = false;
};

// Counts of reasons that moved, by name.
using Counts = std::map<std::string, std::uint64_t>;

// What a testbed does to each map before the maps are made: no more entries than tests need.
void small_table(bpf_map* map);

class Testbed {
 public:
  explicit Testbed(const std::function<void(bpf_map*)>& resize = small_table, Switches switches = {});

  [[nodiscard]] std::uint32_t ext0() const { return ext0_; }
  [[nodiscard]] std::uint32_t ext1() const { return ext1_; }
  [[nodiscard]] std::uint32_t pod0() const { return pod0_; }
  [[nodiscard]] sallyport_bpf& bpf() { return *bpf_; }
  [[nodiscard]] Sandbox& sandbox() { return sandbox_; }

  // The maps as after a fresh start: no services, no flows, default configuration, counters zero.
  void clear();

  // A service with its frontends; ids are given out from 1. `backends` are local when their ip is plan().local_pod.
  struct Service {
    std::uint32_t id = 0;
    std::vector<std::uint32_t> backends;
  };
  Service add_service(const std::vector<std::pair<Ip, std::uint16_t>>& backends, std::uint32_t flags = 0);
  void add_frontend(const Ip& ip, std::uint16_t port, Protocol protocol, const Service& service,
                    std::uint16_t flags = 0, sp_scope scope = SP_SCOPE_EXTERNAL);
  // Packets look at the row's generation from now on.
  void set_backend(std::uint32_t id, const sp_backend_val& row);
  [[nodiscard]] sp_backend_val backend(std::uint32_t id);
  void set_service(std::uint32_t id, const sp_service_val& row);
  void set_config(const sp_config_val& config);
  [[nodiscard]] sp_config_val config();
  // A device row, or none. pod0 has SP_DEVICE_PODS after clear().
  void set_device(std::uint32_t ifindex, std::uint32_t flags);
  void remove_device(std::uint32_t ifindex);
  // Whoever is in `prefix` counts as a Pod; ClusterIPs are in `prefix`, with flags SP_NETWORK_*.
  void set_pod_network(const Ip& prefix, unsigned bits);
  void add_service_network(const Ip& prefix, unsigned bits, std::uint32_t flags);
  void add_service_ip(const Ip& ip, sp_service_ip what);

  Outcome xdp(const Bytes& frame, std::uint32_t ifindex = 0);
  Outcome xdp(const Packet& packet, std::uint32_t ifindex = 0) { return xdp(packet.bytes(), ifindex); }
  // With as much metadata in front of the frame as the kernel allows, so that there is no room for ours.
  Outcome xdp_with_full_metadata(const Packet& packet);
  // tc of ext0 and of pod0. Every packet at egress has a socket here, as one of the node's own processes has.
  Outcome egress(const Packet& packet);
  Outcome pod_ingress(const Bytes& frame, std::uint32_t gso_size = 0);
  Outcome pod_ingress(const Packet& packet) { return pod_ingress(packet.bytes()); }
  Outcome pod_egress(const Packet& packet);

  // What moved since the last call.
  Counts counts();
  [[nodiscard]] std::uint64_t service_packets(std::uint32_t id);
  // Entries of sp_flows4 + sp_flows6, and of the embryo tables.
  [[nodiscard]] std::size_t flows();
  [[nodiscard]] std::size_t embryos();
  // Walks both flow tables with the aging programs.
  void age();

 private:
  std::map<std::uint32_t, sp_counter_val> read_counters();
  Outcome skb(bpf_program* program, const Bytes& frame, std::uint32_t ifindex, std::uint32_t gso_size = 0);
  void write_networks();

  struct Destroy {
    void operator()(sallyport_bpf* bpf) const { sallyport_bpf::destroy(bpf); }
  };
  Sandbox sandbox_;
  std::uint32_t ext0_ = 0;
  std::uint32_t ext1_ = 0;
  std::uint32_t pod0_ = 0;
  std::unique_ptr<sallyport_bpf, Destroy> bpf_;
  std::uint32_t next_service_ = 1;
  std::uint32_t next_backend_ = 1;
  std::uint32_t next_slot_ = 0;
  sp_networks_val networks_{};
  std::array<std::size_t, 2> service_networks_{};
  std::map<std::uint32_t, sp_counter_val> last_counters_;
};

// The one testbed of a test program; made on first use, whose switches count.
[[nodiscard]] Testbed& testbed(Switches switches = {});

// Fixture: parameter = family; every test starts from clear().
class PacketTest : public ::testing::TestWithParam<Family> {
 protected:
  explicit PacketTest(Switches switches = {}) : bed(testbed(switches)) {}
  void SetUp() override { bed.clear(); }
  // A packet of the client to `dst`:`port`.
  [[nodiscard]] Packet from_client(const Ip& dst, std::uint16_t port, Protocol protocol = Protocol::tcp) const;

  Testbed& bed;
  const Plan at = plan(GetParam());
};

[[nodiscard]] std::string family_name(const ::testing::TestParamInfo<Family>& info);

}  // namespace sp::test

// Compares whole frames and shows both on failure.
#define EXPECT_FRAME(actual, expected_packet)                                                                       \
  do {                                                                                                              \
    const ::sp::test::Bytes sp_want = (expected_packet).bytes();                                                    \
    EXPECT_TRUE((actual) == sp_want) << "got" << ::sp::test::dump(actual) << "\nwant" << ::sp::test::dump(sp_want); \
  } while (false)

#define SP_BOTH_FAMILIES(fixture) \
  INSTANTIATE_TEST_SUITE_P(, fixture, ::testing::Values(::sp::Family::v4, ::sp::Family::v6), ::sp::test::family_name)
