// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>

#include "tests/harness/fake_api/http1.h"

namespace sp::fake_api {
namespace {

struct Place {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Result<Place> place_of(const std::string& address, std::uint16_t port) {
  Place place;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&place.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&place.storage);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    place.length = sizeof *v4;
  } else if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    place.length = sizeof *v6;
  } else {
    return Error{0, "fake API server: " + address + " is no address"};
  }
  return place;
}

}  // namespace

HttpServer::HttpServer(std::string address, std::uint16_t port, Handler handler, Complain complain)
    : address_(std::move(address)), port_(port), handler_(std::move(handler)), complain_(std::move(complain)) {}

HttpServer::~HttpServer() {
  stop();
}

Result<void> HttpServer::use_tls(const std::optional<ServerTls>& tls) {
  TlsContext context;
  if (tls) {
    SP_TRY_ASSIGN(made, make_context(*tls));
    context = std::move(made);
  }
  const std::lock_guard guard(lock_);
  tls_ = std::move(context);
  return {};
}

Result<void> HttpServer::start() {
  SP_TRY_ASSIGN(place, place_of(address_, port_));
  auto* address = reinterpret_cast<sockaddr*>(&place.storage);
  Fd socket(::socket(place.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.get(), address, place.length) != 0 || ::listen(socket.get(), 128) != 0 ||
      ::getsockname(socket.get(), address, &place.length) != 0) {
    return errno_error(errno, "fake API server: listen on " + address_ + " port " + std::to_string(port_));
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&place.storage);
  port_ = ntohs(v6->sin6_port);  // in the same place for both families
  listener_ = std::move(socket);
  wake_ = Fd(::eventfd(0, EFD_CLOEXEC));
  stopping_ = false;
  acceptor_ = std::thread([this] { accept_all(); });
  return {};
}

void HttpServer::stop(bool reset) {
  if (!acceptor_.joinable()) return;
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t told = ::write(wake_.get(), &one, sizeof one);
  acceptor_.join();
  listener_.reset();
  drop_connections(reset);
  std::unique_lock guard(lock_);
  changed_.notify_all();
  changed_.wait(guard, [this] { return streams_.empty(); });
}

void HttpServer::drop_connections(bool reset) {
  const std::lock_guard guard(lock_);
  for (const auto& stream : streams_) stream->kill(reset);
}

void HttpServer::freeze(bool on) {
  const std::lock_guard guard(lock_);
  frozen_ = on;
  changed_.notify_all();
}

std::size_t HttpServer::connection_count() const {
  const std::lock_guard guard(lock_);
  return streams_.size();
}

void HttpServer::accept_all() {
  // A client that has gone is no reason to die; the threads that serve inherit this.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  while (true) {
    std::array<pollfd, 2> ready = {pollfd{listener_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
    ::poll(ready.data(), ready.size(), -1);
    if (stopping_) return;
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.valid()) continue;
    const std::lock_guard guard(lock_);
    auto stream = std::make_shared<Stream>(std::move(socket), tls_);
    streams_.insert(stream);
    // Detached, because stop() counts streams: a thread's last act is to take its own away.
    std::thread([this, stream = std::move(stream)]() mutable { serve(std::move(stream)); }).detach();
  }
}

void HttpServer::serve(std::shared_ptr<Stream> stream) {
  const Host host{stopping_, [this] { pass_gate(); }, complain_};
  pass_gate();
  if (stream->handshake()) serve_http1(*stream, handler_, host);
  const std::lock_guard guard(lock_);
  streams_.erase(stream);
  stream.reset();
  changed_.notify_all();
}

void HttpServer::pass_gate() {
  if (!frozen_) return;
  std::unique_lock guard(lock_);
  changed_.wait(guard, [this] { return !frozen_ || stopping_; });
}

}  // namespace sp::fake_api
