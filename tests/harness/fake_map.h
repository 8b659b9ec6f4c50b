// SPDX-License-Identifier: Apache-2.0
// FakeMaps: the loader-written maps in plain memory, for tests of sync/ without a kernel.
//
// Hash tables refuse new keys beyond their limit as BPF maps do (E2BIG) and call `on_write` after every write. Arrays
// are whole pages, so that StoreWatch can see every store to them.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "loader/sync/tables.h"
#include "maps/config.h"

namespace sp::test {

struct BytesLess {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return std::memcmp(&a, &b, sizeof a) < 0;
  }
};

template <typename K, typename V>
class FakeHash : public sync::HashTable<K, V> {
 public:
  FakeHash(std::string name, std::size_t limit) : name_(std::move(name)), limit_(limit) {}

  Result<void> update(const K& key, const V& value) override {
    if (!rows_.contains(key) && rows_.size() >= limit_) {
      return errno_error(E2BIG, "map " + name_ + ": update");
    }
    rows_[key] = value;
    wrote();
    return {};
  }
  Result<void> erase(const K& key) override {
    if (refuse_erase_) {
      return errno_error(EBUSY, "map " + name_ + ": delete");
    }
    rows_.erase(key);
    wrote();
    return {};
  }
  Result<void> for_each(const std::function<void(const K&, const V&)>& visit) override {
    for (const auto& [key, value] : rows_) {
      visit(key, value);
    }
    return {};
  }

  [[nodiscard]] const std::map<K, V, BytesLess>& rows() const { return rows_; }
  [[nodiscard]] std::size_t writes() const { return writes_; }
  void set_limit(std::size_t limit) { limit_ = limit; }
  void refuse_erase(bool refuse) { refuse_erase_ = refuse; }
  std::function<void()> on_write;

 private:
  void wrote() {
    ++writes_;
    if (on_write) {
      on_write();
    }
  }

  std::string name_;
  std::size_t limit_;
  std::size_t writes_ = 0;
  bool refuse_erase_ = false;
  std::map<K, V, BytesLess> rows_;
};

// `count` zeroed rows in pages of their own.
template <typename T>
class PageArray {
 public:
  explicit PageArray(std::size_t count) : count_(count) {
    data_ =
        static_cast<T*>(mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  }
  ~PageArray() { munmap(data_, count_ * sizeof(T)); }
  PageArray(const PageArray&) = delete;
  PageArray& operator=(const PageArray&) = delete;
  [[nodiscard]] std::span<T> rows() const { return {data_, count_}; }

 private:
  std::size_t count_;
  T* data_;
};

struct MapSizes {
  std::size_t frontends = 64;
  std::size_t names = 64;
  std::size_t ranges = 64;
  std::size_t services = 32;
  std::size_t slots = 256;
  std::size_t backends = 256;
  std::size_t service_ips = 64;
};

struct FakeMaps {
  explicit FakeMaps(const MapSizes& sizes = {})
      : frontends("sp_frontends", sizes.frontends),
        names("sp_svc_names", sizes.names),
        ranges("sp_source_range", sizes.ranges),
        services(sizes.services),
        slots(sizes.slots),
        backends(sizes.backends),
        service_ips("sp_service_ips", sizes.service_ips),
        networks(1),
        config(1) {
    config.rows().front().epochs = {.route = 1, .backend = 1};
  }

  [[nodiscard]] sync::Tables tables() {
    return {frontends,
            names,
            ranges,
            services.rows(),
            slots.rows(),
            backends.rows(),
            service_ips,
            networks.rows().front(),
            config.rows().front().epochs.backend};
  }

  FakeHash<sp_frontend_key, sp_frontend_val> frontends;
  FakeHash<__u32, sp_service_name> names;
  FakeHash<sp_source_range_key, __u8> ranges;
  PageArray<sp_service_val> services;
  PageArray<__u64> slots;
  PageArray<sp_backend_val> backends;
  FakeHash<sp_addr, __u32> service_ips;
  PageArray<sp_networks_val> networks;
  PageArray<sp_config_val> config;
};

}  // namespace sp::test
