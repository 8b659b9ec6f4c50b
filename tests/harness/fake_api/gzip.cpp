// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/gzip.h"

#include <zlib.h>

#include <functional>

namespace sp::fake_api {

namespace {

constexpr std::size_t kMaxPackedBytes = 64 << 20;

}  // namespace

std::string gzip(const std::string& plain) {
  z_stream stream{};
  // 16 on top of the window size asks for gzip's frame instead of zlib's.
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string PackedBodies::of(const std::string& plain) {
  const Key key{plain.size(), std::hash<std::string>()(plain)};
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = packed_.find(key); known != packed_.end()) return known->second;
  }
  std::string packed = gzip(plain);
  const std::lock_guard lock(mutex_);
  if (bytes_ + packed.size() > kMaxPackedBytes) {
    packed_.clear();
    bytes_ = 0;
  }
  if (packed_.emplace(key, packed).second) bytes_ += packed.size();
  return packed;
}

}  // namespace sp::fake_api
