// SPDX-License-Identifier: Apache-2.0
// main() of tests that load BPF programs or make network namespaces: skipped as a whole (exit code 77) without root.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (::geteuid() != 0) {
    std::puts("skipped: BPF programs and network namespaces need root");
    return 77;
  }
  return RUN_ALL_TESTS();
}
