// SPDX-License-Identifier: Apache-2.0
// Pod, core/v1: what hostPort and selector-made endpoints need (service-semantics 4.1, 4.2).
#include <algorithm>
#include <utility>

#include "loader/source/decode.h"
#include "loader/source/field_types.h"

namespace sp::source {
namespace {

model::ContainerPort read_container_port(const Field& field) {
  const Field number = field["containerPort"];
  number.require("a port (1 to 65535)");
  model::ContainerPort port;
  port.name = read_string(field["name"]);
  port.protocol = read_protocol(field["protocol"]);
  port.container_port = read_port(number);
  port.host_port = read_port_or_none(field["hostPort"]);
  port.host_ip = read_ip(field["hostIP"]);
  return port;
}

bool same_host_port(const model::ContainerPort& a, const model::ContainerPort& b) {
  return a.host_port != 0 && a.host_port == b.host_port && a.protocol == b.protocol && a.host_ip == b.host_ip;
}

void read_container(const Field& container, model::Pod& pod) {
  const Field ports = container["ports"];
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const Field field = ports.at(i);
    model::ContainerPort port = read_container_port(field);
    const auto twin = std::find_if(pod.ports.begin(), pod.ports.end(),
                                   [&port](const auto& other) { return same_host_port(port, other); });
    if (twin != pod.ports.end()) {
      field["hostPort"].complain(std::to_string(port.host_port) + "/" + std::string(to_string(port.protocol)) +
                                 " is taken by an earlier port of this Pod, expected another one");
    }
    pod.ports.push_back(std::move(port));
  }
}

void read_containers(const Field& spec, model::Pod& pod) {
  const Field containers = spec["containers"];
  containers.require_elements("at least one container");
  for (std::size_t i = 0; i < containers.size(); ++i) {
    read_container(containers.at(i), pod);
  }
  const Field inits = spec["initContainers"];
  for (std::size_t i = 0; i < inits.size(); ++i) {
    const Field init = inits.at(i);
    if (read_string(init["restartPolicy"]) == "Always") {
      read_container(init, pod);
    }
  }
}

void add_pod_ip(const Field& field, model::Pod& pod) {
  const auto ip = read_routable_ip(field);
  const bool taken = ip && std::any_of(pod.ips.begin(), pod.ips.end(),
                                       [&ip](const Ip& other) { return other.family() == ip->family(); });
  if (ip && !taken) {
    pod.ips.push_back(*ip);
  }
}

void read_pod_ips(const Field& status, model::Pod& pod) {
  const Field several = status["podIPs"];
  for (std::size_t i = 0; i < several.size(); ++i) {
    const Field entry = several.at(i);
    add_pod_ip(entry["ip"], pod);
  }
  if (several.size() == 0) {
    add_pod_ip(status["podIP"], pod);
  }
}

// Condition Ready. A manifest that says nothing about it is of a Pod that is up.
bool read_ready(const Field& conditions) {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const Field condition = conditions.at(i);
    if (read_string(condition["type"]) == "Ready") {
      return read_choice<bool>(condition["status"], {{"True", true}, {"False", false}, {"Unknown", false}}, false);
    }
  }
  return true;
}

}  // namespace

model::Pod decode_pod(const Field& object, model::Meta meta) {
  using enum model::PodPhase;
  const Field metadata = object["metadata"];
  const Field spec = object["spec"];
  const Field status = object["status"];
  spec.require("a mapping with containers");
  model::Pod pod;
  pod.meta = std::move(meta);
  pod.terminating = metadata["deletionTimestamp"].present();
  pod.created_s = read_time(metadata["creationTimestamp"]);
  pod.node_name = read_string(spec["nodeName"]);
  pod.host_network = spec["hostNetwork"].boolean().value_or(false);
  if (spec.present()) {
    read_containers(spec, pod);
  }
  read_pod_ips(status, pod);
  pod.phase = read_choice<model::PodPhase>(
      status["phase"],
      {{"Pending", pending}, {"Running", running}, {"Succeeded", succeeded}, {"Failed", failed}, {"Unknown", unknown}},
      running);
  pod.ready = read_ready(status["conditions"]);
  return pod;
}

}  // namespace sp::source
