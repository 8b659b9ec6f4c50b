// SPDX-License-Identifier: Apache-2.0
// Rivals: one lab in which the same Services are opened by Sallyport on two nodes and by the kernel's NAT on two
// others, and whose last two only route.
//
// Promises: each side has the same Services in the same number, and Pods of its own; a client outside reaches all sides
// over the same router. Everything goes with the object. IPv4.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/kernel_nat/rules.h"
#include "tests/harness/agents.h"
#include "tests/harness/lab_api.h"

namespace sp::bench {

enum class Subject : std::uint8_t { sallyport, nftables, direct };
[[nodiscard]] const char* to_string(Subject subject);

// A Service that packets go to.
struct HotService {
  std::string name;
  std::uint16_t node_port = 0;
  std::uint16_t target_port = 0;
  bool is_remote = false;  // its Pods are behind another node than the one that a client dials
  unsigned pods = 1;
  unsigned first_pod = 1;
  bool keeps_client = false;  // externalTrafficPolicy: Local
};

struct RivalPlan {
  std::vector<HotService> hot;
  unsigned services = 2500;  // in the cluster, beside the hot ones
  unsigned endpoints = 10;   // of each of them
  unsigned pods = 3;         // on each node
};

class Rivals {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Rivals>> up(const RivalPlan& plan);

  [[nodiscard]] const test::Lab& lab() const { return *lab_; }
  // Where a client outside dials it: a NodePort, or the first Pod itself.
  [[nodiscard]] test::Endpoint door(Subject subject, const HotService& service) const;
  [[nodiscard]] std::vector<test::Host> pods_of(Subject subject, const HotService& service) const;
  // The node that clients dial, and all that have the subject's rules.
  [[nodiscard]] const test::Host& door_node(Subject subject) const;
  [[nodiscard]] std::vector<test::Host> nodes_of(Subject subject) const;
  // So that no measurement begins with connections of the last one in the kernel's table.
  [[nodiscard]] Result<void> empty_conntrack() const;

 private:
  explicit Rivals(RivalPlan plan) : plan_(std::move(plan)) {}
  Result<void> even_out_devices();
  Result<void> start_sallyport();
  Result<void> start_nftables();

  RivalPlan plan_;
  std::unique_ptr<test::Lab> lab_;
  std::unique_ptr<test::LabApi> api_;
  std::unique_ptr<test::Agents> agents_;
};

}  // namespace sp::bench
