// SPDX-License-Identifier: Apache-2.0
// Lab: the namespaces of tests/lab/lab as C++ sees them, under a prefix of this test binary's own.
//
// Promises: up() removes what a crashed run of the same binary left; the destructor takes the lab down. Always
// dual-stack. Hosts are named as in the lab: c1.. clients, r router, n1.. nodes, n1p1.. Pods.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "loader/util/ip.h"
#include "loader/util/result.h"
#include "tests/harness/process.h"
#include "tests/harness/traffic.h"

namespace sp::test {

struct LabShape {
  unsigned nodes = 3;
  unsigned clients = 2;
  unsigned pods = 3;  // on each node
};

struct Host {
  std::string name;
  std::string netns;
  std::string ip4;
  std::string ip6;
  std::string pin_path;    // nodes only
  std::string cgroup_dir;  // nodes and Pods

  [[nodiscard]] const std::string& ip(Family family) const { return family == Family::v4 ? ip4 : ip6; }
  // With the cgroup: where hooks of the node see its processes.
  [[nodiscard]] Place place() const { return {netns, cgroup_dir}; }
  [[nodiscard]] Endpoint at(Family family, std::uint16_t port) const { return {ip(family), port}; }
};

class Lab {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Lab>> up(const LabShape& shape);
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;
  ~Lab();

  // Aborts for a host that the shape does not have: a mistake of the test.
  [[nodiscard]] const Host& host(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> nodes() const;
  [[nodiscard]] const LabShape& shape() const { return shape_; }
  // A directory that goes away with the lab.
  [[nodiscard]] std::filesystem::path scratch() const { return scratch_; }

  // Runs a command in a host's network namespace to its end.
  [[nodiscard]] Result<Output> run(const std::string& host_name, std::vector<std::string> argv,
                                   Millis timeout = Millis(30000)) const;

 private:
  explicit Lab(const LabShape& shape) : shape_(shape) {}
  Result<void> read_status();

  LabShape shape_;
  std::filesystem::path scratch_;
  std::map<std::string, Host> hosts_;
};

// Addresses outside the nodes that the lab's router sends to all nodes, for VIPs and external IPs.
[[nodiscard]] std::string pool_ip(Family family, unsigned last);

[[nodiscard]] inline const char* to_string(Family family) {
  return family == Family::v4 ? "IPv4" : "IPv6";
}

}  // namespace sp::test
