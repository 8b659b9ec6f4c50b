// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/journal.h"

#include <algorithm>

namespace sp::fake_api {

void Journal::note(Entry entry) {
  const std::lock_guard guard(lock_);
  entry.at = std::chrono::steady_clock::now();
  entries_.push_back(std::move(entry));
  noted_.notify_all();
}

void Journal::complain(const std::string& violation) {
  const std::lock_guard guard(lock_);
  if (std::find(violations_.begin(), violations_.end(), violation) == violations_.end()) {
    violations_.push_back(violation);
  }
}

std::vector<Entry> Journal::entries() const {
  const std::lock_guard guard(lock_);
  return entries_;
}

std::vector<std::string> Journal::violations() const {
  const std::lock_guard guard(lock_);
  return violations_;
}

std::size_t Journal::count_locked(const std::string& verb, const std::string& resource) const {
  return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return (verb.empty() || entry.verb == verb) && (resource.empty() || entry.resource == resource);
  }));
}

std::size_t Journal::count(const std::string& verb, const std::string& resource) const {
  const std::lock_guard guard(lock_);
  return count_locked(verb, resource);
}

bool Journal::await(const std::string& verb, const std::string& resource, std::size_t wanted,
                    std::chrono::milliseconds timeout) const {
  std::unique_lock guard(lock_);
  return noted_.wait_for(guard, timeout, [&] { return count_locked(verb, resource) >= wanted; });
}

void Journal::clear() {
  const std::lock_guard guard(lock_);
  entries_.clear();
  violations_.clear();
}

}  // namespace sp::fake_api
