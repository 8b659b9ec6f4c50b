// SPDX-License-Identifier: Apache-2.0
// Finds the `const volatile` switches of a BPF object in the BTF of its .rodata, so that a new switch is verified in
// both positions without anybody listing it here. Writes them before the object is loaded; never touches a program.
#pragma once

#include <bpf/libbpf.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "loader/util/result.h"

namespace sp::verifier {

// One byte of .rodata that the agent sets to 0 or 1 before loading.
struct Switch {
  std::string name;
  std::size_t offset_bytes = 0;
};

// In the order of .rodata. A `const volatile sp_cfg_*` of any other size is an error: its values would go unverified.
[[nodiscard]] Result<std::vector<Switch>> find_switches(const bpf_object* object);

// Bit i of `permutation` is the value of switches[i]. The object must not be loaded yet.
[[nodiscard]] Result<void> set_switches(bpf_object* object, const std::vector<Switch>& switches,
                                        std::uint32_t permutation);

// The positions as one digit for each switch, "-" when there are none.
[[nodiscard]] std::string permutation_text(std::size_t switches, std::uint32_t permutation);

}  // namespace sp::verifier
