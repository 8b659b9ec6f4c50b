// SPDX-License-Identifier: Apache-2.0
// The seed of a random test: SP_TEST_SEED, or another one with each run. Printed, so that a failure can be repeated.
// And other numbers that the environment may set.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace sp::test {

inline std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline unsigned seed() {
  const auto value = static_cast<unsigned>(number_of("SP_TEST_SEED", std::random_device{}()));
  std::cout << "SP_TEST_SEED=" << value << std::endl;
  return value;
}

}  // namespace sp::test
