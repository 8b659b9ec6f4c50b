// SPDX-License-Identifier: Apache-2.0
// Hashes are FNV-1a in base 32: kube-proxy's are SHA-256, of the same length.
#include "bench/kernel_nat/chain_names.h"

#include <algorithm>

namespace sp::bench {

namespace {

constexpr std::size_t kNftHash = 8;
constexpr std::size_t kIptablesHash = 16;

std::string hash(const std::string& text, std::size_t length) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::uint64_t state = 0xcbf29ce484222325;
  std::string digits;
  while (digits.size() < length) {
    for (const char c : text) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    digits += kDigits[state >> 59];
  }
  return digits;
}

std::string port_name(const NatService& service) {
  return service.name + "/" + protocol_of(service) + "/http";
}

}  // namespace

std::string pod_range(Family family) {
  return family == Family::v4 ? "10.244.0.0/16" : "fd00:244::/48";
}

std::string socket_text(const NatEndpoint& endpoint) {
  const std::string ip = endpoint.first.text();
  return (endpoint.first.family() == Family::v4 ? ip : "[" + ip + "]") + ":" + std::to_string(endpoint.second);
}

std::string nft_chain(const char* kind, const NatService& service) {
  const std::string name = port_name(service);
  return kind + ("-" + hash(name, kNftHash)) + "-" + name;
}

std::string nft_endpoint_chain(const NatService& service, const NatEndpoint& endpoint) {
  // A colon would end the name.
  std::string ip = endpoint.first.text();
  std::replace(ip.begin(), ip.end(), ':', '.');
  const std::string name = port_name(service) + "__" + ip + "/" + std::to_string(endpoint.second);
  return "endpoint-" + hash(name, kNftHash) + "-" + name;
}

std::string iptables_chain(const char* kind, const NatService& service) {
  return kind + hash(port_name(service), kIptablesHash);
}

std::string iptables_endpoint_chain(const NatService& service, const NatEndpoint& endpoint) {
  return "KUBE-SEP-" + hash(port_name(service) + socket_text(endpoint), kIptablesHash);
}

}  // namespace sp::bench
