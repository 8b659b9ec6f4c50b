// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/kube_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <thread>

#include "tests/harness/http_objects.h"
#include "tests/harness/kube_cluster.h"
#include "tests/harness/process.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;

std::size_t count_events(const std::vector<fake_api::Json>& events, const std::string& reason) {
  return static_cast<std::size_t>(std::count_if(events.begin(), events.end(), [&reason](const fake_api::Json& event) {
    return fake_api::field_text(event, "reason") == reason;
  }));
}

class FakeServer : public KubeServer {
 public:
  FakeServer() : objects_(cluster_.api().url(), "admin") {
    cluster_.api().gatekeeper().accept_token("admin", "kubernetes-admin");
  }
  fake_api::Objects& objects() override { return objects_; }
  std::size_t event_count(const std::string& reason) override {
    return count_events(cluster_.api().objects("events"), reason);
  }
  std::filesystem::path kubeconfig() const override { return cluster_.kubeconfig(); }
  void stop() override { cluster_.api().stop(); }
  void start() override {
    if (const auto started = cluster_.api().restart(); !started) throw std::runtime_error(started.error().text());
  }

 private:
  KubeCluster cluster_;
  HttpObjects objects_;
};

std::optional<std::filesystem::path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::filesystem::path candidate = std::filesystem::path(rest.substr(0, end)) / name;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(candidate, ignored)) return candidate;
    rest.erase(0, end + 1);
  }
  return std::nullopt;
}

// Free a moment ago, which is the best that there is for programs that take no socket.
std::uint16_t free_port() {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* place = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), place, length) != 0 || ::getsockname(socket.get(), place, &length) != 0) {
    throw std::runtime_error("no free port on the loopback");
  }
  return ntohs(address.sin_port);
}

// etcd and kube-apiserver on the loopback, in a scratch folder, with a token of our own. Everybody may do everything.
class RealServer : public KubeServer {
 public:
  RealServer()
      : etcd_url_("http://127.0.0.1:" + std::to_string(free_port())),
        port_(free_port()),
        objects_("https://127.0.0.1:" + std::to_string(port_), "real-token") {
    const Authority authority("real-ca");
    const Identity server = authority.issue({.common_name = "kube-apiserver", .names = {"127.0.0.1", "localhost"}});
    const Identity accounts = authority.issue({.common_name = "service-accounts"});
    scratch_.write("ca.crt", authority.pem());
    scratch_.write("server.crt", server.certificate_pem);
    scratch_.write("server.key", server.key_pem);
    scratch_.write("accounts.key", accounts.key_pem);
    scratch_.write("tokens.csv", "real-token,kubernetes-admin,1,\"system:masters\"\n");
    scratch_.write("kubeconfig", kubeconfig_text(url(), "ca.crt", "user: {token: real-token}"));
    const std::string peer_url = "http://127.0.0.1:" + std::to_string(free_port());
    etcd_ = spawn({"etcd", "--data-dir=" + scratch_.path("etcd").string(), "--listen-client-urls=" + etcd_url_,
                   "--advertise-client-urls=" + etcd_url_, "--listen-peer-urls=" + peer_url,
                   "--initial-advertise-peer-urls=" + peer_url, "--initial-cluster=default=" + peer_url});
    start();
  }
  ~RealServer() override { stop(); }

  fake_api::Objects& objects() override { return objects_; }
  std::size_t event_count(const std::string& reason) override { return count_events(objects_.list("events"), reason); }
  std::filesystem::path kubeconfig() const override { return scratch_.path("kubeconfig"); }
  void stop() override { api_.reset(); }
  void start() override {
    const auto at = [this](const std::string& name) { return scratch_.path(name).string(); };
    api_ = spawn({"kube-apiserver", "--etcd-servers=" + etcd_url_, "--bind-address=127.0.0.1",
                  // Unset it would be that of the default route, which a sandbox does not have.
                  "--advertise-address=192.0.2.1", "--secure-port=" + std::to_string(port_),
                  "--tls-cert-file=" + at("server.crt"), "--tls-private-key-file=" + at("server.key"),
                  "--token-auth-file=" + at("tokens.csv"), "--authorization-mode=AlwaysAllow",
                  "--service-account-issuer=https://kubernetes.default.svc",
                  "--service-account-key-file=" + at("accounts.key"),
                  "--service-account-signing-key-file=" + at("accounts.key"),
                  "--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112",
                  // Pods need no account here, and nobody admits their priority.
                  "--disable-admission-plugins=ServiceAccount,Priority"});
    await_ready();
  }

 private:
  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }

  static std::optional<Process> spawn(const std::vector<std::string>& argv) {
    auto process = Process::spawn({.argv = argv});
    if (!process) throw std::runtime_error(process.error().text());
    return *std::move(process);
  }

  // Ready, and the namespace that tests write to is there.
  void await_ready() const {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (objects_.get("/readyz") != 200 || objects_.get("/api/v1/namespaces/default") != 200) {
      if (std::chrono::steady_clock::now() > end) {
        throw std::runtime_error("kube-apiserver is not ready:\n" + api_->tail(20) + etcd_->tail(10));
      }
      std::this_thread::sleep_for(100ms);
    }
  }

  ScratchFolder scratch_;
  const std::string etcd_url_;
  const std::uint16_t port_;
  HttpObjects objects_;
  std::optional<Process> etcd_;
  std::optional<Process> api_;
};

}  // namespace

std::unique_ptr<KubeServer> start_fake_server() {
  return std::make_unique<FakeServer>();
}

std::string no_real_server() {
  for (const char* program : {"kube-apiserver", "etcd"}) {
    if (!find_program(program)) return std::string("no ") + program + " on PATH";
  }
  return "";
}

std::unique_ptr<KubeServer> start_real_server() {
  return std::make_unique<RealServer>();
}

}  // namespace sp::test
