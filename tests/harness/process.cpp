// SPDX-License-Identifier: Apache-2.0
// Process: fork and exec with a reader thread for the child's output and a pidfd for its end.
#include "tests/harness/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "loader/util/fd.h"
#include "tests/harness/netns.h"

namespace sp::test {

struct Process::State {
  std::string name;
  pid_t pid = -1;
  Fd pidfd;
  Fd output;
  std::optional<int> exit_code;
  std::thread reader;

  mutable std::mutex lock;
  mutable std::condition_variable changed;
  std::vector<Line> lines;  // guarded by lock
  std::string partial;      // reader only
  bool ended = false;       // guarded by lock: the output is at its end

  void read_output();
  void take(std::string_view bytes);
};

namespace {

struct ChildPlan {
  std::vector<char*> argv;
  int netns = -1;
  int cgroup = -1;
  int output = -1;
};

// Runs between fork and exec in a process that had threads: system calls only.
[[noreturn]] void become(const ChildPlan& plan) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(plan.output, 1) < 0 || ::dup2(plan.output, 2) < 0) {
    ::_exit(126);
  }
  if (plan.netns >= 0 && ::setns(plan.netns, CLONE_NEWNET) != 0) {
    ::_exit(126);
  }
  if (plan.cgroup >= 0 && ::write(plan.cgroup, "0", 1) != 1) {
    ::_exit(126);
  }
  ::execvp(plan.argv[0], plan.argv.data());
  ::_exit(127);
}

Result<Fd> open_for_child(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid()) {
    return errno_error(errno, path + ": open");
  }
  return fd;
}

int remaining_ms(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<Millis>(deadline - Clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

bool contains_all(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (text.find(part) == std::string::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

void Process::State::take(std::string_view bytes) {
  const std::lock_guard guard(lock);
  for (const char c : bytes) {
    if (c == '\n') {
      lines.push_back({std::move(partial), Clock::now()});
      partial.clear();
    } else {
      partial.push_back(c);
    }
  }
  changed.notify_all();
}

void Process::State::read_output() {
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(output.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      break;
    }
    take({buffer.data(), static_cast<std::size_t>(got)});
  }
  if (!partial.empty()) {
    take("\n");
  }
  const std::lock_guard guard(lock);
  ended = true;
  changed.notify_all();
}

Result<Process> Process::spawn(const Options& options) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return errno_error(errno, options.argv.at(0) + ": pipe");
  }
  auto state = std::make_unique<State>();
  state->name = options.argv.at(0);
  state->output = Fd(ends[0]);
  const Fd writer(ends[1]);

  ChildPlan plan;
  plan.output = writer.get();
  Fd netns;
  Fd cgroup;
  if (!options.netns.empty()) {
    SP_TRY_ASSIGN(opened, open_for_child(netns_file(options.netns), O_RDONLY));
    netns = std::move(opened);
    plan.netns = netns.get();
  }
  if (!options.cgroup_dir.empty()) {
    SP_TRY_ASSIGN(opened, open_for_child(options.cgroup_dir + "/cgroup.procs", O_WRONLY));
    cgroup = std::move(opened);
    plan.cgroup = cgroup.get();
  }
  for (const std::string& word : options.argv) {
    plan.argv.push_back(const_cast<char*>(word.c_str()));
  }
  plan.argv.push_back(nullptr);

  state->pid = ::fork();
  if (state->pid < 0) {
    return errno_error(errno, state->name + ": fork");
  }
  if (state->pid == 0) {
    become(plan);
  }
  state->pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, state->pid, 0)));
  State* shared = state.get();
  state->reader = std::thread([shared] { shared->read_output(); });
  return Process(std::move(state));
}

Process::Process(std::unique_ptr<State> state) : state_(std::move(state)) {}
Process::Process(Process&&) noexcept = default;

Process& Process::operator=(Process&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Process::~Process() {
  if (state_ == nullptr) {
    return;
  }
  // The pipe ends with the last of the child's process group (nginx has workers), so that the reader can be joined.
  ::kill(-state_->pid, SIGKILL);
  if (!state_->exit_code.has_value()) {
    ::kill(state_->pid, SIGKILL);
    ::waitpid(state_->pid, nullptr, 0);
  }
  state_->reader.join();
}

pid_t Process::pid() const {
  return state_->pid;
}

std::size_t Process::line_count() const {
  const std::lock_guard guard(state_->lock);
  return state_->lines.size();
}

std::vector<std::string> Process::lines() const {
  const std::lock_guard guard(state_->lock);
  std::vector<std::string> texts;
  for (const Line& line : state_->lines) {
    texts.push_back(line.text);
  }
  return texts;
}

std::string Process::tail(std::size_t count) const {
  const std::vector<std::string> texts = lines();
  std::string joined;
  for (std::size_t i = texts.size() > count ? texts.size() - count : 0; i < texts.size(); ++i) {
    joined += "    " + texts[i] + "\n";
  }
  return joined;
}

Result<Process::Line> Process::await_line(std::size_t from, const std::vector<std::string>& parts,
                                          Millis timeout) const {
  const auto deadline = Clock::now() + timeout;
  std::unique_lock guard(state_->lock);
  for (std::size_t next = from;;) {
    for (; next < state_->lines.size(); ++next) {
      if (contains_all(state_->lines[next].text, parts)) {
        return state_->lines[next];
      }
    }
    if (state_->ended) {
      return Error{0, state_->name + ": output ended without a line containing '" + parts.at(0) + "'"};
    }
    if (state_->changed.wait_until(guard, deadline) == std::cv_status::timeout && next >= state_->lines.size()) {
      return Error{ETIMEDOUT, state_->name + ": no line containing '" + parts.at(0) + "'"};
    }
  }
}

Result<void> Process::signal(int number) const {
  if (state_->exit_code.has_value()) {
    return Error{ESRCH, state_->name + ": signal"};
  }
  if (::kill(state_->pid, number) != 0) {
    return errno_error(errno, state_->name + ": signal");
  }
  return {};
}

Result<int> Process::await_exit(Millis timeout) {
  if (state_->exit_code.has_value()) {
    return *state_->exit_code;
  }
  pollfd end{.fd = state_->pidfd.get(), .events = POLLIN, .revents = 0};
  const auto deadline = Clock::now() + timeout;
  for (;;) {
    const int ready = ::poll(&end, 1, remaining_ms(deadline));
    if (ready > 0) {
      break;
    }
    if (ready == 0 || errno != EINTR) {
      return Error{ready == 0 ? ETIMEDOUT : errno, state_->name + ": still running"};
    }
  }
  int status = 0;
  ::waitpid(state_->pid, &status, 0);
  state_->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return *state_->exit_code;
}

Result<Output> run(const Process::Options& options, Millis timeout) {
  SP_TRY_ASSIGN(process, Process::spawn(options));
  SP_TRY_ASSIGN(code, process.await_exit(timeout));
  // The reader ends with the pipe; awaiting a line that cannot exist waits for exactly that.
  (void)process.await_line(process.line_count(), {"\n"}, Millis(2000));
  Output output{code, {}};
  for (const std::string& line : process.lines()) {
    output.text += line + "\n";
  }
  return output;
}

}  // namespace sp::test
