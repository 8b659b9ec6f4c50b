// SPDX-License-Identifier: Apache-2.0
#include "bench/connect/streams.h"

#include <nlohmann/json.hpp>

namespace sp::bench {

Result<Streams> Streams::serve(const std::vector<test::Host>& pods) {
  Streams streams;
  for (const test::Host& pod : pods) {
    SP_TRY_ASSIGN(server, test::Process::spawn(
                              {.argv = {"iperf3", "--server", "--forceflush", "--port", std::to_string(kStreamPort)},
                               .netns = pod.netns}));
    SP_TRY(server.await_line(0, {"Server listening"}, test::Millis(5000)));
    streams.servers_.push_back(std::move(server));
  }
  return streams;
}

Result<double> Streams::send(const test::Lab& lab, const std::string& client, const StreamPlan& plan) {
  const std::vector<std::string> argv{"iperf3",
                                      "--client",
                                      plan.target.ip,
                                      "--port",
                                      std::to_string(plan.target.port),
                                      "--parallel",
                                      std::to_string(plan.parallel),
                                      "--time",
                                      std::to_string(plan.seconds),
                                      "--json"};
  const nlohmann::json::json_pointer received("/end/sum_received/bits_per_second");
  SP_TRY_ASSIGN(output, lab.run(client, argv, test::Millis((plan.seconds + 20) * 1000)));
  const auto told = nlohmann::json::parse(output.text, nullptr, false);
  if (output.exit_code != 0 || told.is_discarded() || !told.contains(received)) {
    return Error{0, "iperf3 to " + plan.target.text() + ":\n" + output.text.substr(0, 2000)};
  }
  return told[received].get<double>() / 1e9;
}

}  // namespace sp::bench
