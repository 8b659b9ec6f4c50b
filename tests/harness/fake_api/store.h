// SPDX-License-Identifier: Apache-2.0
// Store: the objects of the fake API server with every state they have been in, by resourceVersion.
//
// Promises: one counter for all resources, as etcd has; a state that has not been compacted away can be read again
// exactly; a deleted object's last state carries the version of the deletion. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/harness/fake_api/resource.h"

namespace sp::fake_api {

using Version = std::uint64_t;

struct Object {
  const Resource* resource = nullptr;
  std::string key;
  Version version = 0;
  Json value;        // without apiVersion and kind
  std::string text;  // `value`, as items of a list are written

  // With apiVersion and kind, as single objects and watch events are written.
  [[nodiscard]] std::string typed_text() const;
  // The same state under another version.
  [[nodiscard]] std::shared_ptr<const Object> at(Version other) const;
};
using ObjectPtr = std::shared_ptr<const Object>;

struct Change {
  Version version = 0;
  ObjectPtr before;  // null = created
  ObjectPtr after;   // null = deleted; then `before` is the last state
};

class Store {
 public:
  using Clock = std::chrono::steady_clock;
  using Table = std::map<std::string, ObjectPtr>;

  // Creates or replaces; uid and creationTimestamp stay those of the first time. A put that changes nothing is no
  // write. The object needs metadata.name; anything else may be as wrong as a test wants it.
  Version put(const Resource& resource, Json object);
  // Nothing = there was none.
  std::optional<Version> remove(const Resource& resource, const std::string& key);

  [[nodiscard]] Version version() const;
  [[nodiscard]] ObjectPtr find(const Resource& resource, const std::string& key) const;
  // The state at `version`, which is not in the future. Nothing = compacted.
  [[nodiscard]] std::optional<Table> at(const Resource& resource, Version version) const;
  // All objects of now, and the version of now.
  [[nodiscard]] std::pair<Table, Version> now(const Resource& resource) const;
  struct News {
    std::vector<Change> changes;
    Version until = 0;  // they are all there are up to here
  };
  [[nodiscard]] News since(const Resource& resource, Version version) const;
  // True = requests for that version are answered with "Expired".
  [[nodiscard]] bool compacted(Version version) const;

  // From now on only the present is known.
  void compact();
  // Another cluster: no objects, and versions that begin at `first`.
  void reset(Version first);
  // Lets the counter jump, as writes of other resources do.
  void advance(Version by);

  // Returns when `version` is not the newest, after wake(), or at `until`.
  void await(Version version, Clock::time_point until) const;
  void wake() const;

 private:
  struct Shelf {
    Table objects;
    std::deque<Change> history;  // ascending
  };
  Version record(Shelf& shelf, ObjectPtr before, std::shared_ptr<Object> after);

  mutable std::mutex lock_;
  mutable std::condition_variable changed_;
  mutable std::uint64_t wakes_ = 0;
  Version version_ = 1000;
  Version compacted_ = 0;  // versions below are gone
  std::uint64_t next_uid_ = 1;
  std::map<const Resource*, Shelf> shelves_;
};

}  // namespace sp::fake_api
