// SPDX-License-Identifier: Apache-2.0
// Delta: what differs between two states of Desired, by name, so that sync/ need not look at the rest.
#pragma once

#include <string>
#include <vector>

#include "loader/compile/desired.h"

namespace sp::compile {

// Names of rows that appeared, differ or have gone: Desired says which. Sorted, each once, and nothing else.
struct Delta {
  bool everything = false;  // anything may differ; the lists are empty
  bool problems = false;    // the list of problems differs
  std::vector<std::string> services;
  std::vector<Frontend> frontends;
  std::vector<std::string> source_ranges;
  bool networks = false;
  std::vector<Ip> service_ips;
};

}  // namespace sp::compile
