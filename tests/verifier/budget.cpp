// SPDX-License-Identifier: Apache-2.0
// Budget file; see budget.h.
#include "budget.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

namespace sp::verifier {

Result<Budget> read_budget(const std::string& path) {
  std::ifstream file(path);
  if (!file) return errno_error(errno, "budget " + path + ": open");
  Budget budget;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream fields(line.substr(0, line.find('#')));
    std::string program;
    if (!(fields >> program)) continue;
    Limit limit;
    std::string rest;
    const bool complete = static_cast<bool>(fields >> limit.insns >> limit.stack_bytes);
    if (!complete || (fields >> rest) || !budget.emplace(program, limit).second) {
      return Error{EINVAL, "budget " + path + ", line " + std::to_string(number) +
                               ": expected one line \"program insns stack_bytes\" for each program"};
    }
  }
  return budget;
}

Budget worst_of(const std::vector<Cost>& costs) {
  Budget worst;
  for (const Cost& cost : costs) {
    Limit& limit = worst[cost.program];
    limit.insns = std::max(limit.insns, cost.insns);
    limit.stack_bytes = std::max(limit.stack_bytes, cost.stack_bytes);
  }
  return worst;
}

std::vector<std::string> violations(const Budget& worst, const Budget& budget) {
  std::vector<std::string> sentences;
  for (const auto& [program, cost] : worst) {
    const auto limit = budget.find(program);
    if (limit == budget.end()) {
      sentences.push_back(program + " has no budget: add its line");
      continue;
    }
    if (cost.insns > limit->second.insns) {
      sentences.push_back(program + " takes " + std::to_string(cost.insns) + " instructions of " +
                          std::to_string(limit->second.insns));
    }
    if (cost.stack_bytes > limit->second.stack_bytes) {
      sentences.push_back(program + " takes " + std::to_string(cost.stack_bytes) + " bytes of stack of " +
                          std::to_string(limit->second.stack_bytes));
    }
  }
  for (const auto& [program, limit] : budget) {
    if (!worst.contains(program)) sentences.push_back(program + " has a budget and no program: remove its line");
  }
  return sentences;
}

}  // namespace sp::verifier
