// SPDX-License-Identifier: Apache-2.0
// LabApi: an API server for the nodes of a lab: TLS, a token, listening at a client host that the test spares for it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/harness/api_objects.h"
#include "tests/harness/certificates.h"
#include "tests/harness/fake_api/fake_api.h"
#include "tests/harness/lab.h"

namespace sp::test {

class LabApi {
 public:
  // Knows the nodes of the lab, and nothing else yet. `lab` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<LabApi>> start(const Lab& lab, const std::string& host);

  // The one of a test binary: made by prepare(), gone when the tests are over, even badly.
  [[nodiscard]] static Result<LabApi*> start_shared(const Lab& lab, const std::string& host);
  [[nodiscard]] static LabApi& shared();

  [[nodiscard]] fake_api::FakeApi& api() { return *api_; }
  // Listens again, after api().stop(), where it did.
  [[nodiscard]] Result<void> restart();
  void put(const std::vector<nlohmann::json>& objects);
  // The words of an agent's command line that lead here.
  [[nodiscard]] std::vector<std::string> source_words() const { return {"--kubeconfig", kubeconfig_.string()}; }

 private:
  LabApi(const Lab& lab, const Host& host) : lab_(lab), host_(host), authority_("lab") {}
  Result<void> write_kubeconfig();

  const Lab& lab_;
  const Host& host_;
  Authority authority_;
  std::unique_ptr<fake_api::FakeApi> api_;
  std::filesystem::path kubeconfig_;
};

}  // namespace sp::test
