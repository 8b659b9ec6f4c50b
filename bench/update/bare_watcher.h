// SPDX-License-Identifier: Apache-2.0
// BareWatcher: a process that holds a watch on the API server of a lab and does the least that one can do with an
// event, which is to store a word. How long an event takes there is what this machine, the server and TLS leave to
// nobody.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/harness/lab_api.h"
#include "tests/harness/process.h"

namespace sp::bench {

class BareWatcher {
 public:
  // In the network namespace of `host`, where the API server is. `api` must outlive it.
  [[nodiscard]] static Result<BareWatcher> start(const test::Lab& lab, const std::string& host, test::LabApi& api);

  // Has the server write `line` to its watch. Milliseconds until its word differs.
  [[nodiscard]] Result<double> change(const std::string& line);

 private:
  struct Unmap {
    void operator()(std::uint64_t* word) const;
  };
  using Word = std::unique_ptr<std::uint64_t, Unmap>;

  BareWatcher(test::LabApi& api, test::Process process, Word word)
      : api_(&api), process_(std::move(process)), word_(std::move(word)) {}

  test::LabApi* api_;
  test::Process process_;
  Word word_;
};

}  // namespace sp::bench
