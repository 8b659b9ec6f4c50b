// SPDX-License-Identifier: Apache-2.0
// sort_unique: makes a list a set, in ascending order.
#pragma once

#include <algorithm>
#include <vector>

namespace sp {

template <typename T>
void sort_unique(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace sp
