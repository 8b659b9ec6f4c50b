// SPDX-License-Identifier: Apache-2.0
// Scheduled: a scheduling policy of this thread for as long as it lives, SCHED_OTHER afterwards.
#pragma once

#include <sched.h>

namespace sp::bench {

class Scheduled {
 public:
  // As sched_setscheduler(2) has them. Where it is not allowed nothing changes: figures are noisier and no less true.
  explicit Scheduled(int policy, int priority = 0) { set(policy, priority); }
  Scheduled(const Scheduled&) = delete;
  Scheduled& operator=(const Scheduled&) = delete;
  ~Scheduled() { set(SCHED_OTHER, 0); }

 private:
  static void set(int policy, int priority) {
    const sched_param param{priority};
    ::sched_setscheduler(0, policy, &param);
  }
};

}  // namespace sp::bench
