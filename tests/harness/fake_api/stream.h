// SPDX-License-Identifier: Apache-2.0
// Stream: one accepted connection, plain or TLS, with blocking calls. kill() may come from any thread; everything else
// belongs to the thread that serves the connection.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "loader/util/fd.h"
#include "tests/harness/fake_api/http.h"

namespace sp::fake_api {

// What a TLS server needs; PEM texts.
struct ServerTls {
  std::string certificate_pem;
  std::string key_pem;
  std::string client_ca_pem;  // certificates of clients are asked for and verified against it; empty = not asked for
};

using TlsContext = std::shared_ptr<SSL_CTX>;
[[nodiscard]] Result<TlsContext> make_context(const ServerTls& tls);

class Stream {
 public:
  // `tls` null = plain.
  Stream(Fd socket, TlsContext tls);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // False: the client is none, or does not trust us.
  bool handshake();
  // Bytes read; 0 = the connection is over.
  std::size_t read(char* into, std::size_t size);
  bool write(std::string_view bytes);
  // Looks without waiting: has the client closed?
  [[nodiscard]] bool peer_gone();
  // Says goodbye as the protocol wants it.
  void close_politely();
  // Ends both directions at once; with `reset`, by a RST.
  void kill(bool reset);

  [[nodiscard]] const PeerCertificate& peer() const { return peer_; }

 private:
  void read_peer_certificate();

  Fd socket_;
  TlsContext context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, &SSL_free};
  std::atomic<bool> dead_ = false;
  PeerCertificate peer_;
};

}  // namespace sp::fake_api
