// SPDX-License-Identifier: Apache-2.0
// posix_spawn and three pipes.
#include "loader/takeover/tool.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <spdlog/fmt/fmt.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "loader/util/fd.h"

namespace sp::takeover {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Where Debian and most others keep them; the PATH of a service manager may leave sbin out.
constexpr const char* kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
// A million rules are some 200 MB; more is no rule set.
constexpr std::size_t kMaxOutputBytes = std::size_t{512} << 20;

std::vector<fs::path> path_folders() {
  const char* set = std::getenv("PATH");
  const std::string text = std::string(set == nullptr ? "" : set) + ":" + kUsualPath;
  std::vector<fs::path> folders;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(':', from), text.size());
    if (to > from) folders.emplace_back(text.substr(from, to - from));
    from = to + 1;
  }
  return folders;
}

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error(errno, "make a pipe");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

int milliseconds_until(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

// For as long as it lives, a tool that stops reading is a failed write and no signal.
class NoSigpipe {
 public:
  NoSigpipe() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() { std::signal(SIGPIPE, before_); }

 private:
  void (*before_)(int);
};

// A child that is killed and reaped unless its end was waited for.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      reap();
    }
  }
  // Its wait status; ETIMEDOUT when it is still there at `end`.
  [[nodiscard]] Result<int> wait(Clock::time_point end) {
    // glibc 2.36 declares pidfd_open() without C linkage.
    const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!process.valid()) return errno_error(errno, "watch a tool");
    for (pollfd watched{process.get(), POLLIN, 0};;) {
      const int ready = ::poll(&watched, 1, milliseconds_until(end));
      if (ready > 0) return reap();
      if (ready == 0) return Error{ETIMEDOUT, "does not end, ended"};
      if (errno != EINTR) return errno_error(errno, "wait for a tool");
    }
  }

 private:
  int reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return status;
  }

  pid_t pid_;
};

Result<pid_t> spawn(const fs::path& program, const std::vector<std::string>& arguments, const Pipe& in, const Pipe& out,
                    const Pipe& err) {
  std::string name = program.string();
  std::vector<std::string> words = arguments;
  std::vector<char*> argv{name.data()};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string locale = "LC_ALL=C";
  // iptables-nft loads its extensions by itself; ipset and nft need nothing. PATH is for modprobe's sake.
  std::string path = std::string("PATH=") + kUsualPath;
  std::array<char*, 3> environment{locale.data(), path.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
  // The agent blocks the signals that it reads from a descriptor; a tool shall not inherit that.
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigaddset(&signals, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int code = ::posix_spawn(&pid, name.c_str(), &actions, &attributes, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (code != 0) return errno_error(code, "run " + name);
  return pid;
}

// Appends what is there; false at the end of the stream.
bool read_some(const Fd& from, std::string& to) {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
  if (count > 0) to.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

// Writes what fits; false when all is written, or nobody reads any more.
bool write_some(const Fd& to, std::string_view& rest) {
  const ssize_t count = ::write(to.get(), rest.data(), rest.size());
  if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
  return !rest.empty() && (count > 0 || errno == EAGAIN || errno == EINTR);
}

struct Streams {
  Fd in;
  Fd out;
  Fd err;
};

// Feeds and drains the tool until it closes both of its outputs.
Result<void> exchange(Streams& streams, std::string_view input, Clock::time_point end, std::string& out,
                      std::string& err) {
  for (Fd* fd : {&streams.in, &streams.out, &streams.err}) {
    if (::fcntl(fd->get(), F_SETFL, O_NONBLOCK) != 0) return errno_error(errno, "set a pipe up");
  }
  if (input.empty()) streams.in.reset();
  while (streams.out.valid() || streams.err.valid()) {
    if (Clock::now() >= end) return Error{ETIMEDOUT, "no answer in time, ended"};
    std::array<pollfd, 3> fds{{{streams.in.valid() ? streams.in.get() : -1, POLLOUT, 0},
                               {streams.out.valid() ? streams.out.get() : -1, POLLIN, 0},
                               {streams.err.valid() ? streams.err.get() : -1, POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), milliseconds_until(end)) < 0 && errno != EINTR) {
      return errno_error(errno, "poll");
    }
    if (fds[0].revents != 0 && !write_some(streams.in, input)) streams.in.reset();
    if (fds[1].revents != 0 && !read_some(streams.out, out)) streams.out.reset();
    if (fds[2].revents != 0 && !read_some(streams.err, err)) streams.err.reset();
    if (out.size() + err.size() > kMaxOutputBytes) return Error{EFBIG, "prints without end, ended"};
  }
  return {};
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::optional<fs::path> find_tool(const Tools& tools, std::string_view name) {
  for (const fs::path& folder : tools.folders.empty() ? path_folders() : tools.folders) {
    fs::path candidate = folder / name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

Result<std::string> run_tool(const Tools& tools, const fs::path& program, const std::vector<std::string>& arguments,
                             std::string_view input) {
  const auto failed = [&program](const Error& error) {
    return Error{error.err, program.filename().string() + ": " + error.what};
  };
  const Clock::time_point end = Clock::now() + tools.limit;
  const NoSigpipe no_sigpipe;
  SP_TRY_ASSIGN(in, make_pipe());
  SP_TRY_ASSIGN(out, make_pipe());
  SP_TRY_ASSIGN(err, make_pipe());
  SP_TRY_ASSIGN(pid, spawn(program, arguments, in, out, err));
  Child child(pid);
  Streams streams{std::move(in.write), std::move(out.read), std::move(err.read)};
  in.read.reset();
  out.write.reset();
  err.write.reset();
  std::string printed;
  std::string complaint;
  if (auto done = exchange(streams, input, end, printed, complaint); !done) return failed(done.error());
  auto status = child.wait(end);
  if (!status) return failed(status.error());
  if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return printed;
  const std::string how = WIFEXITED(*status) ? fmt::format("exit code {}", WEXITSTATUS(*status))
                                             : fmt::format("killed by signal {}", WTERMSIG(*status));
  return failed(Error{0, complaint.empty() ? how : first_line(complaint)});
}

}  // namespace sp::takeover
