// SPDX-License-Identifier: Apache-2.0
// PodIndex: which Pods a Service's selector matches, without visiting every Pod for every Service.
//
// Built on the first question: with EndpointSlices for every Service nobody asks.
#pragma once

#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "loader/model/cluster.h"

namespace sp::compile {

class PodIndex {
 public:
  using Pods = std::map<model::ObjectKey, model::Pod>;

  // `pods` must outlive the index.
  explicit PodIndex(const Pods& pods) : pods_(pods) {}

  // Pods of namespace `ns` that have every label of `selector`, ordered by name. An empty selector matches none.
  [[nodiscard]] std::vector<const model::Pod*> matching(std::string_view ns, const model::Labels& selector);

 private:
  using Label = std::tuple<std::string_view, std::string_view, std::string_view>;  // namespace, key, value
  void build();

  const Pods& pods_;
  bool built_ = false;
  std::map<Label, std::vector<const model::Pod*>> by_label_;
};

}  // namespace sp::compile
