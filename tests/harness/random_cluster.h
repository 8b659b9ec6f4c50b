// SPDX-License-Identifier: Apache-2.0
// RandomCluster: a small Cluster that changes at random, drawn from so few names, addresses and ports that objects get
// in each other's way all the time.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "loader/model/object_id.h"
#include "tests/harness/cluster_builder.h"

namespace sp::test {

class RandomCluster {
 public:
  explicit RandomCluster(unsigned seed);

  [[nodiscard]] const model::Cluster& cluster() const { return cluster_; }
  [[nodiscard]] const node::Facts& facts() const { return facts_; }
  // Changes one to three objects or, rarely, what netlink says. Returns the ids of the objects: sorted, each once.
  std::vector<model::ObjectId> step();
  // 0 .. bound - 1
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  bool one_in(int bound) { return below(bound) == 0; }

 private:
  model::ObjectId change();
  void change_facts();
  template <typename Object>
  void put_or_erase(std::map<model::ObjectKey, Object>& objects, const model::ObjectKey& key, Object object);
  [[nodiscard]] model::ObjectKey key(const char* prefix, int count);
  [[nodiscard]] model::Labels labels();
  [[nodiscard]] std::vector<Ip> some_of(const std::vector<const char*>& texts);
  [[nodiscard]] Protocol protocol() { return one_in(4) ? Protocol::udp : Protocol::tcp; }
  [[nodiscard]] model::ServicePort port();
  [[nodiscard]] model::Service service(const model::ObjectKey& key);
  [[nodiscard]] model::Endpoint endpoint(Family family);
  [[nodiscard]] model::EndpointSlice slice(const model::ObjectKey& key);
  [[nodiscard]] model::Pod pod(const model::ObjectKey& key);
  [[nodiscard]] model::Node node(const model::ObjectKey& key);
  [[nodiscard]] model::ServiceCidr service_cidr(const model::ObjectKey& key);

  std::mt19937 random_;
  model::Cluster cluster_;
  node::Facts facts_ = node_facts();
};

}  // namespace sp::test
