// SPDX-License-Identifier: Apache-2.0
// Namespaces: the network namespaces of this node by their cookies: our own, and those that have a name under
// /run/netns, as container runtimes give to Pods.
//
// Promises: a thread that visits a namespace is back before the call returns; if it cannot come back, the process ends,
// for it would work on the wrong node. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "loader/sockets/sock_diag.h"
#include "loader/util/fd.h"
#include "loader/util/result.h"

namespace sp::sockets {

inline constexpr const char* kNamedNamespaces = "/run/netns";

class Namespaces {
 public:
  // `folder` holds a file for each named namespace.
  [[nodiscard]] static Result<Namespaces> open(std::filesystem::path folder = kNamedNamespaces);

  // Looks at the folder anew.
  void refresh();

  // Sockets of the namespace with this cookie. An Error with err == ENOENT when there is none; what kept the last
  // refresh() from seeing all is another Error.
  [[nodiscard]] Result<SockDiag> sockets_of(std::uint64_t cookie);

 private:
  // Tells a namespace from another that took its name later. The kernel gives numbers out again at once, times never.
  struct Identity {
    ino_t inode = 0;
    std::int64_t made_s = 0;
    std::int64_t made_ns = 0;

    bool operator==(const Identity&) const = default;
  };
  struct Seen {
    Identity identity;
    std::uint64_t cookie = 0;
  };
  struct Place {
    Fd fd;
    Identity identity;
  };

  Namespaces(std::filesystem::path folder, Fd home) : folder_(std::move(folder)), home_(std::move(home)) {}
  static Result<Place> open_place(const std::filesystem::path& path);
  Result<SockDiag> visit(const Fd& place) const;

  std::filesystem::path folder_;
  Fd home_;
  std::uint64_t home_cookie_ = 0;
  std::map<std::filesystem::path, Seen> named_;
  std::string problem_;  // of the last refresh()
};

}  // namespace sp::sockets
