// SPDX-License-Identifier: Apache-2.0
// SteadyLoad: one thread, one epoll set, two timers; the whole step runs under one lock.
#include "tests/harness/steady_load.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

namespace sp::test {

namespace {

constexpr std::string_view kRequest = "still there?\n";

Result<Fd> start_timer(Millis period) {
  Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  const timespec step{.tv_sec = period.count() / 1000, .tv_nsec = (period.count() % 1000) * 1000000};
  const itimerspec spec{.it_interval = step, .it_value = step};
  if (!timer.valid() || ::timerfd_settime(timer.get(), 0, &spec, nullptr) != 0) {
    return errno_error(errno, "steady load: timer");
  }
  return timer;
}

void clear_timer(int fd) {
  std::uint64_t expirations = 0;
  (void)!::read(fd, &expirations, sizeof expirations);
}

const char* stage_name(int stage) {
  constexpr std::array<const char*, 4> kNames = {"connect", "greeting", "idle", "echo"};
  return kNames.at(static_cast<std::size_t>(stage));
}

}  // namespace

std::string SteadyLoad::Report::text() const {
  std::ostringstream out;
  out << completed << " new connections completed, " << beats << " answers on long-lived ones, " << failed
      << " failed, " << reset << " reset, " << farewells << " farewells";
  for (const auto& [error, count] : errors) {
    out << "\n  " << error << " x" << count;
  }
  return out.str();
}

Result<std::unique_ptr<SteadyLoad>> SteadyLoad::start(const Plan& plan) {
  std::unique_ptr<SteadyLoad> load(new SteadyLoad(plan));
  SP_TRY_ASSIGN(open_timer, start_timer(plan.new_interval));
  SP_TRY_ASSIGN(beat_timer, start_timer(plan.beat));
  load->open_timer_ = std::move(open_timer);
  load->beat_timer_ = std::move(beat_timer);
  load->epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  for (const int fd : {load->open_timer_.get(), load->beat_timer_.get()}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (::epoll_ctl(load->epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return errno_error(errno, "steady load: epoll");
    }
  }
  load->thread_ = std::thread([raw = load.get()] { raw->work(); });
  std::unique_lock guard(load->lock_);
  const bool settled = load->changed_.wait_for(
      guard, kStall, [&] { return load->greeted_ == plan.long_lived || !load->report_.errors.empty(); });
  if (!settled || !load->report_.errors.empty()) {
    return Error{ETIMEDOUT, "steady load: long-lived connections did not start: " + load->report_.text()};
  }
  return load;
}

SteadyLoad::~SteadyLoad() {
  if (thread_.joinable()) {
    (void)stop();
  }
}

Result<void> SteadyLoad::await_progress(std::size_t completed, std::size_t beats, Millis timeout) {
  std::unique_lock guard(lock_);
  const std::size_t want_completed = report_.completed + completed;
  const std::size_t want_beats = slowest_beats() + beats;
  const bool settled = changed_.wait_for(guard, timeout, [&] {
    return !report_.errors.empty() || (report_.completed >= want_completed && slowest_beats() >= want_beats);
  });
  if (!settled || !report_.errors.empty()) {
    return Error{ETIMEDOUT, "steady load: no progress: " + report_.text()};
  }
  return {};
}

SteadyLoad::Report SteadyLoad::stop() {
  {
    const std::lock_guard guard(lock_);
    draining_ = true;
  }
  thread_.join();
  return report_;
}

std::size_t SteadyLoad::slowest_beats() const {
  std::size_t slowest = SIZE_MAX;
  for (const auto& [fd, connection] : connections_) {
    if (connection.long_lived) {
      slowest = std::min(slowest, connection.beats);
    }
  }
  return slowest == SIZE_MAX ? 0 : slowest;
}

bool SteadyLoad::drained() const {
  return std::all_of(connections_.begin(), connections_.end(),
                     [](const auto& entry) { return entry.second.long_lived && entry.second.stage == Stage::idle; });
}

void SteadyLoad::work() {
  std::array<epoll_event, 64> ready{};
  std::unique_lock guard(lock_);
  for (std::size_t i = 0; i < plan_.long_lived; ++i) {
    open_connection(true);
  }
  while (!draining_ || !drained()) {
    guard.unlock();
    const int count = ::epoll_wait(epoll_.get(), ready.data(), ready.size(), -1);
    guard.lock();
    for (int i = 0; i < count; ++i) {
      const int fd = ready[i].data.fd;
      if (fd == beat_timer_.get()) {
        clear_timer(fd);
        beat();
      } else if (fd == open_timer_.get()) {
        clear_timer(fd);
        if (!draining_) {
          open_connection(false);
        }
      } else {
        advance(fd);
      }
    }
    changed_.notify_all();
  }
}

void SteadyLoad::open_connection(bool long_lived, std::size_t beats) {
  const Endpoint target = plan_.targets[next_target_++ % plan_.targets.size()];
  auto fd = open_socket(plan_.from, Transport::tcp, target, SOCK_NONBLOCK);
  const auto address = SocketAddress::from(target);
  if (!fd || !address) {
    ++report_.failed;
    ++report_.errors[fd ? address.error().text() : fd.error().text()];
    return;
  }
  const int raw = fd->get();
  connections_[raw] = Connection{std::move(*fd), long_lived, Stage::connecting, target, {}, beats, Clock::now()};
  if (::connect(raw, address->raw(), address->length) != 0 && errno != EINPROGRESS) {
    end(raw, errno, "connect");
    return;
  }
  epoll_event event{.events = EPOLLIN, .data = {.fd = raw}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, raw, &event);
}

void SteadyLoad::advance(int fd) {
  const auto readable = connections_.find(fd);
  if (readable == connections_.end() || !receive(readable->second)) {
    return;
  }
  for (;;) {
    const auto found = connections_.find(fd);  // anew: taking a line may end the connection
    if (found == connections_.end()) {
      return;
    }
    std::string& received = found->second.received;
    const auto line_end = received.find('\n');
    if (line_end == std::string::npos) {
      return;
    }
    const std::string line = received.substr(0, line_end);
    received.erase(0, line_end + 1);
    take_line(found->second, line);
  }
}

// False when the connection ended.
bool SteadyLoad::receive(Connection& connection) {
  std::array<char, 1024> bytes{};
  const ssize_t got = ::recv(connection.fd.get(), bytes.data(), bytes.size(), 0);
  if (got > 0) {
    connection.received.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
  }
  const int err = got == 0 ? EPIPE : errno;
  if (err == EAGAIN || err == EINTR) {
    return false;
  }
  end(connection.fd.get(), err, stage_name(static_cast<int>(connection.stage)));
  return false;
}

void SteadyLoad::take_line(Connection& connection, const std::string& line) {
  if (connection.stage == Stage::connecting || connection.stage == Stage::greeting) {
    const std::string identity = line.substr(0, line.find(' '));
    ++report_.identities[identity];
    if (connection.long_lived) {
      report_.long_lived_identities.insert(identity);
      ++greeted_;
      connection.stage = Stage::idle;
    } else {
      send_request(connection);
    }
    return;
  }
  if (connection.stage == Stage::idle && line + "\n" == kFarewell) {
    succeed(connection.fd.get());
    return;
  }
  if (connection.stage != Stage::echo || line + "\n" != kRequest) {
    end(connection.fd.get(), EBADMSG, "echo");
    return;
  }
  if (!connection.long_lived) {
    ++report_.completed;
    connections_.erase(connection.fd.get());
    return;
  }
  ++report_.beats;
  ++connection.beats;
  connection.stage = Stage::idle;
}

// Another connection in the place of one whose server has left.
void SteadyLoad::succeed(int fd) {
  const std::size_t beats = connections_.at(fd).beats;
  connections_.erase(fd);
  ++report_.farewells;
  if (!draining_) {
    open_connection(true, beats);
  }
}

void SteadyLoad::send_request(Connection& connection) {
  connection.stage = Stage::echo;
  connection.since = Clock::now();
  if (::send(connection.fd.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) {
    end(connection.fd.get(), errno, "send");
  }
}

void SteadyLoad::beat() {
  const auto now = Clock::now();
  std::vector<int> stalled;
  std::vector<int> idle;
  for (const auto& [fd, connection] : connections_) {
    if (connection.stage == Stage::idle) {
      idle.push_back(fd);
    } else if (now - connection.since > kStall) {
      stalled.push_back(fd);
    }
  }
  for (const int fd : stalled) {
    end(fd, ETIMEDOUT, stage_name(static_cast<int>(connections_.at(fd).stage)));
  }
  if (draining_) {
    return;
  }
  for (const int fd : idle) {
    send_request(connections_.at(fd));
  }
}

void SteadyLoad::end(int fd, int err, const std::string& stage) {
  const auto found = connections_.find(fd);
  const std::string kind = found->second.long_lived ? "long-lived " : "new ";
  ++(err == ECONNRESET ? report_.reset : report_.failed);
  ++report_.errors[Error{err, kind + "connection to " + found->second.target.text() + ": " + stage}.text()];
  connections_.erase(found);
}

}  // namespace sp::test
