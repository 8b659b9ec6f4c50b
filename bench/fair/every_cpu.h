// SPDX-License-Identifier: Apache-2.0
// on_every_cpu(): the same work dealt out over all CPUs, begun on all of them at once.
//
// Promises: one thread a CPU, pinned; none starts before all are ready; what one of them throws is thrown again once
// all have ended.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace sp::bench {

// CPUs that this process may run on.
[[nodiscard]] std::vector<int> usable_cpus();

// Calls work(first, last) once on each of `cpus`; the ranges cover [0, count) without overlap. Threads inherit the
// network namespace of the caller.
void on_every_cpu(const std::vector<int>& cpus, std::size_t count,
                  const std::function<void(std::size_t first, std::size_t last)>& work);

}  // namespace sp::bench
