// SPDX-License-Identifier: Apache-2.0
// StaleSockets: ends connected UDP sockets whose backend has stopped serving (I5, R-082).
//
// No hook sees the datagrams of a connected socket, so its process would talk to a dead address until it gives up.
// Ended, it reads ECONNABORTED at once and dials again. Promises: a socket that has connected elsewhere meanwhile, and
// one that no hook has connected, is left alone. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "loader/sockets/namespaces.h"
#include "loader/sync/row_array.h"
#include "loader/util/result.h"
#include "maps/backend.h"

namespace sp::sockets {

class StaleSockets {
 public:
  // Reads sp_sock_peers under `pin_path`. The rows of `backends`, sp_backends, must outlive the object.
  [[nodiscard]] static Result<StaleSockets> open(const std::filesystem::path& pin_path,
                                                 sync::RowArray<sp_backend_val> backends,
                                                 std::filesystem::path namespaces = kNamedNamespaces);

  StaleSockets(StaleSockets&&) noexcept;
  StaleSockets& operator=(StaleSockets&&) noexcept;
  ~StaleSockets();

  struct Pass {
    std::size_t ended = 0;
    bool unfinished = false;            // the time was up: call again
    std::vector<std::string> problems;  // each says what to do
  };
  // One walk over the map, then one namespace after the other until `budget` is spent; at least one.
  [[nodiscard]] Pass end(std::chrono::milliseconds budget);

 private:
  struct State;
  explicit StaleSockets(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sp::sockets
