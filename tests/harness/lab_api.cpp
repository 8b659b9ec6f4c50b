// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/lab_api.h"

#include <gtest/gtest.h>

#include <fstream>
#include <utility>

#include "tests/harness/kubeconfig_text.h"
#include "tests/harness/netns.h"

namespace sp::test {
namespace {

constexpr const char* kToken = "token-of-the-lab";
std::unique_ptr<LabApi> the_shared_one;

// Its connections must end before the process does: OpenSSL is gone when static objects go.
class SharedApiOwner : public ::testing::Environment {
  void TearDown() override { the_shared_one.reset(); }
};
[[maybe_unused]] const auto* const kOwner = ::testing::AddGlobalTestEnvironment(new SharedApiOwner);

}  // namespace

Result<std::unique_ptr<LabApi>> LabApi::start(const Lab& lab, const std::string& host) {
  std::unique_ptr<LabApi> made(new LabApi(lab, lab.host(host)));
  const Identity identity =
      made->authority_.issue({.common_name = "kube-apiserver", .names = {made->host_.ip4, "kubernetes"}});
  SP_TRY_ASSIGN(inside, NetnsScope::enter(made->host_.netns));
  SP_TRY_ASSIGN(api,
                fake_api::FakeApi::start({.address = made->host_.ip4,
                                          .port = 6443,
                                          .tls = fake_api::ServerTls{identity.certificate_pem, identity.key_pem, {}}}));
  made->api_ = std::move(api);
  made->api_->gatekeeper().accept_token(kToken, "system:kube-proxy");
  made->api_->gatekeeper().restrict_to(fake_api::node_proxier_rights());
  SP_TRY(made->write_kubeconfig());
  for (const std::string& node : lab.nodes()) {
    made->api_->put(api_node(lab.host(node)));
  }
  return made;
}

Result<LabApi*> LabApi::start_shared(const Lab& lab, const std::string& host) {
  SP_TRY_ASSIGN(made, start(lab, host));
  the_shared_one = std::move(made);
  return the_shared_one.get();
}

LabApi& LabApi::shared() {
  return *the_shared_one;
}

Result<void> LabApi::restart() {
  SP_TRY_ASSIGN(inside, NetnsScope::enter(host_.netns));
  return api_->restart();
}

void LabApi::put(const std::vector<nlohmann::json>& objects) {
  for (const nlohmann::json& object : objects) {
    api_->put(object);
  }
}

Result<void> LabApi::write_kubeconfig() {
  std::ofstream(lab_.scratch() / "ca.pem") << authority_.pem();
  kubeconfig_ = lab_.scratch() / "kubeconfig";
  std::ofstream out(kubeconfig_);
  out << kubeconfig_text(api_->url(), "ca.pem", std::string("user: {token: ") + kToken + "}");
  return out.flush() ? Result<void>() : errno_error(errno, kubeconfig_.string() + ": write");
}

}  // namespace sp::test
