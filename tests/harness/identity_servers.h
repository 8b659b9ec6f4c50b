// SPDX-License-Identifier: Apache-2.0
// IdentityServers: TCP and UDP servers in the lab's namespaces that say who they are and whom they see, then echo.
//
// TCP: on accept "IDENTITY CLIENT-ADDRESS CLIENT-PORT\n", then every byte comes back. UDP: each datagram is answered by
// that line followed by the datagram. One epoll thread serves all; it ends with the object.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "tests/harness/lab.h"
#include "tests/harness/traffic.h"

namespace sp::test {

class IdentityServers {
 public:
  [[nodiscard]] static Result<std::unique_ptr<IdentityServers>> start();
  IdentityServers(const IdentityServers&) = delete;
  IdentityServers& operator=(const IdentityServers&) = delete;
  ~IdentityServers();

  // Listens at `at`, an address of `netns` itself: replies of a UDP server leave from where they were asked.
  [[nodiscard]] Result<void> listen(const std::string& identity, const std::string& netns, Transport transport,
                                    const Endpoint& at);
  // On `port` of both addresses of each of the lab's hosts, TCP and UDP; the host's name is the identity.
  [[nodiscard]] Result<void> listen(const Lab& lab, const std::vector<std::string>& hosts, std::uint16_t port);

 private:
  struct Socket {
    Fd fd;
    enum class Kind : std::uint8_t { listener, datagrams, connection } kind;
    std::string identity;
    std::string unsent;  // of a connection whose client reads slowly
  };

  IdentityServers() = default;
  Result<void> watch(Socket socket);
  void serve();
  void serve_ready(int fd, std::uint32_t events);
  void accept_clients(const Socket& listener);
  static void answer_datagrams(const Socket& socket);
  // False when the connection is over.
  bool echo(Socket& connection) const;
  bool flush(Socket& connection) const;

  Fd epoll_;
  Fd wake_;
  std::atomic<bool> stopping_ = false;
  std::mutex lock_;
  std::map<int, Socket> sockets_;  // guarded by lock_
  std::thread thread_;
};

}  // namespace sp::test
