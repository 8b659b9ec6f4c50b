// SPDX-License-Identifier: Apache-2.0
// NodePortOwners: who wants which number.
#include "loader/compile/node_port_owners.h"

#include <algorithm>
#include <utility>

namespace sp::compile {

NodePortOwners::Number NodePortOwners::number_of(const model::ServicePort& port) {
  return std::uint32_t{port.node_port} << 8 | static_cast<std::uint8_t>(port.protocol);
}

std::vector<NodePortOwners::Numbered> NodePortOwners::numbers_of(const model::Service& service) {
  std::vector<Numbered> out;
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    if (may_use_node_port(service, i) && !repeats_earlier_port(service, i)) {
      out.push_back({number_of(service.ports[i]), i});
    }
  }
  std::sort(out.begin(), out.end());
  const auto same = [](const Numbered& a, const Numbered& b) { return a.number == b.number; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

void NodePortOwners::follow(const model::ObjectKey& key, const model::Service* service,
                            std::set<model::ObjectId>& stale) {
  std::vector<Numbered> now = service == nullptr ? std::vector<Numbered>{} : numbers_of(*service);
  const auto known = numbers_.find(key);
  if (known == numbers_.end() ? now.empty() : known->second == now) {
    return;
  }
  const std::vector<Numbered> before = known == numbers_.end() ? std::vector<Numbered>{} : std::move(known->second);
  std::map<Number, model::ObjectKey> owners;  // as they were
  for (const auto& list : {before, now}) {
    for (const Numbered& numbered : list) {
      owners.try_emplace(numbered.number, owner_of(numbered.number));
    }
  }
  for (const Numbered& numbered : before) {
    take(key, numbered.number);
  }
  for (const Numbered& numbered : now) {
    give(key, numbered);
  }
  for (const auto& [number, owner] : owners) {
    if (owner_of(number) != owner && wants_.contains(number)) {
      for (const Want& want : wants_.at(number)) {
        stale.insert({model::Kind::service, want.service});
      }
    }
  }
  if (now.empty()) {
    numbers_.erase(key);
  } else {
    numbers_[key] = std::move(now);
  }
}

void NodePortOwners::take(const model::ObjectKey& key, Number number) {
  const auto found = wants_.find(number);
  std::erase_if(found->second, [&](const Want& want) { return want.service == key; });
  if (found->second.empty()) {
    wants_.erase(found);
  }
}

void NodePortOwners::give(const model::ObjectKey& key, const Numbered& numbered) {
  std::vector<Want>& wants = wants_[numbered.number];
  Want want{key, numbered.port_index};
  const auto place = std::lower_bound(wants.begin(), wants.end(), want);
  wants.insert(place, std::move(want));
}

model::ObjectKey NodePortOwners::owner_of(Number number) const {
  const auto found = wants_.find(number);
  return found == wants_.end() ? model::ObjectKey{} : found->second.front().service;
}

const NodePortOwners::Want* NodePortOwners::owner(const model::ServicePort& port) const {
  const auto found = wants_.find(number_of(port));
  return found == wants_.end() ? nullptr : &found->second.front();
}

bool repeats_earlier_port(const model::Service& service, std::size_t port_index) {
  const model::ServicePort& port = service.ports[port_index];
  return std::any_of(service.ports.begin(), service.ports.begin() + static_cast<std::ptrdiff_t>(port_index),
                     [&](const model::ServicePort& earlier) {
                       return earlier.name == port.name && earlier.protocol == port.protocol &&
                              (!port.name.empty() || earlier.port == port.port);
                     });
}

bool may_use_node_port(const model::Service& service, std::size_t port_index) {
  return service.ports[port_index].node_port != 0 && service.type != model::ServiceType::cluster_ip;
}

}  // namespace sp::compile
