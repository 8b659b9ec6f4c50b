// SPDX-License-Identifier: Apache-2.0
// SecretFile: a file with a token or certificates, read again when it has changed.
//
// Promises: asking costs one stat() while nothing has changed; a file that is gone, unreadable or half written keeps
// its last good content, and that is logged once until it is good again; no message quotes the content.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "loader/util/result.h"

namespace sp::access {

class SecretFile {
 public:
  enum class Content : std::uint8_t {
    token,  // one word; blanks around it do not count. Read once a minute even if nothing seems to have changed
    pem,    // certificates or a key
  };

  SecretFile(std::filesystem::path path, Content content) : path_(std::move(path)), content_(content) {}

  // An error only when there never was a good content.
  [[nodiscard]] Result<std::string> read();
  // Has the next read() look at the content, whatever stat() says.
  void distrust() { seen_.reset(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  // What tells one version of a file from the next.
  struct Version {
    dev_t device;
    ino_t inode;
    off_t size;
    std::int64_t modified_s;
    std::int64_t modified_ns;
    bool operator==(const Version&) const = default;
  };
  [[nodiscard]] Result<Version> version() const;
  [[nodiscard]] Result<std::string> load() const;
  [[nodiscard]] Result<std::string> keep(Error error);

  std::filesystem::path path_;
  Content content_;
  std::optional<std::string> good_;
  std::optional<Version> seen_;
  std::chrono::steady_clock::time_point read_at_;
  bool complained_ = false;
};

}  // namespace sp::access
