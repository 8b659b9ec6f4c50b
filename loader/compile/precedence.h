// SPDX-License-Identifier: Apache-2.0
// Precedence: objects claim frontends; exactly one claim wins each, and the losers are told why.
#pragma once

#include <span>
#include <vector>

#include "loader/compile/claim_index.h"
#include "loader/compile/compile.h"

namespace sp::compile {

[[nodiscard]] sp_frontend_kind kind_of(Rank rank);

// What the frontend of the best claim becomes.
[[nodiscard]] FrontendRow frontend_row(const ClaimRef& winner);

// One line for each claim that lost to the first one. An object may name one address twice: no conflict if that leads
// to the same backends.
[[nodiscard]] std::vector<Problem> conflicts(std::span<const ClaimRef> claims);

}  // namespace sp::compile
