// SPDX-License-Identifier: Apache-2.0
// Short ways to write a Desired in tests.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "loader/compile/desired.h"

namespace sp::test {

inline Ip ip(std::string_view text) {
  return *Ip::parse(text);
}

// Backends 10.0.0.<number>:80, sorted as Desired wants them.
inline std::vector<compile::Backend> backends(std::vector<int> numbers) {
  std::vector<compile::Backend> out;
  std::sort(numbers.begin(), numbers.end());
  for (const int number : numbers) {
    out.push_back({ip("10.0.0." + std::to_string(number)), 80, false});
  }
  return out;
}

// A row whose backends are all chosen, and `also_serving` are not.
inline compile::ServiceRow row(const std::vector<int>& chosen, const std::vector<int>& also_serving = {}) {
  std::vector<int> serving = chosen;
  serving.insert(serving.end(), also_serving.begin(), also_serving.end());
  return {backends(chosen), backends(serving), 0, 0};
}

inline compile::Frontend frontend(std::string_view address, std::uint16_t port) {
  return {ip(address), port, Protocol::tcp, SP_SCOPE_EXTERNAL};
}

// Adds service `name` and one frontend 192.0.2.1:port to it.
inline void add(compile::Desired& desired, const std::string& name, std::uint16_t port, compile::ServiceRow service) {
  desired.services[name] = std::move(service);
  desired.frontends[frontend("192.0.2.1", port)] = {name, SP_FRONTEND_NODE_ADDR, SP_KIND_NODE_PORT};
}

}  // namespace sp::test
