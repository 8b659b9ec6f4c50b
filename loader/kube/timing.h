// SPDX-License-Identifier: Apache-2.0
// Timing: the times that lists and watches keep.
#pragma once

#include <chrono>

namespace sp::kube {

struct Timing {
  using Span = std::chrono::milliseconds;

  // A list that takes longer is given up, however busily its bytes drip.
  Span list_limit = std::chrono::minutes(5);
  // timeoutSeconds of a watch is random in this range, so that a server does not get all of them back at once.
  std::chrono::seconds watch_shortest{240};
  std::chrono::seconds watch_longest{480};
  // A watch that the server has not ended that long after timeoutSeconds is dead.
  Span watch_grace = std::chrono::seconds(15);
  // Bookmarks come every minute: no byte for that long is a reason to ask whether the server is there.
  Span silence = std::chrono::seconds(90);
  Span probe_limit = std::chrono::seconds(10);
  Span backoff_first{800};
  Span backoff_longest = std::chrono::seconds(30);
  // A watch that lived that long was a good one: the next failure is a first one.
  Span settled = std::chrono::seconds(30);
  // What went wrong is over when a watch has lived that long.
  Span recovered = std::chrono::seconds(5);
  // A watch that the server ends sooner is a failure in disguise.
  Span watch_too_short = std::chrono::seconds(1);
  // Until the next look for a resource that the server does not know.
  Span unknown_again = std::chrono::minutes(10);
};

}  // namespace sp::kube
