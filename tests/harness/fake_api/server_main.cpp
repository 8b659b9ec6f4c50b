// SPDX-License-Identifier: Apache-2.0
// fake_api_server: the fake API server as a program, for measurements and for trying things by hand.
//
//   fake_api_server --kubeconfig FILE [--listen ADDRESS] [--port PORT] [--fill SERVICESxENDPOINTS] [--plain]
//
// Makes an authority, a certificate and a token of its own and writes a kubeconfig for them. Then it obeys lines on
// standard input (console.h), one answer each, until "quit" or its end; --serve stays until a signal.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "tests/harness/certificates.h"
#include "tests/harness/fake_api/console.h"

namespace sp::fake_api {
namespace {

struct Settled {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string kubeconfig;
  std::string fill;
  bool plain = false;
  bool serve = false;
};

// JSON is YAML.
std::string kubeconfig_text(const std::string& url, const std::string& ca_path, const std::string& token) {
  Json cluster = {{"server", url}};
  if (!ca_path.empty()) cluster["certificate-authority"] = ca_path;
  const Json config = {
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"current-context", "fake"},
      {"clusters", Json::array({{{"name", "fake"}, {"cluster", cluster}}})},
      {"users", Json::array({{{"name", "agent"}, {"user", {{"token", token}}}}})},
      {"contexts", Json::array({{{"name", "fake"}, {"context", {{"cluster", "fake"}, {"user", "agent"}}}}})}};
  return config.dump(2) + "\n";
}

Result<std::unique_ptr<FakeApi>> start(const Settled& settled) {
  const test::Authority authority("fake-api-server");
  const test::Identity identity =
      authority.issue({.common_name = "kube-apiserver", .names = {settled.address, "localhost"}});
  FakeApi::Options options{.address = settled.address, .port = settled.port, .tls = {}};
  if (!settled.plain) options.tls = ServerTls{identity.certificate_pem, identity.key_pem, ""};
  SP_TRY_ASSIGN(api, FakeApi::start(options));
  api->gatekeeper().accept_token("fake-token", "system:kube-proxy");
  if (!settled.kubeconfig.empty()) {
    const std::string ca_path = settled.plain ? "" : settled.kubeconfig + ".ca.crt";
    if (!settled.plain) std::ofstream(ca_path) << authority.pem();
    std::ofstream file(settled.kubeconfig);
    file << kubeconfig_text(api->url(), ca_path, "fake-token");
    if (!file.flush()) return Error{errno, settled.kubeconfig + ": cannot be written"};
  }
  return api;
}

int serve(const Settled& settled) {
  auto api = start(settled);
  if (!api) {
    std::cerr << "fake_api_server: " << api.error().text() << '\n';
    return 1;
  }
  Console console(**api);
  const std::size_t by = settled.fill.find('x');
  if (by != std::string::npos) {
    std::cout << console.obey("fill " + settled.fill.substr(0, by) + " " + settled.fill.substr(by + 1)) << '\n';
  }
  std::cout << "listening " << (*api)->url() << std::endl;
  while (settled.serve) ::pause();
  for (std::string line; std::getline(std::cin, line) && line != "quit";) std::cout << console.obey(line) << std::endl;
  return 0;
}

}  // namespace
}  // namespace sp::fake_api

int main(int argc, char** argv) {
  sp::fake_api::Settled settled;
  CLI::App app{"A fake Kubernetes API server"};
  app.add_option("--listen", settled.address, "address to listen on");
  app.add_option("--port", settled.port, "0 = any that is free");
  app.add_option("--kubeconfig", settled.kubeconfig, "file to write; the authority goes beside it");
  app.add_option("--fill", settled.fill, "SERVICESxENDPOINTS to begin with");
  app.add_flag("--plain", settled.plain, "no TLS");
  app.add_flag("--serve", settled.serve, "do not read standard input");
  CLI11_PARSE(app, argc, argv);
  return sp::fake_api::serve(settled);
}
