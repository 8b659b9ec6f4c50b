// SPDX-License-Identifier: Apache-2.0
// AgentRun: an agent in a node of a lab, on the API server of that lab, from its start to its end, with what its start
// has cost.
//
// Promises: the agent, its programs and its maps are gone with stop(), and with the lab at the latest.
#pragma once

#include <cstdint>
#include <string>

#include "bench/update/process_usage.h"
#include "tests/harness/lab_api.h"
#include "tests/harness/process.h"

namespace sp::bench {

// From the moment when the programs are loaded and the first list is asked for to the last row of the last map.
struct FullSync {
  double cpu_ms = 0;
  double wall_ms = 0;
};

// An agent has nothing to write, and says so in no line, where there are no Services.
enum class Cluster { empty, filled };

// The agent's own histogram, from the wake-up of its event loop (before TLS and JSON) to the last row. A quantile is
// the upper bound of its bucket.
struct Programming {
  double changes = 0;
  double p50_ms = 0;
  double p99_ms = 0;
};

// Rows that the maps shall have room for.
struct Room {
  std::uint32_t backends = 0;
  std::uint32_t slots = 0;
};

class AgentRun {
 public:
  static constexpr const char* kNode = "n1";

  // Returns when the agent is ready. `lab` and `api` must outlive it.
  [[nodiscard]] static Result<AgentRun> start(const test::Lab& lab, const test::LabApi& api, const Room& room,
                                              Cluster cluster = Cluster::filled);
  [[nodiscard]] Result<void> stop();

  // Zeros in an empty cluster.
  [[nodiscard]] const FullSync& full_sync() const { return full_sync_; }
  [[nodiscard]] Usage usage() const { return usage_of(process_.pid()); }
  [[nodiscard]] Result<Programming> programming() const;
  [[nodiscard]] const std::string& pin_path() const { return lab_.host(kNode).pin_path; }

 private:
  AgentRun(const test::Lab& lab, test::Process process) : lab_(lab), process_(std::move(process)) {}
  Result<void> await_full_sync();

  const test::Lab& lab_;
  test::Process process_;
  FullSync full_sync_;
};

}  // namespace sp::bench
