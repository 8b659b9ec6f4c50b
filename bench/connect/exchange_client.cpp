// SPDX-License-Identifier: Apache-2.0
#include "bench/connect/exchange_client.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "tests/harness/netns.h"

namespace sp::bench {

namespace {

// Below those that the kernel gives (net.ipv4.ip_local_port_range), which other clients of the machine need.
constexpr std::uint64_t kFirstPort = 2000;
constexpr std::uint64_t kPorts = 30000;
constexpr int kBindTries = 1000;
// An exchange that takes so long waits for a retransmission.
constexpr test::Millis kStall{150};

double microseconds(test::Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

// So that what a round leaves behind does not reach into the next one.
void abandon(Fd& fd) {
  const linger reset{1, 0};
  if (fd.valid()) ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  fd.reset();
}

}  // namespace

double Exchanges::latency_us(double share) const {
  if (latencies_us.empty()) return 0;
  return latencies_us[static_cast<std::size_t>(share * static_cast<double>(latencies_us.size() - 1))];
}

ExchangeClient::ExchangeClient(std::string netns, const std::vector<std::string>& addresses)
    : netns_(std::move(netns)) {
  for (const std::string& ip : addresses) {
    if (const auto source = test::SocketAddress::from({ip, 0})) sources_.push_back(*source);
  }
}

// The kernel's choice of a port would come back to one that a server still remembers, long before the others are used.
Result<void> ExchangeClient::bind_next(int fd) {
  for (int i = 0; i < kBindTries; ++i) {
    const std::uint64_t number = opened_++;
    test::SocketAddress source = sources_[number / kPorts % sources_.size()];
    reinterpret_cast<sockaddr_in*>(&source.storage)->sin_port =
        htons(static_cast<std::uint16_t>(kFirstPort + number % kPorts));
    if (::bind(fd, source.raw(), source.length) == 0) return {};
    if (errno != EADDRINUSE) break;
  }
  return errno_error(errno, "client in " + netns_ + ": bind");
}

Result<void> ExchangeClient::open(Conversation& conversation) {
  conversation.since = test::Clock::now();
  conversation.asked = false;
  conversation.fd = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!conversation.fd.valid()) return errno_error(errno, "client in " + netns_ + ": socket");
  SP_TRY(bind_next(conversation.fd.get()));
  if (::connect(conversation.fd.get(), target_.raw(), target_.length) != 0 && errno != EINPROGRESS) {
    return errno_error(errno, "client in " + netns_ + ": connect to " + target_.endpoint().text());
  }
  return {};
}

Result<bool> ExchangeClient::advance(Conversation& conversation) const {
  const int fd = conversation.fd.get();
  if (!conversation.asked) {
    conversation.asked = ::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) > 0;
    if (conversation.asked || errno == EAGAIN) return false;
    return errno_error(errno, "client in " + netns_ + ": ask " + target_.endpoint().text());
  }
  std::array<char, 256> bytes{};
  const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
  if (got == static_cast<ssize_t>(kRequest.size())) return true;
  if (got < 0 && errno == EAGAIN) return false;
  return errno_error(got < 0 ? errno : EBADMSG, "client in " + netns_ + ": hear " + target_.endpoint().text());
}

// A veth delivers within the sender's call, so what another CPU would do in parallel is done when a call returns, and
// asking each socket in turn hardly ever asks in vain.
Result<Exchanges> ExchangeClient::run(const ExchangePlan& plan, const ExchangeServer& server) {
  SP_TRY_ASSIGN(inside, test::NetnsScope::enter(netns_));
  SP_TRY_ASSIGN(target, test::SocketAddress::from(plan.target));
  target_ = target;
  Exchanges out;
  std::vector<Conversation> conversations(plan.parallel);
  const auto begin = test::Clock::now();
  for (Conversation& conversation : conversations) SP_TRY(open(conversation));
  auto now = begin;
  while (now - begin < plan.duration) {
    server.serve();
    now = test::Clock::now();
    for (Conversation& conversation : conversations) {
      const auto ended = advance(conversation);
      if (ended && !*ended) continue;
      conversation.fd.reset();
      now = test::Clock::now();
      if (ended) {
        out.latencies_us.push_back(microseconds(now - conversation.since));
      } else {
        ++out.failed;
      }
      SP_TRY(open(conversation));
    }
  }
  for (Conversation& conversation : conversations) {
    if (now - conversation.since > kStall) ++out.stalled;
    abandon(conversation.fd);
  }
  out.per_second = static_cast<double>(out.latencies_us.size()) * 1e6 / microseconds(now - begin);
  std::sort(out.latencies_us.begin(), out.latencies_us.end());
  return out;
}

}  // namespace sp::bench
