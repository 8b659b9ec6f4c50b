// SPDX-License-Identifier: Apache-2.0
// NetnsScope over setns(2).
#include "tests/harness/netns.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace sp::test {

std::string netns_file(const std::string& name) {
  return "/run/netns/" + name;
}

Result<NetnsScope> NetnsScope::enter(const std::string& name) {
  NetnsScope scope;
  if (name.empty()) {
    return scope;
  }
  scope.home_ = Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!scope.home_.valid()) {
    return errno_error(errno, "network namespace of this thread: open");
  }
  const Fd target(::open(netns_file(name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!target.valid()) {
    const Error error = errno_error(errno, "network namespace " + name + ": open");
    scope.home_.reset();
    return error;
  }
  if (::setns(target.get(), CLONE_NEWNET) != 0) {
    const Error error = errno_error(errno, "network namespace " + name + ": enter");
    scope.home_.reset();
    return error;
  }
  return scope;
}

NetnsScope::~NetnsScope() {
  if (!home_.valid()) {
    return;
  }
  // A thread that is lost in a foreign namespace would make every later test lie.
  if (::setns(home_.get(), CLONE_NEWNET) != 0) {
    std::perror("network namespace: return home");
    std::abort();
  }
}

}  // namespace sp::test
