// SPDX-License-Identifier: Apache-2.0
// World: a small cluster that changes at random, one object at a time, from a seed.
//
// Promises: two worlds with one seed make the same changes; what it writes is what an API server would hold (ClusterIPs
// and nodePorts are each given once), except for the objects that it breaks on purpose, which mend() repairs.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/harness/fake_api/objects.h"

namespace sp::fake_api {

struct WorldShape {
  std::uint64_t seed = 1;
  unsigned services = 40;      // at most
  unsigned nodes = 3;          // "node-0" is the own one
  double broken_share = 0.02;  // of changes that write fields of wrong types
};

class World {
 public:
  // `objects` must outlive the world. Nothing is written yet.
  World(Objects& objects, const WorldShape& shape);

  // Writes a first state: nodes, service CIDRs, half of the Services.
  void begin();
  // One change.
  void step();
  // Repairs what is broken.
  void mend();
  // Writes everything that there is once more, to a server that has lost it.
  void rewrite();
  // "label service-proxy-name on default/svc-3": for messages.
  [[nodiscard]] const std::string& last() const { return last_; }

 private:
  using Change = void (World::*)();

  void put_service();
  void remove_service();
  void change_service();
  void label_service();
  void put_slice();
  void remove_slice();
  void change_endpoint();
  void label_slice();
  void put_pod();
  void remove_pod();
  void change_node();
  void change_cidr();
  void break_object();

  [[nodiscard]] Json new_service(const std::string& name);
  [[nodiscard]] Json new_slice(const std::string& service, const std::string& name);
  [[nodiscard]] Json new_endpoint();
  [[nodiscard]] Json new_pod(const std::string& name);
  [[nodiscard]] Json new_node(unsigned number);

  // Objects that exist, by "plural/namespace/name".
  void write(const std::string& what, Json object);
  void erase(const std::string& key);
  // One that exists, or "".
  [[nodiscard]] std::string pick(const std::string& plural);
  [[nodiscard]] Json& object(const std::string& key) { return all_.at(key); }

  [[nodiscard]] unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  [[nodiscard]] bool chance(double share) { return std::uniform_real_distribution<double>(0, 1)(random_) < share; }
  [[nodiscard]] unsigned free_number(std::set<unsigned>& taken, unsigned from, unsigned count);
  void release_numbers(const Json& service);

  Objects& objects_;
  const WorldShape shape_;
  std::mt19937_64 random_;
  std::map<std::string, Json> all_;
  std::map<std::string, Json> broken_;  // what each should be
  std::set<unsigned> cluster_ips_;
  std::set<unsigned> node_ports_;
  std::string last_;
};

}  // namespace sp::fake_api
