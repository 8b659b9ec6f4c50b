// SPDX-License-Identifier: Apache-2.0
// Agents: command lines, manifest folders and logs of the lab's agents.
#include "tests/harness/agents.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>

namespace sp::test {

namespace {

constexpr Millis kStartTimeout{20000};
constexpr Millis kStopTimeout{10000};
constexpr std::size_t kTailLines = 25;

}  // namespace

std::filesystem::path Agents::manifest_dir(const std::string& node) const {
  return lab_.scratch() / ("manifests-" + node);
}

Result<void> Agents::start(const std::string& node, const std::string& binary, const std::string& ready) {
  const Host& host = lab_.host(node);
  std::error_code error;
  std::filesystem::create_directories(manifest_dir(node), error);
  if (error) {
    return Error{error.value(), manifest_dir(node).string() + ": create"};
  }
  std::vector<std::string> argv{binary, "run", "--pin-path", host.pin_path, "--cgroup", host.cgroup_dir};
  argv.insert(argv.end(), source_.begin(), source_.end());
  argv.insert(argv.end(), flags_.begin(), flags_.end());
  if (source_.empty()) {
    argv.insert(argv.end(), {"--manifests", manifest_dir(node)});
  }
  if (std::find(source_.begin(), source_.end(), "--node") == source_.end()) {
    argv.insert(argv.end(), {"--node", node});
  }
  SP_TRY_ASSIGN(process, Process::spawn({.argv = argv, .netns = host.netns, .cgroup_dir = host.cgroup_dir}));
  const auto [entry, inserted] = running_.insert_or_assign(node, std::move(process));
  if (const auto line = entry->second.await_line(0, {ready}, kStartTimeout); !line) {
    return Error{line.error().err, "agent of " + node + ": " + line.error().what + "\n" + diagnosis()};
  }
  return {};
}

Result<void> Agents::start_all(const std::string& binary) {
  for (const std::string& node : lab_.nodes()) {
    SP_TRY(start(node, binary));
  }
  return {};
}

Result<void> Agents::kill(const std::string& node) {
  Process& process = running_.at(node);
  SP_TRY(process.signal(SIGKILL));
  SP_TRY_ASSIGN(code, process.await_exit(kStopTimeout));
  past_logs_[node] += process.tail(kTailLines) + "    (killed)\n";
  running_.erase(node);
  if (code != 128 + SIGKILL) {
    return Error{0, "agent of " + node + " had ended by itself: " + std::to_string(code) + "\n" + diagnosis()};
  }
  return {};
}

Result<void> Agents::stop(const std::string& node) {
  Process& process = running_.at(node);
  SP_TRY(process.signal(SIGTERM));
  SP_TRY_ASSIGN(code, process.await_exit(kStopTimeout));
  past_logs_[node] += process.tail(kTailLines) + "    (stopped)\n";
  running_.erase(node);
  if (code != 0) {
    return Error{0, "agent of " + node + " exited with " + std::to_string(code) + " after SIGTERM\n" + diagnosis()};
  }
  return {};
}

Result<void> Agents::stop_all() {
  while (!running_.empty()) {
    SP_TRY(stop(std::string(running_.begin()->first)));
  }
  return {};
}

Result<Output> Agents::cleanup(const std::string& node) const {
  return ask(node, {"cleanup"});
}

Result<Output> Agents::ask(const std::string& node, std::vector<std::string> words) const {
  words.insert(words.begin(), kSallyport);
  words.insert(words.end(), {"--pin-path", lab_.host(node).pin_path});
  return lab_.run(node, std::move(words));
}

Result<Clock::time_point> Agents::put(const std::string& node, const std::string& file, const std::string& text) const {
  const std::filesystem::path target = manifest_dir(node) / file;
  const std::filesystem::path draft = lab_.scratch() / ("draft-" + node + "-" + file);
  std::error_code error;
  std::filesystem::create_directories(manifest_dir(node), error);
  std::ofstream(draft) << text;
  const auto renamed_at = Clock::now();
  std::filesystem::rename(draft, target, error);
  if (error) {
    return Error{error.value(), target.string() + ": rename"};
  }
  return renamed_at;
}

Result<void> Agents::put_all(const std::string& file, const std::string& text) const {
  for (const std::string& node : lab_.nodes()) {
    SP_TRY(put(node, file, text));
  }
  return {};
}

Result<void> Agents::apply(const std::string& file, const std::string& text) {
  std::map<std::string, std::size_t> marks;
  for (const auto& [node, process] : running_) {
    marks[node] = mark(node);
  }
  SP_TRY(put_all(file, text));
  for (const auto& [node, from] : marks) {
    SP_TRY(await_log(node, from, {"agent: applied", "source=manifests"}));
  }
  return {};
}

std::size_t Agents::mark(const std::string& node) const {
  return running_.at(node).line_count();
}

Result<Process::Line> Agents::await_log(const std::string& node, std::size_t mark,
                                        const std::vector<std::string>& parts, Millis timeout) const {
  auto line = running_.at(node).await_line(mark, parts, timeout);
  if (!line) {
    return Error{line.error().err, "agent of " + node + ": " + line.error().what + "\n" + diagnosis()};
  }
  return line;
}

std::string Agents::diagnosis() const {
  std::string text;
  for (const std::string& node : lab_.nodes()) {
    text += "agent of " + node + ":\n";
    if (const auto past = past_logs_.find(node); past != past_logs_.end()) {
      text += past->second;
    }
    if (const auto process = running_.find(node); process != running_.end()) {
      text += process->second.tail(kTailLines);
      const auto status = ask(node, {"status"});
      text += "  status of " + node + ":\n" + (status ? status->text : status.error().text() + "\n");
    }
  }
  return text;
}

}  // namespace sp::test
