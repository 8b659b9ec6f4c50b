// SPDX-License-Identifier: Apache-2.0
// Pod, core/v1: what hostPort needs (service-semantics 4.1, 4.2).
#include <algorithm>
#include <utility>

#include "loader/kube/decode.h"
#include "loader/source/field_types.h"

namespace sp::kube {
namespace {

using model::PodPhase;

void read_host_ports(const JsonField& container, model::Pod& pod, source::Report& remarks) {
  container["ports"].for_each([&](const JsonField& field) {
    const JsonField number = field["containerPort"];
    model::ContainerPort port;
    port.host_port = source::read_port_or_none(field["hostPort"]);
    if (port.host_port == 0) {
      return;
    }
    number.require("a port (1 to 65535)");
    port.name = source::read_string(field["name"]);
    port.protocol = source::read_protocol(field["protocol"]);
    port.container_port = source::read_port(number);
    const JsonField host_ip = field["hostIP"];
    port.host_ip = read_ip_or_remark(host_ip, remarks);
    // An address that cannot be read must not become "every address".
    if (port.host_ip || host_ip.string().value_or("").empty()) {
      pod.ports.push_back(std::move(port));
    }
  });
}

void read_pod_ips(const JsonField& status, model::Pod& pod, source::Report& remarks) {
  const auto add = [&](const JsonField& field) {
    const auto ip = read_host_ip_or_remark(field, remarks);
    const bool taken = ip && std::any_of(pod.ips.begin(), pod.ips.end(),
                                         [&ip](const Ip& other) { return other.family() == ip->family(); });
    if (ip && !taken) {
      pod.ips.push_back(*ip);
    }
  };
  const JsonField several = status["podIPs"];
  several.for_each([&add](const JsonField& field) { add(field["ip"]); });
  if (several.size() == 0) {
    add(status["podIP"]);
  }
}

bool read_ready(const JsonField& conditions) {
  bool ready = false;
  conditions.for_each([&ready](const JsonField& field) {
    if (field["type"].string() == std::string_view("Ready")) {
      ready = field["status"].string() == std::string_view("True");
    }
  });
  return ready;
}

}  // namespace

std::optional<model::Pod> decode_pod(const JsonField& object, const model::ObjectKey& key, source::Report& remarks) {
  const JsonField metadata = object["metadata"];
  const JsonField spec = object["spec"];
  const JsonField status = object["status"];
  model::Pod pod;
  spec["containers"].for_each([&](const JsonField& field) { read_host_ports(field, pod, remarks); });
  spec["initContainers"].for_each([&](const JsonField& field) {
    if (field["restartPolicy"].string() == std::string_view("Always")) {  // a sidecar: runs as long as the Pod
      read_host_ports(field, pod, remarks);
    }
  });
  if (pod.ports.empty()) {
    return std::nullopt;
  }
  pod.meta.ns = key.ns;
  pod.meta.name = key.name;
  pod.meta.uid = source::read_string(metadata["uid"]);
  pod.terminating = metadata["deletionTimestamp"].present();
  pod.created_s = source::read_time(metadata["creationTimestamp"]);
  pod.node_name = source::read_string(spec["nodeName"]);
  pod.host_network = spec["hostNetwork"].boolean().value_or(false);
  read_pod_ips(status, pod, remarks);
  pod.phase = source::read_choice<PodPhase>(status["phase"],
                                            {{"Pending", PodPhase::pending},
                                             {"Running", PodPhase::running},
                                             {"Succeeded", PodPhase::succeeded},
                                             {"Failed", PodPhase::failed},
                                             {"Unknown", PodPhase::unknown}},
                                            PodPhase::pending);
  pod.ready = read_ready(status["conditions"]);
  return pod;
}

}  // namespace sp::kube
