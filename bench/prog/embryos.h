// SPDX-License-Identifier: Apache-2.0
// Taking embryos back: a handshake that is done leaves the embryo table, and one that is measured again and again would
// fill it.
#pragma once

#include <cstdint>

#include "bench/prog/rig.h"
#include "bench/prog/rows.h"

namespace sp::bench {

// The table of the shipped programs, and the yardstick's.
template <typename F>
[[nodiscard]] bpf_map* embryo_table(Rig& rig);
template <typename F>
[[nodiscard]] bpf_map* bare_embryo_table(Rig& rig);

// Removes both halves of the embryos that packets `from` to `from` + `count` - 1 of `opening` have made. Throws when
// one has made none. Touches no other memory than they did.
template <typename F>
void forget_embryos(const bpf_map* table, const Stream& opening, std::uint32_t from, std::uint32_t count);

// Removes all.
template <typename F>
void clear_embryos(Rig& rig);

}  // namespace sp::bench
