// SPDX-License-Identifier: Apache-2.0
// nftables mode. A packet of a new connection meets, in this order:
//
//   prerouting   firewall-check                  (load balancers with source ranges)
//                services: @service-ips, then @service-nodeports
//                  external-…  marks for masquerade, then service-…
//                  service-…   one of endpoint-… at random
//                  endpoint-…  dnat
//   forward      service-endpoints-check, cluster-ips-check
//   postrouting  masquerading
//
// One of a connection that conntrack knows meets the `ct state new` checks alone and is translated by conntrack.
#include <algorithm>

#include "bench/kernel_nat/chain_names.h"

namespace sp::bench {

namespace {

class Transaction {
 public:
  explicit Transaction(Family family) : ip_(family == Family::v4 ? "ip" : "ip6"), family_(family) {}

  [[nodiscard]] const std::string& ip() const { return ip_; }
  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] std::string take() { return std::move(text_); }

  void table(const char* verb) { text_ += verb + (" table " + ip_) + " kube-proxy\n"; }
  void chain(const std::string& name, const char* hook = "") {
    line("add chain", name, *hook == '\0' ? "" : std::string("{ ") + hook + " ; }");
  }
  // A chain that may be there already, with nothing in it.
  void empty_chain(const std::string& name) {
    chain(name);
    line("flush chain", name, "");
  }
  void delete_chain(const std::string& name) {
    line("flush chain", name, "");
    line("delete chain", name, "");
  }
  void rule(const std::string& chain, const std::string& what) { line("add rule", chain, what); }
  void set(const std::string& name, const std::string& type) { line("add set", name, "{ type " + type + " ; }"); }
  void map(const std::string& name, const std::string& type) {
    line("add map", name, "{ type " + type + " : verdict ; }");
  }
  void element(const char* set, const std::string& what) { line("add element", set, "{ " + what + " }"); }

 private:
  void line(const char* verb, const std::string& name, const std::string& rest) {
    text_ += verb;
    text_ += ' ';
    text_ += ip_;
    text_ += " kube-proxy ";
    text_ += name;
    text_ += ' ';
    text_ += rest;
    text_ += '\n';
  }

  std::string ip_;
  Family family_;
  std::string text_;
};

void add_sets(Transaction& tx) {
  const std::string addr = tx.family() == Family::v4 ? "ipv4_addr" : "ipv6_addr";
  const std::string destination = addr + " . inet_proto . inet_service";
  tx.set("cluster-ips", addr);
  tx.set("nodeport-ips", addr);
  tx.map("firewall-ips", destination);
  tx.map("no-endpoint-services", destination);
  tx.map("no-endpoint-nodeports", "inet_proto . inet_service");
  tx.map("service-ips", destination);
  tx.map("service-nodeports", "inet_proto . inet_service");
}

// Hooks, and the chains that they share.
void add_chains(Transaction& tx) {
  tx.chain("filter-prerouting-pre-dnat", "type filter hook prerouting priority -110");
  tx.chain("filter-output-pre-dnat", "type filter hook output priority -110");
  tx.chain("nat-prerouting", "type nat hook prerouting priority -100");
  tx.chain("nat-output", "type nat hook output priority -100");
  tx.chain("filter-input", "type filter hook input priority 0");
  tx.chain("filter-forward", "type filter hook forward priority 0");
  tx.chain("filter-output", "type filter hook output priority 0");
  tx.chain("nat-postrouting", "type nat hook postrouting priority 100");
  for (const char* name : {"firewall-check", "services", "service-endpoints-check", "nodeport-endpoints-check",
                           "cluster-ips-check", "mark-for-masquerade", "masquerading", "reject-chain"})
    tx.chain(name);
}

void add_filter_rules(Transaction& tx, const std::string& to_node_port) {
  const std::string to_service = tx.ip() + " daddr . meta l4proto . th dport vmap ";
  for (const char* hook : {"filter-prerouting-pre-dnat", "filter-output-pre-dnat"})
    tx.rule(hook, "ct state new jump firewall-check");
  tx.rule("filter-input", "ct state new jump nodeport-endpoints-check");
  tx.rule("filter-input", "ct state new jump service-endpoints-check");
  for (const char* hook : {"filter-forward", "filter-output"}) {
    tx.rule(hook, "ct state new jump service-endpoints-check");
    tx.rule(hook, "ct state new jump cluster-ips-check");
  }
  tx.rule("firewall-check", to_service + "@firewall-ips");
  tx.rule("service-endpoints-check", to_service + "@no-endpoint-services");
  tx.rule("nodeport-endpoints-check", to_node_port + "@no-endpoint-nodeports");
  tx.rule("cluster-ips-check", tx.ip() + " daddr @cluster-ips reject");
  tx.rule("reject-chain", "reject");
}

void add_nat_rules(Transaction& tx, const std::string& to_node_port) {
  const std::string bit = kMasqueradeMark;
  tx.rule("nat-prerouting", "jump services");
  tx.rule("nat-output", "jump services");
  tx.rule("services", tx.ip() + " daddr . meta l4proto . th dport vmap @service-ips");
  tx.rule("services", to_node_port + "@service-nodeports");
  tx.rule("nat-postrouting", "jump masquerading");
  tx.rule("mark-for-masquerade", "mark set mark or " + bit);
  tx.rule("masquerading", "mark and " + bit + " == 0 return");
  tx.rule("masquerading", "mark set mark xor " + bit);
  tx.rule("masquerading", "masquerade fully-random");
}

// `{ 0 : goto endpoint-a , 1 : goto endpoint-b }`
std::string random_endpoint(const NatService& service) {
  std::string text = "numgen random mod " + std::to_string(service.endpoints.size()) + " vmap {";
  for (std::size_t i = 0; i < service.endpoints.size(); ++i) {
    text += (i == 0 ? " " : " , ") + std::to_string(i) + " : goto " + nft_endpoint_chain(service, service.endpoints[i]);
  }
  return text + " }";
}

// The chain of what comes to the NodePort.
void fill_external(Transaction& tx, const NatService& service) {
  const std::string chain = nft_chain("external", service);
  const std::string cluster = "goto " + nft_chain("service", service);
  tx.empty_chain(chain);
  if (!service.keeps_client) {
    tx.rule(chain, "jump mark-for-masquerade");
    tx.rule(chain, cluster);
    return;
  }
  const std::string local = nft_chain("local", service);
  tx.rule(chain, tx.ip() + " saddr " + pod_range(tx.family()) + " " + cluster);
  tx.rule(chain, "fib saddr type local jump mark-for-masquerade");
  tx.rule(chain, "fib saddr type local " + cluster);
  if (service.endpoints.empty()) return;
  tx.empty_chain(local);
  tx.rule(local, random_endpoint(service));
  tx.rule(chain, "goto " + local);
}

// All chains of a Service with endpoints, which may be there already, and what is in them.
void fill_chains(Transaction& tx, const NatService& service) {
  const std::string chain = nft_chain("service", service);
  const std::string dnat = std::string("meta l4proto ") + protocol_of(service) + " dnat to ";
  // Before whoever goes to them.
  for (const NatEndpoint& endpoint : service.endpoints) tx.empty_chain(nft_endpoint_chain(service, endpoint));
  tx.empty_chain(chain);
  tx.rule(chain, tx.ip() + " daddr " + service.cluster_ip.text() + " " + tx.ip() +
                     " saddr != " + pod_range(tx.family()) + " jump mark-for-masquerade");
  tx.rule(chain, random_endpoint(service));
  if (service.node_port != 0) fill_external(tx, service);
  for (const NatEndpoint& endpoint : service.endpoints) {
    const std::string name = nft_endpoint_chain(service, endpoint);
    // A Pod that reaches itself through the Service.
    tx.rule(name, tx.ip() + " saddr " + endpoint.first.text() + " jump mark-for-masquerade");
    tx.rule(name, dnat + socket_text(endpoint));
  }
}

void add_service(Transaction& tx, const NatService& service) {
  const std::string port = std::string(protocol_of(service)) + " . ";
  const std::string address = service.cluster_ip.text() + " . " + port + std::to_string(service.port);
  const std::string node_port = port + std::to_string(service.node_port);
  tx.element("cluster-ips", service.cluster_ip.text());
  if (service.endpoints.empty()) {
    tx.element("no-endpoint-services", address + " : goto reject-chain");
    if (service.node_port != 0) tx.element("no-endpoint-nodeports", node_port + " : goto reject-chain");
    return;
  }
  fill_chains(tx, service);
  tx.element("service-ips", address + " : goto " + nft_chain("service", service));
  if (service.node_port != 0) tx.element("service-nodeports", node_port + " : goto " + nft_chain("external", service));
}

}  // namespace

std::string nftables_of(const std::vector<NatService>& services, const std::vector<Ip>& node_ips) {
  Transaction tx(services.empty() ? Family::v4 : services.front().cluster_ip.family());
  const std::string loopback = tx.family() == Family::v4 ? "127.0.0.0/8" : "::1";
  const std::string to_node_port = (node_ips.empty() ? "fib daddr type local " + tx.ip() + " daddr != " + loopback
                                                     : tx.ip() + " daddr @nodeport-ips") +
                                   " meta l4proto . th dport vmap ";
  // A table that is not there cannot be deleted.
  tx.table("add");
  tx.table("delete");
  tx.table("add");
  add_sets(tx);
  add_chains(tx);
  add_filter_rules(tx, to_node_port);
  add_nat_rules(tx, to_node_port);
  for (const Ip& ip : node_ips) tx.element("nodeport-ips", ip.text());
  for (const NatService& service : services) add_service(tx, service);
  return tx.take();
}

std::string nftables_change(const NatService& was, const NatService& now) {
  Transaction tx(now.cluster_ip.family());
  // Of a Service that changes, all chains are written anew; maps that lead to them stay as they are.
  fill_chains(tx, now);
  for (const NatEndpoint& endpoint : was.endpoints) {
    if (std::find(now.endpoints.begin(), now.endpoints.end(), endpoint) == now.endpoints.end())
      tx.delete_chain(nft_endpoint_chain(was, endpoint));
  }
  return tx.take();
}

}  // namespace sp::bench
