// SPDX-License-Identifier: Apache-2.0
// UnderLoad: the fixture of tests that do things to agents while clients keep connections open and make new ones.
//
// Promises: each test ends with the report that nothing failed and nothing was reset, or fails.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/harness/lab_environment.h"
#include "tests/harness/steady_load.h"

namespace sp::test {

class UnderLoad : public LabTest {
 protected:
  // Two clients through `node_port` of every node in both families. The Service has `backends` backends.
  UnderLoad(std::uint16_t node_port, std::size_t backends) : node_port_(node_port), backends_(backends) {}

  void SetUp() override;
  void TearDown() override;
  // 60 more new connections from each client, and 3 more answers on every single long-lived one.
  void progress();

 private:
  std::uint16_t node_port_;
  std::size_t backends_;
  std::vector<std::unique_ptr<SteadyLoad>> loads_;
  std::size_t retransmitted_before_ = 0;
};

}  // namespace sp::test
