// SPDX-License-Identifier: Apache-2.0
// FrontendRows: the frontends in force. Rows of one place for different classes of clients stand together, which takes
// half the memory of rows by themselves.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "loader/compile/desired.h"

namespace sp::sync {

class FrontendRows {
 public:
  // Is the scope of `frontend` one that this can hold?
  [[nodiscard]] static bool has_room(const compile::Frontend& frontend) { return slot(frontend) < kScopes; }

  // Null if there is none. Valid until it is erased.
  [[nodiscard]] const compile::FrontendRow* find(const compile::Frontend& frontend) const {
    const auto found = places_.find(place(frontend));
    return found != places_.end() && (found->second.present & bit(frontend)) != 0 ? &found->second.rows[slot(frontend)]
                                                                                  : nullptr;
  }
  void put(const compile::Frontend& frontend, const compile::FrontendRow& row) {
    Rows& rows = places_[place(frontend)];
    rows.rows[slot(frontend)] = row;
    size_ += (rows.present & bit(frontend)) == 0 ? 1 : 0;
    rows.present |= bit(frontend);
  }
  void erase(const compile::Frontend& frontend) {
    const auto found = places_.find(place(frontend));
    if (found == places_.end()) {
      return;
    }
    found->second.rows[slot(frontend)] = {};
    size_ -= (found->second.present & bit(frontend)) != 0 ? 1 : 0;
    found->second.present &= static_cast<std::uint8_t>(~bit(frontend));
    if (found->second.present == 0) {
      places_.erase(found);
    }
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  // In no particular order; `visit` must not change anything here.
  void for_each(const std::function<void(const compile::Frontend&)>& visit) const {
    for (const auto& [at, rows] : places_) {
      for (std::size_t scope = 0; scope < kScopes; ++scope) {
        if ((rows.present >> scope & 1) != 0) {
          visit({at.ip, at.port, at.protocol, static_cast<sp_scope>(scope)});
        }
      }
    }
  }

 private:
  static constexpr std::size_t kScopes = 3;
  struct Place {
    Ip ip;
    std::uint16_t port = 0;
    Protocol protocol = Protocol::tcp;
    bool operator==(const Place&) const = default;
  };
  struct Rows {
    std::array<compile::FrontendRow, kScopes> rows;
    std::uint8_t present = 0;  // a bit for each scope
  };
  struct Hash {
    std::size_t operator()(const Place& at) const {
      const sp_addr& raw = at.ip.raw();
      const std::string_view bytes(reinterpret_cast<const char*>(&raw), sizeof raw);
      const std::size_t rest = std::size_t{at.port} << 8 | static_cast<std::size_t>(at.protocol);
      return std::hash<std::string_view>{}(bytes) ^ rest * 0x9e3779b97f4a7c15;
    }
  };

  static Place place(const compile::Frontend& frontend) { return {frontend.ip, frontend.port, frontend.protocol}; }
  static std::size_t slot(const compile::Frontend& frontend) { return static_cast<std::size_t>(frontend.scope); }
  static std::uint8_t bit(const compile::Frontend& frontend) { return static_cast<std::uint8_t>(1U << slot(frontend)); }

  std::unordered_map<Place, Rows, Hash> places_;
  std::size_t size_ = 0;
};

}  // namespace sp::sync
