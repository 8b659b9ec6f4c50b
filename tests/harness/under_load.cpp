// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/under_load.h"

#include <sstream>

namespace sp::test {
namespace {

constexpr Millis kProgressTimeout{20000};

// Retransmitted TCP segments of a namespace since it exists: what a connection survives, but a lost packet still is.
std::size_t retransmissions(const Lab& lab, const std::string& host) {
  const auto output = lab.run(host, {"nstat", "-asz", "TcpRetransSegs"});
  if (!output) {
    return 0;
  }
  const auto at = output->text.find("TcpRetransSegs");
  std::istringstream words(at == std::string::npos ? "" : output->text.substr(at));
  std::string name;
  std::size_t count = 0;
  words >> name >> count;
  return count;
}

}  // namespace

void UnderLoad::SetUp() {
  std::vector<Endpoint> targets;
  for (const std::string& node : lab().nodes()) {
    targets.push_back(lab().host(node).at(Family::v4, node_port_));
    targets.push_back(lab().host(node).at(Family::v6, node_port_));
  }
  for (const char* client : {"c1", "c2"}) {
    retransmitted_before_ += retransmissions(lab(), client);
    auto load = SteadyLoad::start({.from = netns(client), .targets = targets, .long_lived = 36});
    ASSERT_TRUE(ok(load));
    loads_.push_back(std::move(*load));
  }
  progress();
}

void UnderLoad::progress() {
  for (const auto& load : loads_) {
    ASSERT_TRUE(ok(load->await_progress(60, 3, kProgressTimeout)));
  }
}

void UnderLoad::TearDown() {
  std::size_t retransmitted = 0;
  for (const char* client : {"c1", "c2"}) {
    retransmitted += retransmissions(lab(), client);
  }
  for (const auto& load : loads_) {
    const SteadyLoad::Report report = load->stop();
    std::printf("%s\n", report.text().c_str());
    EXPECT_EQ(report.failed, 0u) << report.text();
    EXPECT_EQ(report.reset, 0u) << report.text();
    EXPECT_EQ(report.identities.size(), backends_);
    EXPECT_EQ(report.long_lived_identities.size(), backends_);
  }
  std::printf("segments that the clients sent twice: %zu\n", retransmitted - retransmitted_before_);
}

}  // namespace sp::test
