// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

namespace sp::fake_api {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Bio bio_of(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

Certificate certificate_of(const std::string& pem) {
  const Bio bio = bio_of(pem);
  return {PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free};
}

// The Kubernetes API server asks for HTTP/2 and falls back to what we speak.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                    unsigned int in_length, void*) {
  static constexpr std::array<unsigned char, 9> kOurs = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kOurs.data(), kOurs.size(), in, in_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::string text_of(const X509_NAME_ENTRY* entry) {
  const ASN1_STRING* data = X509_NAME_ENTRY_get_data(entry);
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(data)),
          static_cast<std::size_t>(ASN1_STRING_length(data))};
}

}  // namespace

Result<TlsContext> make_context(const ServerTls& tls) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  const Certificate certificate = certificate_of(tls.certificate_pem);
  const Bio key_bio = bio_of(tls.key_pem);
  const Key key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (certificate == nullptr || key == nullptr || SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
    return Error{0, "fake API server: certificate or key is none"};
  }
  if (!tls.client_ca_pem.empty()) {
    const Certificate authority = certificate_of(tls.client_ca_pem);
    if (authority == nullptr) return Error{0, "fake API server: client authority is no certificate"};
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority.get());
    SSL_CTX_add_client_CA(context.get(), authority.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  static constexpr std::array<unsigned char, 4> kSessionId = {'s', 'p', 'f', 'a'};
  SSL_CTX_set_session_id_context(context.get(), kSessionId.data(), kSessionId.size());
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  return context;
}

Stream::Stream(Fd socket, TlsContext tls) : socket_(std::move(socket)), context_(std::move(tls)) {
  // Pieces of an answer shall arrive as pieces.
  const int on = 1;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Stream::~Stream() = default;

bool Stream::handshake() {
  if (context_ == nullptr) return true;
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), socket_.get());
  ERR_clear_error();
  if (SSL_accept(ssl_.get()) != 1) return false;
  read_peer_certificate();
  return true;
}

void Stream::read_peer_certificate() {
  const Certificate certificate(SSL_get1_peer_certificate(ssl_.get()), &X509_free);
  if (certificate == nullptr) return;
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  for (int i = 0; i < X509_NAME_entry_count(subject); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(subject, i);
    const int kind = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (kind == NID_commonName) peer_.common_name = text_of(entry);
    if (kind == NID_organizationName) peer_.organizations.push_back(text_of(entry));
  }
}

std::size_t Stream::read(char* into, std::size_t size) {
  if (dead_) return 0;
  ERR_clear_error();
  const auto got = ssl_ != nullptr ? SSL_read(ssl_.get(), into, static_cast<int>(size))
                                   : static_cast<int>(::recv(socket_.get(), into, size, 0));
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

bool Stream::write(std::string_view bytes) {
  while (!bytes.empty() && !dead_) {
    ERR_clear_error();
    const auto sent = ssl_ != nullptr
                          ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                          : static_cast<int>(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    if (sent <= 0) {
      dead_ = true;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return !dead_;
}

bool Stream::peer_gone() {
  if (dead_) return true;
  pollfd ready{socket_.get(), POLLRDHUP, 0};
  return ::poll(&ready, 1, 0) > 0;
}

void Stream::close_politely() {
  if (dead_) return;
  if (ssl_ != nullptr) SSL_shutdown(ssl_.get());
  ::shutdown(socket_.get(), SHUT_WR);
}

void Stream::kill(bool reset) {
  dead_ = true;
  if (reset) {
    const linger at_once{1, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace sp::fake_api
