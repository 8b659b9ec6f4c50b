// SPDX-License-Identifier: Apache-2.0
#include "loader/access/secret_file.h"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "loader/access/text_file.h"
#include "loader/util/log.h"

namespace sp::access {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTokenAge = std::chrono::seconds(60);

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// A file that is being written ends before its last END line does.
bool is_pem(std::string_view text) {
  const std::string_view body = trimmed(text);
  return body.find("-----BEGIN ") != std::string_view::npos && body.ends_with("-----");
}

}  // namespace

Result<std::string> SecretFile::read() {
  auto now_there = version();
  if (!now_there) {
    return keep(std::move(now_there).error());
  }
  const bool is_old = content_ == Content::token && Clock::now() - read_at_ >= kTokenAge;
  if (good_ && seen_ == *now_there && !is_old) {
    return *good_;
  }
  auto loaded = load();
  if (!loaded) {
    return keep(std::move(loaded).error());
  }
  if (std::exchange(complained_, false)) {
    log::info("access", "{} can be used again", path_.string());
  }
  // The version from before the content: what changes in between is read the next time.
  seen_ = *now_there;
  read_at_ = Clock::now();
  good_ = std::move(loaded).value();
  return *good_;
}

Result<std::string> SecretFile::keep(Error error) {
  seen_.reset();
  if (!good_) {
    return error;
  }
  if (!std::exchange(complained_, true)) {
    log::warn("access", "{}; what it said before stays in use", error.text());
  }
  return *good_;
}

Result<SecretFile::Version> SecretFile::version() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) {
    return errno_error(errno, path_.string() + ": cannot be read");
  }
  return Version{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

Result<std::string> SecretFile::load() const {
  auto text = read_text_file(path_);
  if (!text) {
    return text;
  }
  if (content_ == Content::pem) {
    return is_pem(*text) ? Result<std::string>(std::move(*text))
                         : Error{0, path_.string() + ": is not complete PEM: expected -----BEGIN to -----END"};
  }
  const std::string_view word = trimmed(*text);
  return is_word(word) ? Result<std::string>(std::string(word))
                       : Error{0, path_.string() + ": contains no token: expected one word"};
}

}  // namespace sp::access
