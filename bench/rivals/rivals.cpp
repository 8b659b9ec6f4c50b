// SPDX-License-Identifier: Apache-2.0
#include "bench/rivals/rivals.h"

#include <fstream>

#include "bench/rivals/conntrack.h"
#include "tests/harness/fake_api/scale.h"

namespace sp::bench {

namespace {

using test::Host;
using test::Millis;

constexpr Millis kRulesTimeout{60000};

// Of each side: the node that clients dial, then the one that remote Pods are behind.
std::vector<std::string> node_names(Subject subject) {
  switch (subject) {
    case Subject::sallyport:
      return {"n1", "n2"};
    case Subject::nftables:
      return {"n3", "n4"};
    case Subject::direct:
      return {"n5", "n6"};
  }
  return {};
}

Result<void> must_run(const test::Lab& lab, const std::string& host, const std::string& command) {
  SP_TRY_ASSIGN(output, lab.run(host, {"sh", "-ec", command}, kRulesTimeout));
  if (output.exit_code != 0) return Error{0, host + ": " + command + "\n" + output.text.substr(0, 2000)};
  return {};
}

NatService nat_service(const HotService& service, unsigned number, const std::vector<Host>& pods) {
  NatService out;
  out.name = "default/" + service.name;
  out.cluster_ip = *Ip::parse("10.98.0." + std::to_string(number));
  out.node_port = service.node_port;
  out.keeps_client = service.keeps_client;
  for (const Host& pod : pods) out.endpoints.emplace_back(*Ip::parse(pod.ip4), service.target_port);
  return out;
}

}  // namespace

const char* to_string(Subject subject) {
  switch (subject) {
    case Subject::sallyport:
      return "sallyport";
    case Subject::nftables:
      return "nftables";
    case Subject::direct:
      return "direct to the Pod";
  }
  return "";
}

Result<std::unique_ptr<Rivals>> Rivals::up(const RivalPlan& plan) {
  std::unique_ptr<Rivals> rivals(new Rivals(plan));
  SP_TRY_ASSIGN(lab, test::Lab::up({.nodes = 6, .clients = 2, .pods = plan.pods}));
  rivals->lab_ = std::move(lab);
  SP_TRY(rivals->even_out_devices());
  SP_TRY(rivals->start_sallyport());
  SP_TRY(rivals->start_nftables());
  return rivals;
}

// Three things that a real network does not have, and that would tell rivals apart for the wrong reason or hide the
// difference. A program on a veth costs a copy of each packet, which a NIC's driver does not pay: all nodes have one,
// of theirs or one that passes everything. A router's bridge hands packets to netfilter where that module is loaded.
Result<void> Rivals::even_out_devices() {
  const std::string pin = "/sys/fs/bpf/sallyport-lab/$$";
  const std::string file = std::filesystem::path(SP_LAB_SCRIPT).parent_path() / "lib/pass.bpf.c";
  const std::string attach = "clang -O2 -target bpf -c " + file + " -o " + (lab_->scratch() / "pass.o").string() +
                             " && bpftool prog load " + (lab_->scratch() / "pass.o").string() + " " + pin +
                             " type xdp && bpftool net attach xdpdrv pinned " + pin + " dev eth0 && rm " + pin;
  for (const Subject subject : {Subject::nftables, Subject::direct}) {
    for (const Host& node : nodes_of(subject)) SP_TRY(must_run(*lab_, node.name, attach));
  }
  return must_run(*lab_, "r",
                  "for s in /proc/sys/net/bridge/bridge-nf-call-*tables; do [ ! -e $s ] || echo 0 >$s; done");
}

// The second client of the lab is spared for the API server; it says nothing while packets are measured.
Result<void> Rivals::start_sallyport() {
  SP_TRY_ASSIGN(api, test::LabApi::start(*lab_, "c2"));
  api_ = std::move(api);
  fake_api::fill(api_->api(), {.services = plan_.services, .endpoints = plan_.endpoints});
  for (unsigned i = 0; i < plan_.hot.size(); ++i) {
    const HotService& hot = plan_.hot[i];
    test::ServiceSpec spec{
        .name = hot.name, .number = i + 1, .target_port = hot.target_port, .node_port = hot.node_port};
    spec.external_local = hot.keeps_client;
    for (const Host& pod : pods_of(Subject::sallyport, hot)) spec.backends.push_back(test::backend(*lab_, pod.name));
    api_->put(test::api_objects(spec));
  }
  agents_ = std::make_unique<test::Agents>(*lab_);
  agents_->set_source(api_->source_words());
  for (const std::string& node : node_names(Subject::sallyport)) SP_TRY(agents_->start(node));
  return {};
}

Result<void> Rivals::start_nftables() {
  std::vector<NatService> services;
  for (unsigned i = 0; i < plan_.hot.size(); ++i) {
    const HotService& hot = plan_.hot[i];
    services.push_back(nat_service(hot, i + 1, pods_of(Subject::nftables, hot)));
  }
  const auto many = services_around(services.at(0), plan_.services, plan_.endpoints);
  services.insert(services.end(), many.begin() + 1, many.end());
  // In pieces: what a transaction costs the kernel grows with the square of its length. The rules are the same.
  for (const Host& node : nodes_of(Subject::nftables)) {
    const std::string rules = lab_->scratch() / ("rules-" + node.name);
    std::ofstream(rules) << nftables_of(services, {*Ip::parse(node.ip4)});
    SP_TRY(must_run(
        *lab_, node.name,
        "split -l 10000 " + rules + " " + rules + ". && for piece in " + rules + ".*; do nft -f $piece; done"));
  }
  return {};
}

test::Endpoint Rivals::door(Subject subject, const HotService& service) const {
  if (subject == Subject::direct) return {pods_of(subject, service).front().ip4, service.target_port};
  return {door_node(subject).ip4, service.node_port};
}

std::vector<Host> Rivals::pods_of(Subject subject, const HotService& service) const {
  const auto nodes = node_names(subject);
  const std::string& node = service.is_remote ? nodes.back() : nodes.front();
  std::vector<Host> pods;
  for (unsigned i = 0; i < service.pods; ++i)
    pods.push_back(lab_->host(node + "p" + std::to_string(service.first_pod + i)));
  return pods;
}

const Host& Rivals::door_node(Subject subject) const {
  return lab_->host(node_names(subject).front());
}

std::vector<Host> Rivals::nodes_of(Subject subject) const {
  std::vector<Host> nodes;
  for (const std::string& name : node_names(subject)) nodes.push_back(lab_->host(name));
  return nodes;
}

Result<void> Rivals::empty_conntrack() const {
  for (const Host& node : nodes_of(Subject::nftables)) SP_TRY(bench::empty_conntrack(node.netns));
  return {};
}

}  // namespace sp::bench
