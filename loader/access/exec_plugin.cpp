// SPDX-License-Identifier: Apache-2.0
#include "loader/access/exec_plugin.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace sp::access {
namespace {

// Credentials that are about to expire would do so on their way.
constexpr auto kBeforeExpiry = std::chrono::seconds(10);
constexpr unsigned kMaxDoublings = 5;
constexpr std::size_t kMaxQuoted = 300;

// The environment of this process, with `changes` in it.
std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& changes) {
  std::vector<std::string> environment;
  const auto is_changed = [&changes](std::string_view entry) {
    const std::string_view name = entry.substr(0, entry.find('='));
    return std::any_of(changes.begin(), changes.end(), [name](const auto& change) { return change.first == name; });
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!is_changed(*entry)) {
      environment.emplace_back(*entry);
    }
  }
  for (const auto& [name, value] : changes) {
    environment.push_back(name + "=" + value);
  }
  return environment;
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  const std::size_t begin = text.find_last_of('\n');
  return std::string(begin == std::string_view::npos ? text : text.substr(begin + 1)).substr(0, kMaxQuoted);
}

bool is_fresh(const ExecCredential& credential) {
  return !credential.expires || std::chrono::system_clock::now() + kBeforeExpiry < *credential.expires;
}

}  // namespace

Result<std::unique_ptr<ExecPlugin>> ExecPlugin::create(EventLoop& loop, Options options) {
  std::unique_ptr<ExecPlugin> plugin(new ExecPlugin(loop, std::move(options)));
  SP_TRY_ASSIGN(timer, loop.add_timer([raw = plugin.get()] { raw->run(); }));
  plugin->start_timer_ = timer;
  return plugin;
}

ExecPlugin::~ExecPlugin() {
  loop_.remove(start_timer_);
}

void ExecPlugin::get(const http::Server& server, Done done) {
  if (cached_ && is_fresh(*cached_)) {
    return done(*cached_);
  }
  waiting_.push_back(std::move(done));
  if (waiting_.size() > 1) {
    return;  // a run is under way, or due
  }
  info_ = exec_info(options_.entry, server);
  loop_.start_once(start_timer_, std::max(not_before_ - Clock::now(), Clock::duration::zero()));
}

void ExecPlugin::run() {
  auto changes = options_.entry.environment;
  changes.emplace_back("KUBERNETES_EXEC_INFO", info_);
  Child::Command command{
      .words = {options_.entry.command}, .environment = environment_with(changes), .timeout = options_.timeout};
  command.words.insert(command.words.end(), options_.entry.arguments.begin(), options_.entry.arguments.end());
  started_at_ = Clock::now();
  auto started = Child::start(loop_, command, [this](const Child::Ended& ended) { finish(ended); });
  if (!started) {
    return settle(not_started(started.error()));
  }
  child_ = std::move(started).value();
}

void ExecPlugin::finish(const Child::Ended& ended) {
  child_.reset();
  const std::string words = last_line(ended.errors);
  const std::string said = words.empty() ? "" : "; it said: " + words;
  if (ended.outcome == Child::Outcome::timed_out) {
    return settle(error("did not end within " + std::to_string(options_.timeout.count()) +
                        " ms and was killed: does it wait for a terminal or for the network" + said));
  }
  if (ended.outcome == Child::Outcome::too_much) {
    return settle(error("printed more than 1 MiB and was killed: expected an ExecCredential" + said));
  }
  if (ended.exit_code != 0) {
    return settle(error("failed with exit code " + std::to_string(ended.exit_code) + said));
  }
  auto credential = parse_exec_credential(ended.output, options_.entry.api_version);
  if (!credential) {
    return settle(error(credential.error().text() + said));
  }
  settle(std::move(credential));
}

void ExecPlugin::settle(const Result<ExecCredential>& result) {
  failures_ = result ? 0 : std::min(failures_ + 1, kMaxDoublings + 1);
  const auto pause = options_.pause * (failures_ == 0 ? 1U : std::min(1U << (failures_ - 1), 30U));
  not_before_ = (result ? started_at_ : Clock::now()) + pause;
  if (result) {
    cached_ = *result;
  }
  const std::weak_ptr<bool> alive = alive_;
  for (const Done& done : std::exchange(waiting_, {})) {
    if (alive.expired()) {
      return;
    }
    done(result);
  }
}

Error ExecPlugin::error(const std::string& what) const {
  return Error{0, "credential plugin " + options_.entry.command + " of " + options_.owner + " " + what};
}

Error ExecPlugin::not_started(const Error& cause) const {
  if (cause.err != ENOENT) {
    return error(cause.text());
  }
  const std::string& hint = options_.entry.install_hint;
  return error("is not there: install it" + (hint.empty() ? ", or correct its name" : "; " + hint));
}

}  // namespace sp::access
