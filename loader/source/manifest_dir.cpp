// SPDX-License-Identifier: Apache-2.0
// Ties the watch on the folder, the files and the set of their objects together.
//
// A file that was written completely is read at once. One that was removed or only created waits until the folder has
// been quiet for kQuiet: `rm -rf DIR` and `git checkout` both begin by removing files, and neither means to take the
// Services down.
#include "loader/source/manifest_dir.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <set>
#include <system_error>
#include <utility>

#include "loader/source/folder_watch.h"
#include "loader/source/manifest_file.h"
#include "loader/source/manifest_set.h"
#include "loader/source/settle_timer.h"

namespace sp::source {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kQuiet{20};
// A folder that is never quiet gets its removals all the same.
constexpr milliseconds kMaxWait{1000};
// When the folder cannot be listed although it is there, no event will tell that it can be again.
constexpr milliseconds kRetry{1000};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

Result<Fd> poll_both(int first, int second) {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) {
    return errno_error(errno, "epoll: create");
  }
  for (const int fd : {first, second}) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return errno_error(errno, "epoll: add");
    }
  }
  return epoll;
}

}  // namespace

struct ManifestDir::State {
  State(FolderWatch folder_watch, SettleTimer settle_timer, Fd epoll_fd)
      : watch(std::move(folder_watch)), timer(std::move(settle_timer)), epoll(std::move(epoll_fd)) {}

  enum class When { early, settled };

  void refresh();
  void take_folder_gone();
  void take_changes(const FolderWatch::Changes& changes);
  void scan();
  void load(const std::string& name, When when);
  void load_failed(const std::string& name, When when, const Error& error);
  void wait_for(const std::string& name);
  void settle(bool alarm, bool quiet);
  [[nodiscard]] bool in_folder(const std::string& name) const;

  FolderWatch watch;
  SettleTimer timer;
  Fd epoll;
  ManifestSet set;
  std::map<std::string, std::size_t> fingerprints;  // of the text that was parsed last
  std::set<std::string> settling;                   // files whose removal or creation may not be final
  steady_clock::time_point settling_since;
  bool alarm_due = false;  // an entry began to settle since the alarm was set
  bool scan_due = true;    // also after a scan that failed
  bool has_links = false;  // some manifest is a symbolic link, so any entry may change its content
  bool told_gone = false;
  std::string scan_problem;  // the last complaint about listing the folder
};

void ManifestDir::State::refresh() {
  const bool alarm = timer.take_expired();
  const FolderWatch::Changes changes = watch.drain();
  if (!watch.exists()) {
    take_folder_gone();
    return;
  }
  told_gone = false;
  take_changes(changes);
  settle(alarm, changes.empty());
}

void ManifestDir::State::take_folder_gone() {
  settling.clear();
  timer.clear();
  scan_due = true;
  if (!std::exchange(told_gone, true)) {
    set.complain(watch.folder().string() + ": the folder is gone; the " + std::to_string(set.object_count()) +
                 " objects that it defined stay in force until it is back");
  }
}

void ManifestDir::State::take_changes(const FolderWatch::Changes& changes) {
  const auto moves_links = [](const std::set<std::string>& names) {
    return std::any_of(names.begin(), names.end(), [](const auto& name) { return !is_manifest_name(name); });
  };
  // A ConfigMap volume changes all its files by renaming one link, ..data.
  const bool links_moved = has_links && (moves_links(changes.written) || moves_links(changes.unfinished));
  if (changes.everything || scan_due || links_moved) {
    scan();
    return;
  }
  for (const std::string& name : changes.unfinished) {
    if (is_manifest_name(name)) {
      wait_for(name);
    }
  }
  for (const std::string& name : changes.written) {
    if (is_manifest_name(name)) {
      load(name, When::early);
    }
  }
}

void ManifestDir::State::scan() {
  std::set<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(watch.folder(), error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (is_manifest_name(name)) {
      names.insert(name);
    }
  }
  scan_due = static_cast<bool>(error);
  if (error) {
    timer.set(kRetry);
    if (std::exchange(scan_problem, error.message()) != error.message()) {
      set.complain(watch.folder().string() + ": cannot be listed: " + error.message() +
                   "; expected a folder that may be read");
    }
    return;
  }
  scan_problem.clear();
  const When when = set.cluster().complete ? When::early : When::settled;
  for (const std::string& name : set.files()) {
    if (!names.contains(name)) {
      wait_for(name);
    }
  }
  for (const std::string& name : names) {
    load(name, when);
  }
  set.set_complete();
}

void ManifestDir::State::load(const std::string& name, When when) {
  settling.erase(name);
  std::error_code ignored;
  has_links |= std::filesystem::is_symlink(watch.folder() / name, ignored);
  const Result<std::string> text = read_manifest(watch.folder() / name);
  if (!text) {
    load_failed(name, when, text.error());
    return;
  }
  // A file that lost all its text is what a full disk or a writer that has only begun leaves.
  if (is_blank(*text) && set.object_count(name) > 0) {
    if (when == When::early) {
      wait_for(name);
    } else {
      set.set_unreadable(name, "is empty, expected objects (to remove them, delete the file)");
    }
    return;
  }
  const std::size_t fingerprint = std::hash<std::string_view>{}(*text);
  const auto known = fingerprints.find(name);
  if (known != fingerprints.end() && known->second == fingerprint) {
    set.set_unchanged(name);
    return;
  }
  fingerprints[name] = fingerprint;
  set.replace(name, parse_manifest(*text));
}

void ManifestDir::State::load_failed(const std::string& name, When when, const Error& error) {
  if (error.err != ENOENT) {
    set.set_unreadable(name, error.text());
  } else if (when == When::early) {
    wait_for(name);
  } else if (in_folder(name)) {
    set.set_unreadable(name, "is a link to a file that does not exist, expected a file");
  } else {
    set.erase(name);
    fingerprints.erase(name);
  }
}

void ManifestDir::State::wait_for(const std::string& name) {
  if (settling.empty()) {
    settling_since = steady_clock::now();
  }
  settling.insert(name);
  alarm_due = true;
  if (!in_folder(name)) {
    set.set_missing(name);
  }
}

void ManifestDir::State::settle(bool alarm, bool quiet) {
  if (settling.empty()) {
    return;
  }
  const auto waited = std::chrono::duration_cast<milliseconds>(steady_clock::now() - settling_since);
  if ((alarm && quiet) || waited >= kMaxWait) {
    for (const std::string& name : std::exchange(settling, {})) {
      load(name, When::settled);
    }
  } else if ((!quiet || std::exchange(alarm_due, false)) && !scan_due) {
    timer.set(std::min(kQuiet, kMaxWait - waited));
  }
}

bool ManifestDir::State::in_folder(const std::string& name) const {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(watch.folder() / name, error));
}

Result<ManifestDir> ManifestDir::open(std::filesystem::path dir) {
  SP_TRY_ASSIGN(watch, FolderWatch::open(std::move(dir)));
  SP_TRY_ASSIGN(timer, SettleTimer::open());
  SP_TRY_ASSIGN(epoll, poll_both(watch.fd(), timer.fd()));
  timer.set(milliseconds(0));  // the first refresh() has everything to do
  return ManifestDir(std::make_unique<State>(std::move(watch), std::move(timer), std::move(epoll)));
}

ManifestDir::ManifestDir(std::unique_ptr<State> state) : state_(std::move(state)) {}
ManifestDir::ManifestDir(ManifestDir&&) noexcept = default;
ManifestDir& ManifestDir::operator=(ManifestDir&&) noexcept = default;
ManifestDir::~ManifestDir() = default;

int ManifestDir::fd() const {
  return state_->epoll.get();
}

Update ManifestDir::refresh() {
  const bool was_complete = state_->set.cluster().complete;
  state_->refresh();
  Update update;
  update.changed = state_->set.take_changed();
  update.completed = state_->set.cluster().complete && !was_complete;
  update.complaints = state_->set.take_complaints();
  return update;
}

const model::Cluster& ManifestDir::cluster() const {
  return state_->set.cluster();
}

}  // namespace sp::source
