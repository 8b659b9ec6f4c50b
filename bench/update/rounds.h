// SPDX-License-Identifier: Apache-2.0
// One size of cluster, measured: full syncs and changed endpoints, ours and nft's in turns.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "bench/update/agent_run.h"
#include "bench/update/nft_process.h"
#include "tests/harness/fake_api/scale.h"
#include "tests/harness/lab.h"

namespace sp::bench {

struct Plan {
  unsigned services = 2500;
  unsigned endpoints = 10;
  Room room;
  unsigned starts = 3;     // full syncs of each
  unsigned rounds = 10;    // of changes
  unsigned changes = 200;  // of ours in a round; nft has one
  std::chrono::seconds nft_limit{60};
  std::chrono::seconds idle{5};

  // "2,500 x 10"
  [[nodiscard]] std::string text() const;
};

struct Measured {
  std::vector<FullSync> full_syncs;
  Usage ready;    // when the last agent was ready
  Usage changed;  // after all changes
  double idle_percent = 0;
  double cpu_us_per_change = 0;
  std::vector<std::vector<double>> rounds;       // ms of each change, round by round
  std::vector<std::vector<double>> bare_rounds;  // the same of the bare watcher, in turns with ours
  Programming programming;
  std::vector<NftCost> nft_loads;
  std::vector<NftCost> nft_changes;
  std::vector<std::string> notes;  // what could not be had
};

// Leaves nothing behind in the lab.
[[nodiscard]] Result<Measured> measure(const test::Lab& lab, const Plan& plan);

}  // namespace sp::bench
