// SPDX-License-Identifier: Apache-2.0
#include "bench/flood/good_traffic.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "bench/rivals/cpu_scope.h"
#include "tests/harness/netns.h"

namespace sp::bench {

namespace {

using test::Clock;
using test::Millis;

constexpr std::string_view kRequest = "are you well?\n";
constexpr Millis kGreetingTimeout{5000};

unsigned segments_sent_twice(const Fd& fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(fd.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_total_retrans : 0;
}

int milliseconds_until(Clock::time_point when) {
  return static_cast<int>(std::max<std::int64_t>(0, std::chrono::ceil<Millis>(when - Clock::now()).count()));
}

}  // namespace

Result<std::unique_ptr<GoodTraffic>> GoodTraffic::start(const GoodPlan& plan) {
  std::unique_ptr<GoodTraffic> traffic(new GoodTraffic(plan));
  traffic->epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  SP_TRY(traffic->greet_long_lived());
  traffic->thread_ = std::thread([raw = traffic.get()] { raw->work(); });
  return traffic;
}

GoodTraffic::~GoodTraffic() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

GoodReport GoodTraffic::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  return report_;
}

Result<void> GoodTraffic::greet_long_lived() {
  SP_TRY_ASSIGN(inside, test::NetnsScope::enter(plan_.netns));
  for (std::size_t i = 0; i < plan_.long_lived; ++i) SP_TRY(open(true));
  const auto deadline = Clock::now() + kGreetingTimeout;
  while (!is_quiet()) {
    std::array<epoll_event, 64> ready{};
    const int count = ::epoll_wait(epoll_.get(), ready.data(), ready.size(), milliseconds_until(deadline));
    for (int i = 0; i < count; ++i) hear(ready[static_cast<std::size_t>(i)].data.fd);
    if (Clock::now() > deadline || conversations_.size() < plan_.long_lived)
      return Error{ETIMEDOUT, "good traffic from " + plan_.netns + ": long-lived connections"};
  }
  report_ = {};
  return {};
}

Result<void> GoodTraffic::open(bool is_long) {
  const test::Endpoint& target = plan_.targets[next_target_++ % plan_.targets.size()];
  SP_TRY_ASSIGN(address, test::SocketAddress::from(target));
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_error(errno, "good traffic: socket");
  if (::connect(fd.get(), address.raw(), address.length) != 0 && errno != EINPROGRESS) {
    return errno_error(errno, "good traffic: connect to " + target.text());
  }
  const int raw = fd.get();
  conversations_[raw] = {std::move(fd), is_long, false, true, Clock::now()};
  epoll_event event{.events = EPOLLIN, .data = {.fd = raw}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, raw, &event);
  return {};
}

void GoodTraffic::ask(Conversation& conversation) {
  conversation.is_waiting = true;
  if (conversation.is_long) conversation.since = Clock::now();
  (void)::send(conversation.fd.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL);
}

// A server's lines are short and come whole: first its greeting, then what it was asked.
void GoodTraffic::hear(int fd) {
  const auto found = conversations_.find(fd);
  if (found == conversations_.end()) return;
  Conversation& conversation = found->second;
  std::array<char, 512> bytes{};
  const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    judge(conversation, got == 0 ? "closed" : std::strerror(errno));
    conversations_.erase(found);
    return;
  }
  const bool was_greeted = std::exchange(conversation.is_greeted, true);
  conversation.is_waiting = false;
  if (!conversation.is_long && !was_greeted) {
    ask(conversation);
    return;
  }
  if (was_greeted) judge(conversation, "");
  if (!conversation.is_long) conversations_.erase(found);
}

void GoodTraffic::judge(const Conversation& conversation, const std::string& trouble) {
  std::string reason = trouble;
  const unsigned twice = segments_sent_twice(conversation.fd);
  unsigned before = 0;
  if (conversation.is_long) before = std::exchange(sent_twice_[conversation.fd.get()], twice);
  if (reason.empty() && twice > before) reason = "sent twice";
  if (reason.empty() && Clock::now() - conversation.since > kLate) reason = "late";
  ++(conversation.is_long ? report_.requests : report_.connections);
  if (reason.empty()) return;
  ++(conversation.is_long ? report_.lost_requests : report_.lost_connections);
  ++report_.reasons[reason];
}

// On one that still waits for an answer the next request would wait, too.
void GoodTraffic::beat() {
  const auto now = Clock::now();
  for (auto& [fd, conversation] : conversations_) {
    if (!conversation.is_long) continue;
    if (!conversation.is_waiting) {
      ask(conversation);
    } else if (now - conversation.since > kLate) {
      ++report_.requests;
      ++report_.lost_requests;
      ++report_.reasons["behind a lost one"];
    }
  }
}

bool GoodTraffic::is_quiet() const {
  return std::all_of(conversations_.begin(), conversations_.end(),
                     [](const auto& entry) { return entry.second.is_long && !entry.second.is_waiting; });
}

// What has no answer by now is lost, whatever comes later.
void GoodTraffic::sweep() {
  const auto now = Clock::now();
  for (auto entry = conversations_.begin(); entry != conversations_.end();) {
    const Conversation& conversation = entry->second;
    if (conversation.is_waiting && !conversation.is_long && now - conversation.since > 2 * kLate) {
      judge(conversation, conversation.is_greeted ? "no answer" : "not connected");
      entry = conversations_.erase(entry);
    } else {
      ++entry;
    }
  }
}

void GoodTraffic::work() {
  const CpuScope here(plan_.cpu);
  const auto inside = test::NetnsScope::enter(plan_.netns);
  auto next_new = Clock::now();
  auto next_beat = next_new;
  auto deadline = Clock::time_point::max();
  while (!(stopping_ && is_quiet()) && Clock::now() < deadline) {
    if (stopping_) deadline = std::min(deadline, Clock::now() + 10 * kLate);
    std::array<epoll_event, 64> ready{};
    const int count =
        ::epoll_wait(epoll_.get(), ready.data(), ready.size(), milliseconds_until(std::min(next_new, next_beat)));
    for (int i = 0; i < count; ++i) hear(ready[static_cast<std::size_t>(i)].data.fd);
    const auto now = Clock::now();
    for (; now >= next_new; next_new += plan_.new_interval) {
      if (!stopping_ && !open(false)) ++report_.reasons["not opened"];
    }
    if (now >= next_beat) {
      next_beat += plan_.beat;
      if (!stopping_) beat();
      sweep();
    }
  }
  for (const auto& [fd, conversation] : conversations_) {
    if (conversation.is_waiting) judge(conversation, "no answer");
  }
}

}  // namespace sp::bench
