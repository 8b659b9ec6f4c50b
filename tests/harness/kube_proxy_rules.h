// SPDX-License-Identifier: Apache-2.0
// The rules of a kube-proxy with one Service, cut down to what carries packets: a NodePort and an external IP, two
// endpoints at random, masqueraded. For tests of what happens when they go.
#pragma once

#include <string>
#include <vector>

#include "loader/util/ip.h"

namespace sp::test {

struct ProxiedService {
  Family family = Family::v4;
  std::uint16_t node_port = 0;
  std::string external_ip{};  // on port 80
  std::vector<std::string> pods{};
  std::uint16_t target_port = 8080;
};

// Input for iptables-restore --noflush, as the iptables mode has it.
[[nodiscard]] std::string iptables_rules(const ProxiedService& service);
// Input for nft -f, as the nftables mode has it.
[[nodiscard]] std::string nftables_rules(const ProxiedService& service);

}  // namespace sp::test
