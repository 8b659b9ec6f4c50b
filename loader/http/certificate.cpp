// SPDX-License-Identifier: Apache-2.0
#include "loader/http/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <memory>
#include <utility>

namespace sp::http {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

std::string to_text(const X509_NAME* name) {
  const std::unique_ptr<BIO, BioDeleter> memory(BIO_new(BIO_s_mem()));
  if (!memory || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    return "unknown";
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::chrono::system_clock::time_point to_time(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) {
    return {};
  }
  return std::chrono::system_clock::from_time_t(::timegm(&broken_down));
}

int rejections_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int on_verified(int good, X509_STORE_CTX* verification) {
  if (good == 1) {
    return good;
  }
  const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* rejections = static_cast<Rejections*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), rejections_index()));
  const X509* certificate = X509_STORE_CTX_get_current_cert(verification);
  if (rejections != nullptr && certificate != nullptr) {
    rejections->note({X509_STORE_CTX_get_error(verification), to_text(X509_get_subject_name(certificate)),
                      to_text(X509_get_issuer_name(certificate)), to_time(X509_get0_notBefore(certificate)),
                      to_time(X509_get0_notAfter(certificate))});
  }
  return good;
}

}  // namespace

void Rejections::observe(void* ssl_ctx) {
  auto* context = static_cast<SSL_CTX*>(ssl_ctx);
  SSL_CTX_set_ex_data(context, rejections_index(), this);
  SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), on_verified);
}

Result<std::vector<std::string>> subjects_of(std::string_view pem) {
  const std::unique_ptr<BIO, BioDeleter> memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!memory) {
    return errno_error(ENOMEM, "certificates");
  }
  std::vector<std::string> subjects;
  while (const auto certificate =
             std::unique_ptr<X509, X509Deleter>(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr))) {
    subjects.push_back(to_text(X509_get_subject_name(certificate.get())));
  }
  // The end of the text is an error to OpenSSL, which keeps it for whoever asks next: libcurl.
  ERR_clear_error();
  return subjects;
}

std::string to_string(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm broken_down{};
  std::array<char, 32> text{};
  ::gmtime_r(&seconds, &broken_down);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &broken_down)};
}

}  // namespace sp::http
