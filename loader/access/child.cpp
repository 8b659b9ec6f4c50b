// SPDX-License-Identifier: Apache-2.0
#include "loader/access/child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace sp::access {
namespace {

constexpr std::size_t kMaxOutput_bytes = 1024UL * 1024;

std::vector<char*> to_pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

struct Pipe {
  Fd read;
  Fd write;
};

// Only our end does not block: a program may rely on writes that wait.
Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return errno_error(errno, "pipe");
  }
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  if (::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0) {
    return errno_error(errno, "pipe");
  }
  return pipe;
}

class SpawnSettings {
 public:
  SpawnSettings(const Fd& output, const Fd& errors) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, errors.get(), STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<std::unique_ptr<Child>> Child::start(EventLoop& loop, const Command& command, Done done) {
  std::unique_ptr<Child> child(new Child(loop, std::move(done)));
  SP_TRY(child->spawn(command));
  SP_TRY(child->watch(command.timeout));
  return child;
}

Child::~Child() {
  forget();
  if (pid_ > 0) {
    end_process();
    ::waitpid(pid_, nullptr, 0);
  }
}

Result<void> Child::spawn(const Command& command) {
  SP_TRY_ASSIGN(output, make_pipe());
  SP_TRY_ASSIGN(errors, make_pipe());
  const SpawnSettings settings(output.write, errors.write);
  const std::vector<char*> words = to_pointers(command.words);
  const std::vector<char*> environment = to_pointers(command.environment);
  const int err =
      ::posix_spawnp(&pid_, words.front(), settings.actions(), settings.attributes(), words.data(), environment.data());
  if (err != 0) {
    pid_ = -1;
    return errno_error(err, "cannot be started");
  }
  output_.fd = std::move(output.read);
  errors_.fd = std::move(errors.read);
  return {};
}

Result<void> Child::watch(std::chrono::milliseconds timeout) {
  // By number: glibc 2.36 declares pidfd_open() for C alone.
  process_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!process_.valid()) {
    return errno_error(errno, "cannot be watched");
  }
  SP_TRY(loop_.watch(process_.get(), [this] { finish(); }));
  SP_TRY(loop_.watch(output_.fd.get(), [this] { drain(output_); }));
  SP_TRY(loop_.watch(errors_.fd.get(), [this] { drain(errors_); }));
  SP_TRY_ASSIGN(timer, loop_.add_timer([this] { kill(Outcome::timed_out); }));
  timeout_ = timer;
  has_timer_ = true;
  loop_.start_once(timeout_, timeout);
  return {};
}

void Child::drain(Stream& stream) {
  std::array<char, 4096> piece{};
  while (stream.fd.valid()) {
    const ssize_t count = ::read(stream.fd.get(), piece.data(), piece.size());
    if (count > 0) {
      stream.text.append(piece.data(), static_cast<std::size_t>(count));
      if (stream.text.size() > kMaxOutput_bytes) {
        stream.text.clear();
        return kill(Outcome::too_much);
      }
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else if (count < 0 && errno == EAGAIN) {
      return;
    } else {
      loop_.forget(stream.fd.get());
      stream.fd.reset();
    }
  }
}

// Its group, with what it started; itself also when it has left the group.
void Child::end_process() const {
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
}

// finish() follows, when the process is gone.
void Child::kill(Outcome why) {
  if (outcome_ == Outcome::exited) {
    outcome_ = why;
    end_process();
  }
}

void Child::finish() {
  // What is in the pipes by now counts; a grandchild that keeps them open is not waited for.
  drain(output_);
  drain(errors_);
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  forget();
  const int exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  const Ended ended{outcome_, exit_code, std::move(output_.text), std::move(errors_.text)};
  const Done done = std::move(done_);
  done(ended);
}

void Child::forget() {
  for (Fd* fd : {&process_, &output_.fd, &errors_.fd}) {
    if (fd->valid()) {
      loop_.forget(fd->get());
      fd->reset();
    }
  }
  if (std::exchange(has_timer_, false)) {
    loop_.remove(timeout_);
  }
}

}  // namespace sp::access
