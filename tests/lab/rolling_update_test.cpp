// SPDX-License-Identifier: Apache-2.0
// A rolling update of ten Pods, one after the other, under load: each old Pod is terminating for its grace, in which it
// serves whoever is connected, then takes leave. No client may see a reset or a failure.
//
//   SP_GRACE_SECONDS   each Pod's grace, default 6; a minute under the label nightly
#include <deque>

#include "tests/harness/conversation.h"
#include "tests/harness/lab_environment.h"
#include "tests/harness/manifests.h"
#include "tests/harness/seed.h"
#include "tests/harness/steady_load.h"

namespace sp::test {

namespace {

constexpr unsigned kPods = 10;
constexpr std::uint16_t kNodePort = 30080;

// Old Pods are 0 to 9 and new ones 10 to 19, on both nodes in turn.
std::string pod(unsigned index) {
  return "n" + std::to_string(1 + index % 2) + "p" + std::to_string(1 + index / 2);
}

}  // namespace

LabShape lab_shape() {
  return {.nodes = 2, .clients = 1, .pods = kPods + 2};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < 2 * kPods; ++i) {
    names.push_back(pod(i));
  }
  SP_TRY(servers.listen(lab, names, 8080));
  return agents.start_all();
}

namespace {

class RollingUpdate : public LabTest {
 protected:
  struct Leaver {
    unsigned index;
    Clock::time_point at;  // the end of its grace
  };

  void SetUp() override {
    for (unsigned i = 0; i < kPods; ++i) {
      spec_.backends.push_back(backend(lab(), pod(i)));
    }
    apply();
    const std::vector<Endpoint> cluster_ips = {{"10.96.0.1", 80}, {"fd00:96::1", 80}};
    load(lab().host("n1p11").place(), cluster_ips);
    load(netns("n1p12"), cluster_ips);
    load(lab().host("n1").place(), cluster_ips);
    load(netns("c1"), {node_port("n1", Family::v4), node_port("n2", Family::v6)});
    progress();
  }

  static Endpoint node_port(const char* node, Family family) { return lab().host(node).at(family, kNodePort); }

  void load(const Place& from, const std::vector<Endpoint>& targets) {
    auto started = SteadyLoad::start({.from = from, .targets = targets, .long_lived = 20, .new_interval = Millis(10)});
    ASSERT_TRUE(ok(started));
    loads_.push_back(std::move(*started));
  }

  void apply() { ASSERT_TRUE(ok(agents().apply("web.yaml", manifest(spec_)))); }

  void progress() {
    for (const auto& load : loads_) {
      ASSERT_TRUE(ok(load->await_progress(20, 2, Millis(30000))));
    }
  }

  // A new Pod is ready, an old one gets its notice.
  void replace(unsigned index) {
    for (BackendSpec& each : spec_.backends) {
      each.terminating = each.terminating || each.host.name == pod(index);
    }
    spec_.backends.push_back(backend(lab(), pod(kPods + index)));
    apply();
    leavers_.push_back({index, Clock::now() + grace_});
  }

  // The first Pod whose grace is over ends, and with it its endpoint.
  void let_go() {
    const std::string name = pod(leavers_.front().index);
    leavers_.pop_front();
    ASSERT_TRUE(ok(servers().retire(name, Millis(10000))));
    std::erase_if(spec_.backends, [&](const BackendSpec& each) { return each.host.name == name; });
    apply();
  }

  // Until then there is load, and it goes well.
  void until(Clock::time_point end) {
    while (Clock::now() < end && !HasFatalFailure()) {
      progress();
    }
  }

  const Millis grace_{1000 * number_of("SP_GRACE_SECONDS", 6)};
  ServiceSpec spec_{.name = "web", .node_port = kNodePort};
  std::vector<std::unique_ptr<SteadyLoad>> loads_;
  std::deque<Leaver> leavers_;
};

TEST_F(RollingUpdate, OfTenPodsResetsNobody) {
  for (unsigned i = 0; i < kPods && !HasFatalFailure(); ++i) {
    replace(i);
    progress();
    while (!leavers_.empty() && leavers_.front().at <= Clock::now() && !HasFatalFailure()) {
      let_go();
    }
  }
  while (!leavers_.empty() && !HasFatalFailure()) {
    until(leavers_.front().at);
    let_go();
  }
  progress();
  for (const auto& load : loads_) {
    const SteadyLoad::Report report = load->stop();
    std::printf("%s\n", report.text().c_str());
    EXPECT_EQ(report.failed, 0u) << report.text();
    EXPECT_EQ(report.reset, 0u) << report.text();
    EXPECT_GE(report.farewells, 20u) << "every long-lived connection began at an old Pod";
    EXPECT_EQ(report.identities.size(), 2u * kPods);
  }
}

}  // namespace
}  // namespace sp::test
