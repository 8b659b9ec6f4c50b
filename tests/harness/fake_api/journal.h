// SPDX-License-Identifier: Apache-2.0
// Journal: what clients asked, and what they should not have asked. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace sp::fake_api {

struct Entry {
  std::string verb;      // "list", "watch", "get", "create", "update", "patch", "delete"; the method when no resource
  std::string resource;  // "services", or the path
  std::string target;    // as it came
  std::string user;      // empty = nobody: 401
  std::string body;
  std::chrono::steady_clock::time_point at;
};

class Journal {
 public:
  void note(Entry entry);
  void complain(const std::string& violation);

  [[nodiscard]] std::vector<Entry> entries() const;
  [[nodiscard]] std::vector<std::string> violations() const;
  // How many requests there were; empty = any.
  [[nodiscard]] std::size_t count(const std::string& verb, const std::string& resource) const;
  // Waits until count() is at least `wanted`. False = the time was up.
  [[nodiscard]] bool await(const std::string& verb, const std::string& resource, std::size_t wanted,
                           std::chrono::milliseconds timeout) const;
  void clear();

 private:
  [[nodiscard]] std::size_t count_locked(const std::string& verb, const std::string& resource) const;

  mutable std::mutex lock_;
  mutable std::condition_variable noted_;
  std::vector<Entry> entries_;
  std::vector<std::string> violations_;  // each once
};

}  // namespace sp::fake_api
