// SPDX-License-Identifier: Apache-2.0
// Authority: a certificate authority in memory, for tests that speak TLS.
//
// Promises: everything is made in this process, with P-256 keys, so a certificate takes well under a millisecond. What
// fails throws, and fails the test with it. Link libcrypto (OpenSSL::Crypto).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sp::test {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

struct CertificateOrder {
  std::string common_name;
  // What clients verify: DNS names and addresses, told apart by their form. Empty for a client's certificate.
  std::vector<std::string> names = {};
  std::string organization = {};  // a group, for Kubernetes
  // Relative to now; both may lie in the past (expired) or in the future (not valid yet).
  std::chrono::seconds begins = std::chrono::hours(-1);
  std::chrono::seconds ends = std::chrono::hours(24);
};

class Authority {
 public:
  explicit Authority(const std::string& common_name);
  ~Authority();
  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;

  [[nodiscard]] const std::string& pem() const { return identity_.certificate_pem; }
  [[nodiscard]] Identity issue(const CertificateOrder& order) const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  Identity identity_;
};

}  // namespace sp::test
