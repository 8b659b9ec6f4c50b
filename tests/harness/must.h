// SPDX-License-Identifier: Apache-2.0
// must: a result that has to be there, where the alternative is the end of the test or benchmark.
#pragma once

#include <stdexcept>
#include <utility>

#include "loader/util/result.h"

namespace sp::test {

// Throws the error's text.
template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  return std::move(result).value();
}

inline void must(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().text());
}

}  // namespace sp::test
