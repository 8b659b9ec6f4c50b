// SPDX-License-Identifier: Apache-2.0
// Streams: iperf3 servers in Pods, and one iperf3 client after the other towards them.
#pragma once

#include <chrono>
#include <vector>

#include "tests/harness/lab.h"

namespace sp::bench {

inline constexpr std::uint16_t kStreamPort = 5201;

struct StreamPlan {
  test::Endpoint target;
  unsigned parallel = 1;
  unsigned seconds = 1;
};

class Streams {
 public:
  // One server for each Pod, on kStreamPort. It runs on the CPUs of the caller, as the client of send() does.
  [[nodiscard]] static Result<Streams> serve(const std::vector<test::Host>& pods);
  // What the server received, in Gbit/s.
  [[nodiscard]] static Result<double> send(const test::Lab& lab, const std::string& client, const StreamPlan& plan);

 private:
  std::vector<test::Process> servers_;
};

}  // namespace sp::bench
