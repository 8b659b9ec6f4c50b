// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/web_server.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "tests/harness/openssl_objects.h"

namespace sp::test {
namespace {

using openssl::Certificate;
using openssl::Key;
using openssl::Memory;

Certificate read_certificate(const std::string& pem) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
}

Key read_key(const std::string& pem) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Key(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
}

std::unique_ptr<httplib::Server> make_server(const WebServer::Options& options) {
  if (!options.identity) {
    return std::make_unique<httplib::Server>();
  }
  const Certificate certificate = read_certificate(options.identity->certificate_pem);
  const Key key = read_key(options.identity->key_pem);
  X509_STORE* clients = nullptr;
  if (!options.client_authority_pem.empty()) {
    clients = X509_STORE_new();  // owned by the server from here on
    X509_STORE_add_cert(clients, read_certificate(options.client_authority_pem).get());
  }
  return std::make_unique<httplib::SSLServer>(certificate.get(), key.get(), clients);
}

std::string to_url(bool tls, int port) {
  return (tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port);
}

}  // namespace

WebServer::WebServer(const Options& options, const std::function<void(httplib::Server&)>& route)
    : tls_(options.identity.has_value()), server_(make_server(options)) {
  if (!server_->is_valid()) {
    throw std::runtime_error("web server: certificate and key do not work");
  }
  // A watch takes a thread for as long as it lasts.
  server_->new_task_queue = [] { return new httplib::ThreadPool(16); };
  server_->set_tcp_nodelay(true);
  route(*server_);
  port_ = server_->bind_to_any_port("127.0.0.1");
  if (port_ <= 0) {
    throw std::runtime_error("web server: no port on the loopback");
  }
  thread_ = std::thread([this] { server_->listen_after_bind(); });
  // stop() is lost on a server that does not run yet.
  while (!server_->is_running()) {
    std::this_thread::yield();
  }
}

WebServer::~WebServer() {
  server_->stop();
  thread_.join();
}

std::string WebServer::url() const {
  return to_url(tls_, port_);
}

RawServer::RawServer(Serve serve)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      serve_(std::move(serve)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.get(), plain, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
      ::getsockname(listener_.get(), plain, &size) != 0) {
    throw std::runtime_error("raw server: no port on the loopback");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] {
    for (;;) {
      std::array<pollfd, 2> ready{{{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
      ::poll(ready.data(), ready.size(), -1);
      if (ready[1].revents != 0) {
        return;
      }
      const Fd accepted(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (accepted.valid()) {
        ++connections_;
        serve_(accepted.get());
      }
    }
  });
}

RawServer::~RawServer() {
  const std::uint64_t one = 1;
  (void)!::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

std::string RawServer::url() const {
  return to_url(false, port_);
}

std::string read_request_head(int socket) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && ::recv(socket, &byte, 1, 0) == 1) {
    head += byte;
  }
  return head;
}

void write_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace sp::test
