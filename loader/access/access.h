// SPDX-License-Identifier: Apache-2.0
// Access: where the Kubernetes API server is and who we are: from a kubeconfig, or from what a Pod is given.
//
// Promises: files that a kubeconfig names (token file, certificates, authority) are read again when they change, so
// rotation needs no restart; a credential plugin runs without blocking the loop and is killed when it takes too long;
// every error names file, context or plugin and says what to do. Not thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "loader/http/client.h"
#include "loader/util/event_loop.h"
#include "loader/util/result.h"

namespace sp::access {

struct Options {
  // Empty = in-cluster: KUBERNETES_SERVICE_HOST/_PORT and the service account's files.
  std::filesystem::path kubeconfig = {};
  // URL that replaces the server of the above (--master); empty = none. Without any of the above, requests are
  // anonymous.
  std::string master = {};
  std::filesystem::path service_account_dir = {};  // empty = where Kubernetes mounts it
};

class Access {
 public:
  // `loop` must outlive the object.
  [[nodiscard]] static Result<std::unique_ptr<Access>> open(EventLoop& loop, const Options& options);
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;
  virtual ~Access() = default;

  // As the files say now. Cheap when nothing has changed: ask before every request.
  [[nodiscard]] virtual Result<http::Server> server() = 0;
  // Calls `done` with the credentials of the moment: at once, or from the loop when a plugin has to run; never after
  // this object is gone. A plugin that failed a moment ago is waited for, so asking in a loop does no harm.
  using Done = std::function<void(Result<http::Credentials>)>;
  virtual void credentials(Done done) = 0;
  // The server answered 401: what was handed out last must not be handed out again without a fresh look.
  virtual void refused() = 0;
  // "kubeconfig /etc/kubernetes/kubelet.conf, context node" or "in-cluster": for messages.
  [[nodiscard]] virtual std::string text() const = 0;

 protected:
  Access() = default;
};

}  // namespace sp::access
