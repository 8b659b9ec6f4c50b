// SPDX-License-Identifier: Apache-2.0
// The seed of a random test: SP_TEST_SEED, or another one with each run. Printed, so that a failure can be repeated.
#pragma once

#include <cstdlib>
#include <iostream>
#include <random>

namespace sp::test {

inline unsigned seed() {
  const char* given = std::getenv("SP_TEST_SEED");
  const unsigned value =
      given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  std::cout << "SP_TEST_SEED=" << value << std::endl;
  return value;
}

}  // namespace sp::test
