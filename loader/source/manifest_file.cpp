// SPDX-License-Identifier: Apache-2.0
// Reading and splitting of manifest files. Documents are parsed one by one, so that one which does not parse takes
// nothing else with it and memory is bounded by the largest document.
#include "loader/source/manifest_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "loader/source/decode.h"
#include "loader/source/value.h"
#include "loader/util/fd.h"

namespace sp::source {
namespace {

struct Section {
  std::string_view text;
  std::size_t first_line;
};

// "---" at the start of a line ends a document even inside a block or quoted scalar (YAML 1.2, 9.1.2), so splitting
// there needs no parser.
bool is_separator(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || std::string_view(" \t\r\n").find(line[3]) != line.npos);
}

// True for text without a value: only blanks, comments and %directives.
bool is_blank(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin != line.npos && line[begin] != '#' && line[0] != '%') {
      return false;
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return true;
}

std::vector<Section> split_documents(std::string_view text) {
  std::vector<Section> sections;
  std::size_t begin = 0;
  std::size_t first_line = 1;
  std::size_t line_number = 1;
  for (std::size_t at = 0; at < text.size(); ++line_number) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    if (is_separator(text.substr(at, end - at)) && at != 0) {
      sections.push_back(Section{text.substr(begin, at - begin), first_line});
      begin = at;
      first_line = line_number;
    }
    at = end;
  }
  sections.push_back(Section{text.substr(begin), first_line});
  // What stands before the first separator is no document when it is blank: people begin files with "---".
  if (sections.size() > 1 && is_blank(sections.front().text)) {
    sections.erase(sections.begin());
  }
  return sections;
}

Result<std::string> read_all(const Fd& fd, std::size_t size) {
  std::string text(size, '\0');
  std::size_t used = 0;
  while (used < size) {
    const ssize_t count = ::read(fd.get(), text.data() + used, size - used);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return errno_error(errno, "cannot be read");
    }
    if (count == 0) {
      break;
    }
    used += static_cast<std::size_t>(count);
  }
  text.resize(used);
  return text;
}

}  // namespace

bool is_manifest_name(std::string_view name) {
  return !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json"));
}

Result<std::string> read_manifest(const std::filesystem::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) {
    return errno_error(errno, "cannot be read");
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) {
    return errno_error(errno, "cannot be read");
  }
  if (!S_ISREG(status.st_mode)) {
    return Error{0, S_ISDIR(status.st_mode) ? "is a directory, expected a file" : "is a device, expected a file"};
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > kMaxManifestBytes) {
    return Error{0, "has " + std::to_string(size) + " bytes, expected at most " + std::to_string(kMaxManifestBytes) +
                        " (64 MiB): split it"};
  }
  return read_all(fd, size);
}

Reading parse_manifest(std::string_view text) {
  Reading reading;
  std::size_t number = 0;
  for (const Section& section : split_documents(text)) {
    ++number;
    const auto documents = parse_yaml(section.text, section.first_line);
    if (!documents) {
      reading.complaints.push_back("document " + std::to_string(number) + ": " + documents.error().text());
      reading.doubts.push_back(Doubt{});
      continue;
    }
    for (std::size_t i = 0; i < documents->size(); ++i) {
      number += i == 0 ? 0 : 1;  // "..." or JSON values in a row: several documents between two separators
      decode_document((*documents)[i], number, reading);
    }
  }
  return reading;
}

}  // namespace sp::source
