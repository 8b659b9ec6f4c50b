// SPDX-License-Identifier: Apache-2.0
// ClaimIndex: lists that are one claim long, mostly.
#include "loader/compile/claim_index.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "loader/compile/source_class.h"

namespace sp::compile {
namespace {

// Claims of one object on one frontend with one rank count in the order in which it makes them.
bool better(const ClaimRef& a, const ClaimRef& b) {
  if (a.claim().rank != b.claim().rank) {
    return a.claim().rank < b.claim().rank;
  }
  if (a.object == b.object) {
    return a.index < b.index;
  }
  const auto& [id_a, plan_a] = *a.object;
  const auto& [id_b, plan_b] = *b.object;
  return plan_a.age != plan_b.age ? plan_a.age < plan_b.age : id_a.key < id_b.key;
}

bool earlier(const ClaimRef& a, const ClaimRef& b) {
  const sp_scope scope_a = a.claim().frontend.scope;
  const sp_scope scope_b = b.claim().frontend.scope;
  return scope_a != scope_b ? scope_a < scope_b : better(a, b);
}

}  // namespace

std::size_t ClaimIndex::Hash::operator()(const Place& place) const {
  const sp_addr& raw = place.ip.raw();
  const std::string_view bytes(reinterpret_cast<const char*>(&raw), sizeof raw);
  const std::size_t rest = std::size_t{place.port} << 8 | static_cast<std::size_t>(place.protocol);
  return std::hash<std::string_view>{}(bytes) ^ rest * 0x9e3779b97f4a7c15;
}

void ClaimIndex::add(PlannedObject& object) {
  for (std::uint32_t i = 0; i < object.second.claims.size(); ++i) {
    const ClaimRef claim{&object, i};
    std::vector<ClaimRef>& claims = claims_[place_of(claim.claim().frontend)];
    if (claims.empty()) {
      claims.reserve(kSourceClasses.size());
    }
    claims.insert(std::upper_bound(claims.begin(), claims.end(), claim, earlier), claim);
  }
}

void ClaimIndex::remove(const PlannedObject& object) {
  for (const Claim& claim : object.second.claims) {
    const auto found = claims_.find(place_of(claim.frontend));
    if (found == claims_.end()) {
      continue;  // gone with the object's first claim on this place
    }
    std::erase_if(found->second, [&](const ClaimRef& other) { return other.object == &object; });
    if (found->second.empty()) {
      claims_.erase(found);
    }
  }
}

std::span<const ClaimRef> ClaimIndex::at(const Frontend& frontend) const {
  const auto found = claims_.find(place_of(frontend));
  if (found == claims_.end()) {
    return {};
  }
  const auto is_before = [&](const ClaimRef& claim) { return claim.claim().frontend.scope < frontend.scope; };
  const auto is_not_after = [&](const ClaimRef& claim) { return claim.claim().frontend.scope <= frontend.scope; };
  const auto first = std::partition_point(found->second.begin(), found->second.end(), is_before);
  return {first, std::partition_point(first, found->second.end(), is_not_after)};
}

}  // namespace sp::compile
