// SPDX-License-Identifier: Apache-2.0
// IdentityServers: TCP and UDP servers in the lab's namespaces that say who they are and whom they see, then echo.
//
// TCP: on accept "IDENTITY CLIENT-ADDRESS CLIENT-PORT\n", then every byte comes back. UDP: each datagram is answered by
// that line followed by the datagram. One epoll thread serves all; it ends with the object. A server that is retired
// listens no more and ends each connection with the farewell of traffic.h after its next answer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
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

  // Listens at `at`, an address of the place itself: replies of a UDP server leave from where they were asked.
  [[nodiscard]] Result<void> listen(const std::string& identity, const Place& place, Transport transport,
                                    const Endpoint& at);
  // As a Pod ends that knows its manners: returns when its sockets are closed and its clients have gone.
  [[nodiscard]] Result<void> retire(const std::string& identity, Millis timeout);
  // On `port` of both addresses of each of the lab's hosts, TCP and UDP; the host's name is the identity.
  [[nodiscard]] Result<void> listen(const Lab& lab, const std::vector<std::string>& hosts, std::uint16_t port);

 private:
  struct Socket {
    Fd fd;
    enum class Kind : std::uint8_t { listener, datagrams, connection } kind;
    std::string identity;
    std::string unsent = {};  // of a connection whose client reads slowly
    bool leaving = false;     // ends after the next answer
  };

  IdentityServers() = default;
  Result<void> watch(Socket socket);
  void serve();
  void let_go();
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
  std::condition_variable changed_;
  std::map<int, Socket> sockets_;  // guarded by lock_; only the thread erases
  std::set<std::string> retired_;  // guarded by lock_: identities that leave
  std::thread thread_;
};

}  // namespace sp::test
