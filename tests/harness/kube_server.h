// SPDX-License-Identifier: Apache-2.0
// KubeServer: an API server that tests of the Kubernetes source read from: the fake one, or a real kube-apiserver with
// its etcd when both are on PATH. What a test does to it works with either.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "loader/util/result.h"
#include "tests/harness/fake_api/objects.h"

namespace sp::test {

class KubeServer {
 public:
  KubeServer() = default;
  KubeServer(const KubeServer&) = delete;
  KubeServer& operator=(const KubeServer&) = delete;
  virtual ~KubeServer() = default;

  // What it holds. Writing aborts the test when the server refuses.
  [[nodiscard]] virtual fake_api::Objects& objects() = 0;
  // How many Events of that reason it holds.
  [[nodiscard]] virtual std::size_t event_count(const std::string& reason) = 0;
  [[nodiscard]] virtual std::filesystem::path kubeconfig() const = 0;
  // Away and back, with the same contents.
  virtual void stop() = 0;
  virtual void start() = 0;
};

[[nodiscard]] std::unique_ptr<KubeServer> start_fake_server();
// Why there is no real server to be had on this machine; empty = there is.
[[nodiscard]] std::string no_real_server();
// Throws when it does not come up.
[[nodiscard]] std::unique_ptr<KubeServer> start_real_server();

}  // namespace sp::test
