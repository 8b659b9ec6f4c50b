// SPDX-License-Identifier: Apache-2.0
// ClaimIndex: the claims on each frontend, best first. The first one gets it. Claims on one place for different classes
// of clients stand together, in one piece of memory.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "loader/compile/object_plan.h"

namespace sp::compile {

// One claim of one object, which the compiler takes out of the index before it changes the plan.
struct ClaimRef {
  PlannedObject* object = nullptr;
  std::uint32_t index = 0;  // in ObjectPlan::claims

  [[nodiscard]] const Claim& claim() const { return object->second.claims[index]; }
  [[nodiscard]] const PlannedRow& row() const { return object->second.rows[claim().row]; }
  bool operator==(const ClaimRef&) const = default;
};

class ClaimIndex {
 public:
  // Every claim of `object`.
  void add(PlannedObject& object);
  void remove(const PlannedObject& object);

  // Empty if nobody wants `frontend`. Valid until the next change.
  [[nodiscard]] std::span<const ClaimRef> at(const Frontend& frontend) const;

 private:
  struct Place {
    Ip ip;
    std::uint16_t port = 0;
    Protocol protocol = Protocol::tcp;
    bool operator==(const Place&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Place& place) const;
  };
  static Place place_of(const Frontend& frontend) { return {frontend.ip, frontend.port, frontend.protocol}; }

  std::unordered_map<Place, std::vector<ClaimRef>, Hash> claims_;  // by class, then best first
};

}  // namespace sp::compile
