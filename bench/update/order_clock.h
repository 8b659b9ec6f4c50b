// SPDX-License-Identifier: Apache-2.0
// How long after an order to the API server a word in memory differs that somebody writes who watches the server.
#pragma once

#include <cstdint>

#include "loader/util/result.h"
#include "tests/harness/fake_api/watch_orders.h"
#include "tests/harness/lab_api.h"

namespace sp::bench {

// The 8 bytes at `word`, as packets load them.
[[nodiscard]] std::uint64_t load_word(const void* word);

// Milliseconds from just before the order until this thread sees another value. `word` is aligned to 8 bytes.
[[nodiscard]] Result<double> time_order(test::LabApi& api, const fake_api::WatchOrder& order, const void* word);

}  // namespace sp::bench
