// SPDX-License-Identifier: Apache-2.0
#include "loader/access/in_cluster.h"

#include <cstdlib>
#include <utility>

#include "loader/access/secret_file.h"

namespace sp::access {
namespace {

class InClusterAccess : public Access {
 public:
  InClusterAccess(std::string url, const std::filesystem::path& dir)
      : url_(std::move(url)),
        ca_(dir / "ca.crt", SecretFile::Content::pem),
        token_(dir / "token", SecretFile::Content::token) {}

  [[nodiscard]] Result<http::Server> server() override {
    SP_TRY_ASSIGN(pem, ca_.read());
    return http::Server{.url = url_, .ca_pem = std::move(pem), .ca_origin = ca_.path().string()};
  }

  void credentials(Done done) override {
    auto token = token_.read();
    if (!token) {
      return done(std::move(token).error());
    }
    done(http::Credentials{.bearer_token = std::move(token).value()});
  }

  void refused() override { token_.distrust(); }
  [[nodiscard]] std::string text() const override { return "in-cluster"; }

  [[nodiscard]] Result<void> check() {
    for (SecretFile* file : {&ca_, &token_}) {
      if (auto read = file->read(); !read) {
        return Error{read.error().err,
                     "in-cluster: mount the service account's token and authority, or give "
                     "--kubeconfig: " +
                         read.error().what};
      }
    }
    return {};
  }

 private:
  std::string url_;
  SecretFile ca_;
  SecretFile token_;
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::optional<std::string> in_cluster_url() {
  std::string host = variable("KUBERNETES_SERVICE_HOST");
  const std::string port = variable("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return std::nullopt;
  }
  if (host.find(':') != std::string::npos && !host.starts_with('[')) {
    host = "[" + host + "]";
  }
  return "https://" + host + ":" + port;
}

Result<std::unique_ptr<Access>> open_in_cluster(std::string url, const std::filesystem::path& dir) {
  auto access = std::make_unique<InClusterAccess>(std::move(url), dir);
  SP_TRY(access->check());
  return std::unique_ptr<Access>(std::move(access));
}

}  // namespace sp::access
