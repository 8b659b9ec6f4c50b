// SPDX-License-Identifier: Apache-2.0
// One run of nft in a network namespace, with what it has cost: the kernel's part of a transaction is in the caller's
// time, so CPU and wall time hold both.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "loader/util/result.h"

namespace sp::bench {

struct NftCost {
  double cpu_ms = 0;   // user and system
  double wall_ms = 0;  // from its first instruction to its end
  double peak_mb = 0;  // resident, of nft itself
};

// `nft -f file`. Gives up when it has used `cpu_limit`, or 6 GB: Error.err == ETIMEDOUT; the kernel then drops what it
// had of the transaction.
[[nodiscard]] Result<NftCost> run_nft(const std::string& netns, const std::filesystem::path& file,
                                      std::chrono::seconds cpu_limit);

}  // namespace sp::bench
