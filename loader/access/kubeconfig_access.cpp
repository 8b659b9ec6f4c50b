// SPDX-License-Identifier: Apache-2.0
#include "loader/access/kubeconfig_access.h"

#include <optional>
#include <utility>

#include "loader/access/exec_plugin.h"
#include "loader/access/secret_file.h"
#include "loader/util/log.h"

namespace sp::access {
namespace {

// Text that stands in the kubeconfig, or in a file that may change.
class Text {
 public:
  Text(Material material, SecretFile::Content content) : material_(std::move(material)) {
    if (!material_.file.empty()) {
      file_.emplace(material_.file, content);
    }
  }
  [[nodiscard]] bool given() const { return material_.given(); }
  [[nodiscard]] Result<std::string> read() { return file_ ? file_->read() : Result<std::string>(material_.data); }
  void distrust() {
    if (file_) file_->distrust();
  }

 private:
  Material material_;
  std::optional<SecretFile> file_;
};

class KubeconfigAccess : public Access {
 public:
  KubeconfigAccess(Kubeconfig config, std::string text)
      : config_(std::move(config)),
        text_(std::move(text)),
        ca_(config_.cluster.ca, SecretFile::Content::pem),
        certificate_(config_.user.certificate, SecretFile::Content::pem),
        key_(config_.user.key, SecretFile::Content::pem),
        // A token file beats a token: it is the one that somebody keeps fresh.
        token_({config_.user.token_file.empty() ? config_.user.token : "", config_.user.token_file},
               SecretFile::Content::token) {}

  [[nodiscard]] Result<void> start(EventLoop& loop) {
    if (config_.user.exec) {
      SP_TRY_ASSIGN(plugin, ExecPlugin::create(loop, {.entry = *config_.user.exec,
                                                      .owner = "user '" + config_.user.name + "' in kubeconfig " +
                                                               config_.path.string()}));
      plugin_ = std::move(plugin);
    }
    SP_TRY(named(server()));
    SP_TRY(named(written_credentials()));
    if (config_.cluster.skip_verify) {
      log::warn("access", "{}: insecure-skip-tls-verify is set: whoever is on the way can read and change everything",
                text_);
    }
    return {};
  }

  [[nodiscard]] Result<http::Server> server() override {
    const ClusterEntry& cluster = config_.cluster;
    SP_TRY_ASSIGN(pem, ca_.read());
    return http::Server{.url = cluster.server,
                        .ca_pem = std::move(pem),
                        .tls_server_name = cluster.tls_server_name,
                        .skip_verify = cluster.skip_verify,
                        .proxy_url = cluster.proxy_url,
                        .ca_origin = !cluster.ca.file.empty()
                                         ? cluster.ca.file.string()
                                         : "certificate-authority-data of cluster '" + cluster.name + "' in " + text_};
  }

  void credentials(Done done) override {
    auto written = written_credentials();
    // A plugin is for those who have nothing else to identify themselves with.
    if (!written || !plugin_ || !written->bearer_token.empty() || !written->username.empty()) {
      return done(std::move(written));
    }
    const auto current = server();
    if (!current) {
      return done(current.error());
    }
    plugin_->get(*current, [base = std::move(written).value(), done = std::move(done)](Result<ExecCredential> got) {
      if (!got) {
        return done(std::move(got).error());
      }
      http::Credentials credentials = base;
      credentials.bearer_token = got->token;
      if (got->certificate) {
        credentials.certificate = got->certificate;
      }
      done(std::move(credentials));
    });
  }

  void refused() override {
    token_.distrust();
    certificate_.distrust();
    key_.distrust();
    if (plugin_) {
      plugin_->discard();
    }
  }

  [[nodiscard]] std::string text() const override { return text_; }

 private:
  template <typename T>
  [[nodiscard]] Result<void> named(const Result<T>& result) const {
    return result ? Result<void>() : Error{result.error().err, text_ + ": " + result.error().what};
  }

  // What the kubeconfig and its files say, without a plugin.
  [[nodiscard]] Result<http::Credentials> written_credentials() {
    http::Credentials credentials{.username = config_.user.username, .password = config_.user.password};
    SP_TRY_ASSIGN(token, token_.read());
    credentials.bearer_token = std::move(token);
    if (certificate_.given()) {
      SP_TRY_ASSIGN(certificate, certificate_.read());
      SP_TRY_ASSIGN(key, key_.read());
      credentials.certificate = http::ClientCertificate{std::move(certificate), std::move(key)};
    }
    return credentials;
  }

  Kubeconfig config_;
  std::string text_;
  Text ca_;
  Text certificate_;
  Text key_;
  Text token_;
  std::unique_ptr<ExecPlugin> plugin_;
};

}  // namespace

Result<std::unique_ptr<Access>> open_kubeconfig(EventLoop& loop, Kubeconfig config, std::string text) {
  if (config.cluster.server.empty()) {
    return Error{0, text + ": cluster '" + config.cluster.name + "' has no server: expected https://HOST:PORT"};
  }
  auto access = std::make_unique<KubeconfigAccess>(std::move(config), std::move(text));
  SP_TRY(access->start(loop));
  return std::unique_ptr<Access>(std::move(access));
}

}  // namespace sp::access
