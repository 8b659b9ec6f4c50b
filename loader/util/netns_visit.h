// SPDX-License-Identifier: Apache-2.0
// NetnsVisit: the calling thread in another network namespace, for as long as the object lives.
//
// Promises: the thread is back when the object is gone; if it cannot come back, the process ends, for it would work on
// the wrong node. Sockets that were opened inside stay inside.
#pragma once

#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp {

class NetnsVisit {
 public:
  // `home` is the thread's own namespace and must outlive the object.
  [[nodiscard]] static Result<NetnsVisit> enter(const Fd& there, const Fd& home);

  NetnsVisit(NetnsVisit&& other) noexcept : home_(std::exchange(other.home_, nullptr)) {}
  NetnsVisit& operator=(NetnsVisit&&) = delete;
  ~NetnsVisit();

 private:
  explicit NetnsVisit(const Fd& home) : home_(&home) {}
  const Fd* home_;
};

// The namespace of the calling thread.
[[nodiscard]] Result<Fd> open_own_netns();

}  // namespace sp
