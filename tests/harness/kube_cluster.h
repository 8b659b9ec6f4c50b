// SPDX-License-Identifier: Apache-2.0
// KubeCluster: a fake API server behind TLS with a kubeconfig that leads to it, and Sources that read from it.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "loader/kube/kubernetes_source.h"
#include "tests/harness/certificates.h"
#include "tests/harness/fake_api/fake_api.h"
#include "tests/harness/kubeconfig_text.h"
#include "tests/harness/scratch_folder.h"

namespace sp::test {

class KubeCluster {
 public:
  KubeCluster() : authority_("kube-ca") {
    const Identity server = authority_.issue({.common_name = "kube-apiserver", .names = {"127.0.0.1", "localhost"}});
    auto started = fake_api::FakeApi::start({.tls = fake_api::ServerTls{server.certificate_pem, server.key_pem, ""}});
    if (!started) throw std::runtime_error(started.error().text());
    api_ = *std::move(started);
    scratch_.write("ca.crt", authority_.pem());
    rotate_token();
    scratch_.write("kubeconfig", kubeconfig_text(api_->url(), "ca.crt", "user: {tokenFile: token}"));
  }

  [[nodiscard]] fake_api::FakeApi& api() { return *api_; }
  [[nodiscard]] std::filesystem::path kubeconfig() const { return scratch_.path("kubeconfig"); }

  // The old token is refused from now on; the new one is in the file that the kubeconfig names.
  void rotate_token() {
    revoke_token();
    token_ = "token-" + std::to_string(++tokens_);
    api_->gatekeeper().accept_token(token_, "system:kube-proxy");
    scratch_.replace("token", token_);
  }
  void revoke_token() { api_->gatekeeper().revoke_token(token_); }

  [[nodiscard]] std::unique_ptr<kube::KubernetesSource> open_source(const std::string& node,
                                                                    const kube::Timing& timing) const {
    auto source = kube::KubernetesSource::open(
        {.access = {kubeconfig(), ""}, .node_name = node, .observer = {}, .timing = timing});
    if (!source) throw std::runtime_error(source.error().text());
    return *std::move(source);
  }

 private:
  Authority authority_;
  ScratchFolder scratch_;
  std::unique_ptr<fake_api::FakeApi> api_;
  std::string token_;
  int tokens_ = 0;
};

// Refreshes the source whenever it asks for it, until `done` or the time is up; then whether it was done. `seen` gets
// every update.
inline bool pump(
    kube::KubernetesSource& source, const std::function<bool()>& done, std::chrono::milliseconds timeout,
    const std::function<void(const source::Update&)>& seen = [](const source::Update&) {}) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + timeout;
  while (!done()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return false;
    pollfd ready{source.fd(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 20))) > 0) seen(source.refresh());
  }
  return true;
}

}  // namespace sp::test
