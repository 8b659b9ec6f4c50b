// SPDX-License-Identifier: Apache-2.0
// PodIndex: which Pods a Service's selector matches, without visiting every Pod for every Service.
//
// Built on the first question: with EndpointSlices for every Service nobody asks.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "loader/model/cluster.h"

namespace sp::compile {

class PodIndex {
 public:
  // Pods of namespace `ns` that have every label of `selector`, ordered by name. An empty selector matches none.
  [[nodiscard]] std::vector<const model::Pod*> matching(const model::Cluster& cluster, const std::string& ns,
                                                        const model::Labels& selector);

  // Pod `key` appeared, differs or has gone. Returns the labels that it had when it was last looked at.
  model::Labels follow(const model::Cluster& cluster, const model::ObjectKey& key);

 private:
  using Label = std::tuple<std::string, std::string, std::string>;  // namespace, key, value
  void put_in(const model::ObjectKey& key, const model::Labels& labels);
  void take_out(const model::ObjectKey& key, const model::Labels& labels);

  bool built_ = false;
  std::map<model::ObjectKey, model::Labels> labels_;
  std::map<Label, std::set<model::ObjectKey>> by_label_;
};

// Does `labels` have every label of `selector`? An empty selector matches nothing.
[[nodiscard]] bool matches(const model::Labels& selector, const model::Labels& labels);

}  // namespace sp::compile
