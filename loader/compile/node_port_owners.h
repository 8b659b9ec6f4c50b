// SPDX-License-Identifier: Apache-2.0
// NodePortOwners: a nodePort number belongs to one port of one Service, in both families: the first by name.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "loader/model/object_id.h"
#include "loader/model/service.h"

namespace sp::compile {

class NodePortOwners {
 public:
  struct Want {
    model::ObjectKey service;
    std::size_t port_index = 0;
    auto operator<=>(const Want&) const = default;
  };

  // `service` is as it is now, null if it is gone or not ours. Adds to `stale` every Service that another owner of a
  // number concerns: those that win or lose it, and those that are told who has it.
  void follow(const model::ObjectKey& key, const model::Service* service, std::set<model::ObjectId>& stale);

  // Who owns the nodePort of a port; null if nobody is known to want it.
  [[nodiscard]] const Want* owner(const model::ServicePort& port) const;

 private:
  using Number = std::uint32_t;  // port and protocol
  struct Numbered {
    Number number = 0;
    std::size_t port_index = 0;  // of the Service's first port with this number
    auto operator<=>(const Numbered&) const = default;
  };
  static Number number_of(const model::ServicePort& port);
  static std::vector<Numbered> numbers_of(const model::Service& service);
  void take(const model::ObjectKey& key, Number number);
  void give(const model::ObjectKey& key, const Numbered& numbered);
  [[nodiscard]] model::ObjectKey owner_of(Number number) const;

  std::unordered_map<Number, std::vector<Want>> wants_;        // by name: the first one owns
  std::map<model::ObjectKey, std::vector<Numbered>> numbers_;  // of each Service that wants some; sorted
};

// Ports of a Service are told apart by name and protocol.
[[nodiscard]] bool repeats_earlier_port(const model::Service& service, std::size_t port_index);

// Does the type of the Service let this port have its nodePort? False also for a port without one.
[[nodiscard]] bool may_use_node_port(const model::Service& service, std::size_t port_index);

}  // namespace sp::compile
