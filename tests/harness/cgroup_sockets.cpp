// SPDX-License-Identifier: Apache-2.0
// One message with a namespace to the child, one with a socket back.
#include "tests/harness/cgroup_sockets.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <map>
#include <mutex>

#include "tests/harness/netns.h"

namespace sp::test {
namespace {

struct Order {
  int family = 0;
  int type = 0;
};

// A message of plain data with at most one file descriptor. System calls only: the child uses it, too.
template <typename T>
bool send_with(int channel, const T& data, int fd) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part{.iov_base = const_cast<T*>(&data), .iov_len = sizeof data};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  return ::sendmsg(channel, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof data);
}

// The descriptor that came along, or -1; -2 at the end of the channel.
template <typename T>
int receive_with(int channel, T& data) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part{.iov_base = &data, .iov_len = sizeof data};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != static_cast<ssize_t>(sizeof data)) {
    return -2;
  }
  int fd = -1;
  if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  }
  return fd;
}

// The child: joins the cgroup, keeps nothing but the channel, and opens what it is told. It is a copy of a process that
// had threads: system calls only.
[[noreturn]] void serve(int channel, int cgroup) {
  if (::write(cgroup, "0", 1) != 1 || ::dup2(channel, 3) < 0 || ::close_range(4, UINT_MAX, 0) != 0) {
    ::_exit(126);
  }
  Order order;
  for (;;) {
    const int netns = receive_with(3, order);
    if (netns < 0 || ::setns(netns, CLONE_NEWNET) != 0) {
      ::_exit(0);
    }
    ::close(netns);
    const int made = ::socket(order.family, order.type, 0);
    const int err = made < 0 ? errno : 0;
    if (!send_with(3, err, made)) {
      ::_exit(0);
    }
    ::close(made);
  }
}

class Opener {
 public:
  static Result<Opener> start(const std::string& cgroup_dir) {
    const Fd cgroup(::open((cgroup_dir + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    int ends[2];
    if (!cgroup.valid() || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
      return errno_error(errno, cgroup_dir + ": open for sockets");
    }
    const Fd childs_end(ends[1]);
    Opener opener;
    opener.channel_ = Fd(ends[0]);
    opener.child_ = ::fork();
    if (opener.child_ == 0) {
      serve(ends[1], cgroup.get());
    }
    if (opener.child_ < 0) {
      return errno_error(errno, "fork");
    }
    return opener;
  }

  Opener(Opener&& other) noexcept : channel_(std::move(other.channel_)), child_(std::exchange(other.child_, -1)) {}
  Opener& operator=(Opener&&) = delete;
  ~Opener() {
    channel_.reset();
    if (child_ > 0) {
      ::waitpid(child_, nullptr, 0);
    }
  }

  Result<Fd> open(const Fd& netns, const Order& order) const {
    int err = EPIPE;
    if (!send_with(channel_.get(), order, netns.get())) {
      return errno_error(errno, "order a socket of a cgroup");
    }
    Fd made(receive_with(channel_.get(), err));
    if (!made.valid()) {
      return Error{err, "socket of a cgroup"};
    }
    return made;
  }

 private:
  Opener() = default;
  Fd channel_;
  pid_t child_ = -1;
};

}  // namespace

Result<Fd> open_in_cgroup(const std::string& cgroup_dir, const std::string& netns, int family, int type) {
  static std::mutex lock;
  static std::map<std::string, Opener> openers;
  const std::string file = netns.empty() ? "/proc/thread-self/ns/net" : netns_file(netns);
  const Fd namespace_fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!namespace_fd.valid()) {
    return errno_error(errno, file + ": open");
  }
  const std::lock_guard guard(lock);
  auto found = openers.find(cgroup_dir);
  if (found == openers.end()) {
    SP_TRY_ASSIGN(opener, Opener::start(cgroup_dir));
    found = openers.emplace(cgroup_dir, std::move(opener)).first;
  }
  return found->second.open(namespace_fd, {family, type});
}

}  // namespace sp::test
