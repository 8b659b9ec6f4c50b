// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/socket_hooks.h"

#include <utility>

#include "loader/agent/cgroup.h"
#include "loader/util/log.h"

namespace sp::agent {
namespace {

using Clock = EventLoop::Clock;

// After this, the rest of the agent gets its turn.
constexpr std::chrono::milliseconds kPassBudget{20};
// A walk over a full map takes some 10 ms, and a rollout retires backends many times a second.
constexpr int kRestFactor = 10;

}  // namespace

SocketHooks::SocketHooks(EventLoop& loop, kernel::DataPlane& plane, metrics::AgentMetrics& metrics,
                         std::filesystem::path pin_path, std::filesystem::path cgroup)
    : loop_(loop), plane_(plane), metrics_(metrics), pin_path_(std::move(pin_path)), cgroup_(std::move(cgroup)) {}

Result<void> SocketHooks::start() {
  SP_TRY_ASSIGN(timer, loop_.add_timer([this] { pass(); }));
  timer_ = timer;
  if (cgroup_ == kNoCgroup) {
    // Hooks of an earlier agent would go on with rows that nobody means for them.
    SP_TRY(plane_.detach_sockets());
    log::info("agent", "sockets not hooked: --cgroup {}", kNoCgroup);
    return {};
  }
  wanted_ = true;
  look();
  end_stale();
  return {};
}

void SocketHooks::look() {
  if (attached_ || !wanted_) {
    return;
  }
  const auto problem = attach();
  attached_ = !problem;
  attach_notices_.update(problem ? std::vector<std::string>{*problem} : std::vector<std::string>{});
}

// What to do about it when it does not work.
std::optional<std::string> SocketHooks::attach() {
  CgroupPlace place{cgroup_, true};
  if (cgroup_.empty()) {
    auto found = find_cgroup();
    if (!found) {
      return found.error().text();
    }
    place = *std::move(found);
  }
  const auto adopted = plane_.attach_sockets(place.path);
  if (!adopted) {
    return adopted.error().text();
  }
  log::info("agent", "sockets hooked cgroup={} adopted={}", place.path.string(), *adopted ? "yes" : "no");
  if (!place.is_root) {
    log::warn("agent",
              "sockets of processes outside cgroup {} are not hooked: it is a container's: mount the host's "
              "/sys/fs/cgroup and name it with --cgroup",
              place.path.string());
  }
  return std::nullopt;
}

void SocketHooks::end_stale() {
  if (!wanted_) {
    return;
  }
  if (!stale_) {
    auto opened = sockets::StaleSockets::open(pin_path_, plane_.tables().backends);
    if (!opened) {
      stale_notices_.update({opened.error().text()});
      return;
    }
    stale_.emplace(*std::move(opened));
  }
  const auto now = Clock::now();
  if (next_pass_ <= now) {
    pass();
  } else {
    loop_.start_once(timer_, next_pass_ - now);
  }
}

void SocketHooks::pass() {
  const auto begin = Clock::now();
  const auto done = stale_->end(kPassBudget);
  const auto end = Clock::now();
  next_pass_ = end + kRestFactor * (end - begin);
  stale_notices_.update(done.problems);
  if (done.ended > 0) {
    metrics_.udp_sockets_ended(done.ended);
    log::debug("sockets", "connected UDP sockets ended: their backend has gone sockets={} took_us={}", done.ended,
               std::chrono::duration_cast<std::chrono::microseconds>(end - begin).count());
  }
  if (done.unfinished) {
    loop_.start_once(timer_, next_pass_ - end);
  }
}

}  // namespace sp::agent
