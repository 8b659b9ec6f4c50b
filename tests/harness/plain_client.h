// SPDX-License-Identifier: Apache-2.0
// PlainClient: a TCP client that lives on the event loop of the server that it talks to. Sends bytes, collects bytes,
// knows nothing of HTTP but where headers end.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "loader/util/event_loop.h"
#include "loader/util/fd.h"
#include "loader/util/ip.h"

namespace sp::test {

class PlainClient {
 public:
  // Connects at once: a listening socket on this machine needs nobody to run for that.
  PlainClient(EventLoop& loop, const Ip& ip, std::uint16_t port) : loop_(loop) {
    const bool v6 = ip.family() == Family::v6;
    fd_ = Fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 raw6{};
    raw6.sin6_family = AF_INET6;
    raw6.sin6_port = Be16::from_host(port).raw;
    std::memcpy(&raw6.sin6_addr, ip.raw().w, sizeof raw6.sin6_addr);
    sockaddr_in raw4{};
    raw4.sin_family = AF_INET;
    raw4.sin_port = Be16::from_host(port).raw;
    raw4.sin_addr.s_addr = ip.raw().w[3];
    const auto* raw = v6 ? reinterpret_cast<const sockaddr*>(&raw6) : reinterpret_cast<const sockaddr*>(&raw4);
    connected_ = ::connect(fd_.get(), raw, v6 ? sizeof raw6 : sizeof raw4) == 0;
  }
  ~PlainClient() { loop_.forget(fd_.get()); }
  PlainClient(const PlainClient&) = delete;
  PlainClient& operator=(const PlainClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  void send(std::string_view bytes) { ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }

  // Runs the loop until the server closes the connection.
  const std::string& read_to_end() {
    if (connected_ && !closed_) {
      static_cast<void>(loop_.watch(fd_.get(), [this] { collect(); }));
      static_cast<void>(loop_.run());
    }
    return received_;
  }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool reset() const { return reset_; }

 private:
  void collect() {
    std::array<char, 4096> part{};
    const ssize_t got = ::recv(fd_.get(), part.data(), part.size(), MSG_DONTWAIT);
    if (got > 0) {
      received_.append(part.data(), static_cast<std::size_t>(got));
      return;
    }
    reset_ = got < 0 && errno == ECONNRESET;
    closed_ = true;
    loop_.forget(fd_.get());
    loop_.stop();
  }

  EventLoop& loop_;
  Fd fd_;
  bool connected_ = false;
  bool closed_ = false;
  bool reset_ = false;
  std::string received_;
};

// The parts of one answer.
struct PlainAnswer {
  std::string status;   // "HTTP/1.1 200 OK"
  std::string headers;  // lines, each with its \r\n
  std::string body;

  static PlainAnswer split(const std::string& text) {
    const std::size_t line = text.find("\r\n");
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) {
      return {text, "", ""};
    }
    return {text.substr(0, line), text.substr(line + 2, end - line), text.substr(end + 4)};
  }
  [[nodiscard]] bool has_header(const std::string& header) const {
    return ("\r\n" + headers).find("\r\n" + header + "\r\n") != std::string::npos;
  }
};

inline PlainAnswer get(EventLoop& loop, const Ip& ip, std::uint16_t port, const std::string& path) {
  PlainClient client(loop, ip, port);
  client.send("GET " + path + " HTTP/1.1\r\nHost: probe\r\n\r\n");
  return PlainAnswer::split(client.read_to_end());
}

}  // namespace sp::test
