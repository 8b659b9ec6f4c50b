// SPDX-License-Identifier: Apache-2.0
// main() of every lab test: skips without root, and owns lab, agents and servers for the run.
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "tests/harness/lab_environment.h"

namespace sp::test {

namespace {

constexpr int kSkipped = 77;  // CTest's SKIP_RETURN_CODE

std::unique_ptr<Lab> the_lab;
std::unique_ptr<Agents> the_agents;
std::unique_ptr<IdentityServers> the_servers;

class LabEnvironment : public ::testing::Environment {
 public:
  void SetUp() override {
    auto lab = Lab::up(lab_shape());
    ASSERT_TRUE(ok(lab));
    the_lab = std::move(*lab);
    auto servers = IdentityServers::start();
    ASSERT_TRUE(ok(servers));
    the_servers = std::move(*servers);
    the_agents = std::make_unique<Agents>(*the_lab);
    ASSERT_TRUE(ok(prepare(*the_lab, *the_agents, *the_servers)));
  }

  void TearDown() override {
    the_agents.reset();
    the_servers.reset();
    the_lab.reset();
  }
};

class DiagnosisPrinter : public ::testing::EmptyTestEventListener {
  void OnTestEnd(const ::testing::TestInfo& info) override {
    if (info.result()->Failed() && the_agents != nullptr) {
      std::fprintf(stderr, "%s", the_agents->diagnosis().c_str());
    }
  }
};

}  // namespace

const Lab& LabTest::lab() {
  return *the_lab;
}

Agents& LabTest::agents() {
  return *the_agents;
}

IdentityServers& LabTest::servers() {
  return *the_servers;
}

}  // namespace sp::test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (::geteuid() != 0) {
    std::printf("skipped: lab tests make network namespaces and need root\n");
    return sp::test::kSkipped;
  }
  ::testing::AddGlobalTestEnvironment(new sp::test::LabEnvironment);
  ::testing::UnitTest::GetInstance()->listeners().Append(new sp::test::DiagnosisPrinter);
  return RUN_ALL_TESTS();
}
