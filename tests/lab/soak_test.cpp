// SPDX-License-Identifier: Apache-2.0
// An agent whose API server misbehaves at random while the cluster changes, and which is killed now and then: in the
// end its maps hold what a fresh compile of the server's state gives.
//
//   SP_SOAK_SECONDS   how long, default 60
//   SP_SOAK_SEED      which misfortune; a random one is printed
#include <poll.h>

#include <algorithm>
#include <iostream>
#include <random>

#include "loader/compile/compile.h"
#include "loader/kube/kubernetes_source.h"
#include "loader/node/watcher.h"
#include "loader/util/ticks.h"
#include "tests/harness/fake_api/world.h"
#include "tests/harness/lab_api.h"
#include "tests/harness/lab_environment.h"
#include "tests/harness/map_contents.h"
#include "tests/harness/netns.h"
#include "tests/harness/seed.h"

namespace sp::test {

namespace {

constexpr const char* kNode = "node-0";

std::string text_of(const compile::Networks& networks) {
  std::string text = "pods";
  for (const Prefix& range : networks.pods) {
    text += " " + range.text();
  }
  text += ", services";
  for (const compile::ServiceNetwork& network : networks.services) {
    text += " " + network.range.text() + (network.allocated ? " allocated" : "");
  }
  return text;
}

std::string text_of(const compile::ServiceRow& row) {
  std::string text =
      "flags " + std::to_string(row.flags) + ", affinity " + std::to_string(row.affinity_timeout_s) + " s,";
  for (const compile::Backend& backend : row.backends) {
    text += " " + backend.ip.text() + ":" + std::to_string(backend.port) + (backend.local ? " here" : "");
  }
  return text;
}

// The table has a place for each family; within one, packets go by the first range that holds an address.
void in_table_order(compile::Networks& networks) {
  std::ranges::stable_partition(networks.pods, [](const Prefix& pods) { return pods.address.family() == Family::v4; });
  std::ranges::stable_partition(networks.services, [](const compile::ServiceNetwork& services) {
    return services.range.address.family() == Family::v4;
  });
}

}  // namespace

LabShape lab_shape() {
  return {.nodes = 1, .clients = 1, .pods = 1};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers& servers) {
  static_cast<void>(servers);
  SP_TRY_ASSIGN(api, LabApi::start_shared(lab, "c1"));
  // The world's own node.
  std::vector<std::string> words = api->source_words();
  words.insert(words.end(), {"--node", kNode});
  agents.set_source(words);
  return {};
}

namespace {

class Soak : public LabTest {
 protected:
  Soak() : seed_(number_of("SP_SOAK_SEED", std::random_device{}())), random_(seed_), world_(api(), {.seed = seed_}) {}

  static fake_api::FakeApi& api() { return LabApi::shared().api(); }
  [[nodiscard]] unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  void misfortune() {
    switch (below(12)) {
      case 0:
        api().stop(below(2) == 0);
        world_.step();
        if (below(2) == 0) api().compact();
        ASSERT_TRUE(ok(LabApi::shared().restart()));
        return;
      case 1:
        ASSERT_TRUE(ok(agents().kill("n1")));
        world_.step();
        ASSERT_TRUE(ok(agents().start("n1", kSallyport, "agent: waiting for the cluster")));
        return;
      case 2:
      case 3:
        api().drop_connections();
        world_.step();
        return api().compact();
      case 4:
        api().set_wire({.max_piece = 1 + below(200), .max_delay = Millis(below(2))});
        return;
      case 5:
        api().set_wire({});
        return;
      case 6:
        api().set_chaos(fake_api::Chaos{.seed = random_(), .share = 0.1 * below(6), .stall_share = 0});
        return;
      default:
        api().order({.what = static_cast<fake_api::WatchOrder::What>(below(7)),
                     .resource = below(2) == 0 ? "endpointslices" : "services",
                     .text = "no json\n"});
    }
  }

  // What an agent should have made of the server's state.
  static compile::Desired fresh_compile() {
    const Host& node = lab().host("n1");
    auto inside = NetnsScope::enter(node.netns);
    EXPECT_TRUE(ok(inside));
    auto source = kube::KubernetesSource::open(
        {.access = {LabApi::shared().source_words().back(), ""}, .node_name = kNode, .observer = {}});
    EXPECT_TRUE(ok(source));
    const auto end = Clock::now() + Millis(20000);
    // A cluster counts as complete before its ServiceCIDRs are there: an old API server has none.
    const std::size_t ranges = api().objects("servicecidrs").size();
    const auto is_whole = [&] {
      return (*source)->cluster().complete && (*source)->cluster().service_cidrs.size() == ranges;
    };
    while (!is_whole() && Clock::now() < end) {
      pollfd ready{(*source)->fd(), POLLIN, 0};
      ::poll(&ready, 1, 1000);
      static_cast<void>((*source)->refresh());
    }
    EXPECT_TRUE(is_whole());
    auto watcher = node::Watcher::open(kNode);
    EXPECT_TRUE(ok(watcher));
    static_cast<void>(watcher->refresh());
    compile::Desired desired = compile::compile((*source)->cluster(), watcher->facts(), {}).desired;
    for (auto& [name, row] : desired.services) {
      row.serving = {};
      // The map has ticks, of which two seconds may share one.
      row.affinity_timeout_s = seconds_of_ticks(ticks_of_seconds(row.affinity_timeout_s));
    }
    in_table_order(desired.networks);
    return desired;
  }

  const std::uint64_t seed_;
  std::mt19937_64 random_;
  fake_api::World world_;
};

TEST_F(Soak, TheMapsHoldWhatAFreshCompileOfTheServersStateGives) {
  const auto seconds = number_of("SP_SOAK_SECONDS", 60);
  std::cout << "soak: SP_SOAK_SEED=" << seed_ << " SP_SOAK_SECONDS=" << seconds << std::endl;
  world_.begin();
  ASSERT_TRUE(ok(agents().start("n1")));
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  std::size_t misfortunes = 0;
  for (; Clock::now() < end && !HasFailure(); ++misfortunes) {
    for (unsigned i = below(30); i > 0; --i) {
      world_.step();
      std::this_thread::sleep_for(Millis(below(20)));  // the pace of the cluster, not a wait for anything
    }
    misfortune();
  }
  api().behave();
  world_.mend();
  api().drop_connections();

  const compile::Desired wanted = fresh_compile();
  const std::filesystem::path pins = lab().host("n1").pin_path;
  auto held = map_contents(pins);
  // A watch that fell silent unnoticed is looked after when it has been silent for 90 s.
  const auto deadline = Clock::now() + Millis(150000);
  while (held && *held != wanted && Clock::now() < deadline) {
    static_cast<void>(agents().await_log("n1", agents().mark("n1"), {"agent: applied"}, Millis(1000)));
    held = map_contents(pins);
  }
  ASSERT_TRUE(ok(held));
  std::cout << "soak: misfortunes " << misfortunes << ", faults met " << api().faults_met() << ", frontends "
            << wanted.frontends.size() << ", services " << wanted.services.size() << '\n';
  EXPECT_FALSE(wanted.frontends.empty());
  EXPECT_EQ(held->frontends.size(), wanted.frontends.size());
  EXPECT_EQ(held->services.size(), wanted.services.size());
  EXPECT_TRUE(held->frontends == wanted.frontends);
  EXPECT_TRUE(held->services == wanted.services);
  for (const auto& [name, row] : wanted.services) {
    EXPECT_TRUE(held->services[name] == row)
        << name << "\nwanted " << text_of(row) << "\nheld   " << text_of(held->services[name]);
  }
  EXPECT_TRUE(held->source_ranges == wanted.source_ranges);
  EXPECT_EQ(text_of(held->networks), text_of(wanted.networks));
  EXPECT_TRUE(held->service_ips == wanted.service_ips);
  EXPECT_EQ(api().violations(), std::vector<std::string>());
}

}  // namespace
}  // namespace sp::test
