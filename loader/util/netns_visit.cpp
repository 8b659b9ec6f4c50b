// SPDX-License-Identifier: Apache-2.0
#include "loader/util/netns_visit.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <cstdlib>

#include "loader/util/log.h"

namespace sp {

Result<NetnsVisit> NetnsVisit::enter(const Fd& there, const Fd& home) {
  if (::setns(there.get(), CLONE_NEWNET) != 0) return errno_error(errno, "enter a network namespace (setns)");
  return NetnsVisit(home);
}

NetnsVisit::~NetnsVisit() {
  if (home_ != nullptr && ::setns(home_->get(), CLONE_NEWNET) != 0) {
    log::write(log::Level::error, "agent", "cannot return to the node's network namespace: the agent ends");
    std::abort();
  }
}

Result<Fd> open_own_netns() {
  constexpr const char* kOwn = "/proc/thread-self/ns/net";
  Fd home(::open(kOwn, O_RDONLY | O_CLOEXEC));
  if (!home.valid()) return errno_error(errno, std::string(kOwn) + ": open");
  return home;
}

}  // namespace sp
