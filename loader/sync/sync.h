// SPDX-License-Identifier: Apache-2.0
// Sync: makes the maps equal to Desired in O(changes), in an order that no packet can observe as a mixture (I1).
//
// Owns the ids of services, slots and backends. Not thread-safe: the agent's one writer thread calls it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "loader/compile/delta.h"
#include "loader/compile/desired.h"
#include "loader/sync/tables.h"
#include "loader/util/result.h"

namespace sp::sync {

// What one apply() did. `problems` holds one line per row that could not be written (a full map, say): the rest is in
// force, the row is tried again by every apply(), and the agent reports it as an error (I12).
struct Report {
  bool full = false;  // every row was looked at, not only those that a change named
  std::size_t frontends_written = 0;
  std::size_t frontends_erased = 0;
  std::size_t services_written = 0;
  std::size_t services_erased = 0;
  std::size_t backends_written = 0;
  std::size_t backends_retired = 0;  // generation bumped
  std::size_t backends_left = 0;     // likewise, and the row stays: a hostPort leads elsewhere
  std::size_t service_ips_written = 0;
  std::size_t service_ips_erased = 0;
  std::size_t networks_written = 0;  // entries of sp_networks
  std::vector<std::string> problems;
};

class Sync {
 public:
  using Clock = std::chrono::steady_clock;

  // Reads what the maps already hold (a restarted agent adopts it), so that ids, cursors and generations live on.
  // `tables` must outlive the object.
  [[nodiscard]] static Result<Sync> adopt(const Tables& tables);

  Sync(Sync&&) noexcept;
  Sync& operator=(Sync&&) noexcept;
  ~Sync();

  // `may_delete` is false until every source has listed completely once: then nothing is taken away, only added (I6).
  // `now` decides which freed slots and ids have rested long enough (kRest) to be used again.
  [[nodiscard]] Report apply(const compile::Desired& desired, bool may_delete, Clock::time_point now);
  // The same for a `desired` that differs from that of the last call by `delta`: looks only at the rows that it names
  // and at those that could not be written last time. Looks at all of them after delta.everything, and as long as no
  // call was allowed to delete.
  [[nodiscard]] Report apply(const compile::Desired& desired, const compile::Delta& delta, bool may_delete,
                             Clock::time_point now);

  // A freed slot range, service id or backend id rests this long, so that no packet in flight reads a recycled one.
  static constexpr std::chrono::milliseconds kRest{1000};

 private:
  struct State;
  explicit Sync(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sp::sync
