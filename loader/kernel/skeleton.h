// SPDX-License-Identifier: Apache-2.0
// Skeleton: the embedded BPF object, loaded, with its maps created under the pin path or adopted from it.
#pragma once

#include <memory>

#include "loader/kernel/data_plane.h"
#include "loader/util/result.h"
#include "sallyport.skel.h"

namespace sp::kernel {

struct SkeletonDeleter {
  void operator()(sallyport_bpf* skeleton) const { sallyport_bpf::destroy(skeleton); }
};
// Unloads the programs and closes the maps on destruction; what is pinned or attached lives on.
using Skeleton = std::unique_ptr<sallyport_bpf, SkeletonDeleter>;

// The pin directory must exist. A pinned map keeps its size; where that differs from the one asked for, a log line
// says so. A failing program comes with the last lines of the verifier's log.
[[nodiscard]] Result<Skeleton> load_skeleton(const DataPlaneOptions& options);

}  // namespace sp::kernel
