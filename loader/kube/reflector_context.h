// SPDX-License-Identifier: Apache-2.0
// ReflectorContext: what all reflectors share.
#pragma once

#include <cstddef>

#include "loader/kube/api.h"
#include "loader/kube/backoff.h"
#include "loader/kube/json_parser.h"
#include "loader/kube/timing.h"
#include "loader/util/event_loop.h"

namespace sp::kube {

// Everything outlives the reflectors.
struct ReflectorContext {
  EventLoop& loop;
  Api& api;
  JsonParser& parser;
  Timing timing = {};
  Random random = seeded_random();
};

// A longer line of a watch or item of a list is not from a sane server: etcd keeps objects below 2 MB.
constexpr std::size_t kMaxObjectBytes = std::size_t{32} << 20;
// Of an answer that is an error, this much is read.
constexpr std::size_t kMaxErrorBytes = std::size_t{64} << 10;

}  // namespace sp::kube
