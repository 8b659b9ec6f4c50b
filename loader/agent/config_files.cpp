// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/config_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

namespace sp::agent {
namespace {

// Far above any real configuration; keeps a wrong file name (a disk image, say) from filling the memory.
constexpr std::uintmax_t kMaxFileBytes = 1 << 20;

Result<std::string> read_file(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    return errno_error(errno, "--config " + file.string() + ": cannot be read");
  }
  if (!S_ISREG(info.st_mode)) {
    return Error{0, "--config " + file.string() + ": is not a file"};
  }
  if (static_cast<std::uintmax_t>(info.st_size) > kMaxFileBytes) {
    return Error{0, "--config " + file.string() + ": is larger than 1 MiB: expected a short YAML file"};
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return errno_error(errno, "--config " + file.string() + ": cannot be opened");
  }
  return std::string{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

Error second(const std::string& what, const std::string& first, const std::string& file) {
  return Error{0, file + ": has " + what + ", and so has " + first + ": expected one"};
}

Result<void> take_document(source::Value document, const std::string& file, ConfigFiles& files) {
  if (proxy::has_kind(document)) {
    SP_TRY_ASSIGN(reading, proxy::read_config(document, file));
    if (files.proxy) {
      return second("a KubeProxyConfiguration", files.proxy_file, file);
    }
    files.proxy = std::move(reading);
    files.proxy_file = file;
    return {};
  }
  if (files.own) {
    return second("settings of Sallyport", files.own_file, file);
  }
  files.own = std::move(document);
  files.own_file = file;
  return {};
}

}  // namespace

Result<ConfigFiles> read_config_files(const std::vector<std::filesystem::path>& paths) {
  ConfigFiles files;
  for (const std::filesystem::path& path : paths) {
    SP_TRY_ASSIGN(text, read_file(path));
    auto documents = source::parse_yaml(text, 1);
    if (!documents) {
      return Error{0, path.string() + ": " + documents.error().text()};
    }
    for (source::Value& document : *documents) {
      // "---" at either end makes an empty document.
      if (document.kind != source::Value::Kind::null) {
        SP_TRY(take_document(std::move(document), path.string(), files));
      }
    }
    files.files.push_back({path, std::move(text)});
  }
  return files;
}

}  // namespace sp::agent
