// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/store.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace sp::fake_api {
namespace {

std::string uid_text(std::uint64_t number) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "5a11f0a7-0000-4000-8000-%012llx", static_cast<unsigned long long>(number));
  return text.data();
}

std::string time_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string text_of(const Json& value) {
  // What is no UTF-8 becomes U+FFFD: the encoder of the API does the same.
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool same_but_for_version(const Json& left, const Json& right) {
  Json a = left;
  Json b = right;
  a["metadata"].erase("resourceVersion");
  b["metadata"].erase("resourceVersion");
  return a == b;
}

}  // namespace

std::string Object::typed_text() const {
  std::string result =
      R"({"kind":")" + std::string(resource->kind) + R"(","apiVersion":")" + resource->api_version() + '"';
  return text == "{}" ? result + "}" : result + "," + text.substr(1);
}

ObjectPtr Object::at(Version other) const {
  auto copy = std::make_shared<Object>(*this);
  copy->version = other;
  copy->value["metadata"]["resourceVersion"] = std::to_string(other);
  copy->text = text_of(copy->value);
  return copy;
}

Version Store::put(const Resource& resource, Json object) {
  object.erase("kind");
  object.erase("apiVersion");
  Json& meta = object["metadata"];
  if (resource.namespaced && !meta.contains("namespace")) meta["namespace"] = "default";
  const std::string key = key_of(field_text(object, "metadata.namespace"), field_text(object, "metadata.name"));

  const std::lock_guard guard(lock_);
  Shelf& shelf = shelves_[&resource];
  const auto found = shelf.objects.find(key);
  const ObjectPtr before = found == shelf.objects.end() ? nullptr : found->second;
  if (before != nullptr) {
    meta["uid"] = before->value["metadata"]["uid"];
    meta["creationTimestamp"] = before->value["metadata"]["creationTimestamp"];
    if (same_but_for_version(before->value, object)) return before->version;
  } else {
    if (!meta.contains("uid")) meta["uid"] = uid_text(next_uid_++);
    if (!meta.contains("creationTimestamp")) meta["creationTimestamp"] = time_text();
  }
  auto after = std::make_shared<Object>();
  after->resource = &resource;
  after->key = key;
  after->value = std::move(object);
  return record(shelf, before, std::move(after));
}

std::optional<Version> Store::remove(const Resource& resource, const std::string& key) {
  const std::lock_guard guard(lock_);
  Shelf& shelf = shelves_[&resource];
  const auto found = shelf.objects.find(key);
  if (found == shelf.objects.end()) return std::nullopt;
  return record(shelf, found->second, nullptr);
}

// `before` or `after` may be null, not both.
Version Store::record(Shelf& shelf, ObjectPtr before, std::shared_ptr<Object> after) {
  ++version_;
  if (after != nullptr) {
    after->version = version_;
    after->value["metadata"]["resourceVersion"] = std::to_string(version_);
    after->text = text_of(after->value);
    shelf.objects[after->key] = after;
  } else {
    shelf.objects.erase(before->key);
  }
  shelf.history.push_back({version_, std::move(before), std::move(after)});
  changed_.notify_all();
  return version_;
}

Version Store::version() const {
  const std::lock_guard guard(lock_);
  return version_;
}

ObjectPtr Store::find(const Resource& resource, const std::string& key) const {
  const Table objects = now(resource).first;
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : found->second;
}

std::pair<Store::Table, Version> Store::now(const Resource& resource) const {
  const std::lock_guard guard(lock_);
  const auto shelf = shelves_.find(&resource);
  return {shelf == shelves_.end() ? Table() : shelf->second.objects, version_};
}

std::optional<Store::Table> Store::at(const Resource& resource, Version version) const {
  const std::lock_guard guard(lock_);
  if (version < compacted_) return std::nullopt;
  const auto shelf = shelves_.find(&resource);
  if (shelf == shelves_.end()) return Table();
  Table objects = shelf->second.objects;
  for (auto change = shelf->second.history.rbegin(); change != shelf->second.history.rend(); ++change) {
    if (change->version <= version) break;
    if (change->before != nullptr) {
      objects[change->before->key] = change->before;
    } else {
      objects.erase(change->after->key);
    }
  }
  return objects;
}

Store::News Store::since(const Resource& resource, Version version) const {
  const std::lock_guard guard(lock_);
  News news;
  news.until = version_;
  const auto shelf = shelves_.find(&resource);
  if (shelf == shelves_.end()) return news;
  const std::deque<Change>& history = shelf->second.history;
  auto first = history.end();
  while (first != history.begin() && std::prev(first)->version > version) --first;
  news.changes.assign(first, history.end());
  return news;
}

bool Store::compacted(Version version) const {
  const std::lock_guard guard(lock_);
  return version < compacted_;
}

void Store::compact() {
  const std::lock_guard guard(lock_);
  // Watches that are under way keep reading the history, as those of the real server do: only new requests see this.
  compacted_ = version_;
}

void Store::reset(Version first) {
  const std::lock_guard guard(lock_);
  shelves_.clear();
  version_ = first;
  compacted_ = first;
  changed_.notify_all();
}

void Store::advance(Version by) {
  const std::lock_guard guard(lock_);
  version_ += by;
  changed_.notify_all();
}

void Store::await(Version version, Clock::time_point until) const {
  std::unique_lock guard(lock_);
  const std::uint64_t wakes = wakes_;
  changed_.wait_until(guard, until, [&] { return version_ != version || wakes_ != wakes; });
}

void Store::wake() const {
  {
    const std::lock_guard guard(lock_);
    ++wakes_;
  }
  // Who wakes up finds the lock free.
  changed_.notify_all();
}

}  // namespace sp::fake_api
