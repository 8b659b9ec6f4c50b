// SPDX-License-Identifier: Apache-2.0
// ProblemList: every problem in force, whoever has it. Costs what changes, however many there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "loader/compile/compile.h"

namespace sp::compile {

class ProblemList {
 public:
  // Adds before it removes, so that version() stays if both hold the same.
  void replace(const std::vector<Problem>& before, const std::vector<Problem>& now) {
    for (const Problem& problem : now) {
      version_ += counts_[problem]++ == 0 ? 1 : 0;
    }
    for (const Problem& problem : before) {
      const auto found = counts_.find(problem);
      if (--found->second == 0) {
        counts_.erase(found);
        ++version_;
      }
    }
  }

  // Another one whenever all() is.
  [[nodiscard]] std::uint64_t version() const { return version_; }
  // Sorted, each once.
  [[nodiscard]] std::vector<Problem> all() const {
    std::vector<Problem> out;
    out.reserve(counts_.size());
    for (const auto& [problem, count] : counts_) {
      out.push_back(problem);
    }
    return out;
  }

 private:
  std::map<Problem, std::size_t> counts_;
  std::uint64_t version_ = 0;
};

}  // namespace sp::compile
