// SPDX-License-Identifier: Apache-2.0
// KubernetesSource against an API server that misbehaves at random while the cluster changes: in the end it holds what
// the server holds, and in between it never loses what it had while the server is away.
//
//   SP_SOAK_SECONDS   how long, default 60
//   SP_SOAK_SEED      which misfortune; a random one is printed
#include <gmock/gmock.h>

#include <array>
#include <iostream>
#include <random>

#include "loader/compile/compile.h"
#include "loader/util/log.h"
#include "tests/harness/fake_api/world.h"
#include "tests/harness/kube_cluster.h"
#include "tests/harness/seed.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;
using fake_api::Fault;
using fake_api::WatchOrder;

// Short, so that a minute holds many lives of a watch.
kube::Timing hasty() {
  kube::Timing timing;
  timing.list_limit = 3s;
  timing.watch_shortest = 2s;
  timing.watch_longest = 6s;
  timing.watch_grace = 500ms;
  timing.silence = 1500ms;
  timing.probe_limit = 500ms;
  timing.backoff_first = 20ms;
  timing.backoff_longest = 500ms;
  timing.settled = 1s;
  timing.recovered = 200ms;
  timing.watch_too_short = 100ms;
  timing.unknown_again = 500ms;
  return timing;
}

class KubeSourceSoak : public ::testing::Test {
 protected:
  KubeSourceSoak()
      : seed_(number_of("SP_SOAK_SEED", std::random_device{}())),
        random_(seed_),
        world_(cluster_.api(), {.seed = seed_, .services = 80}) {}

  [[nodiscard]] unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  [[nodiscard]] fake_api::FakeApi& api() { return cluster_.api(); }

  void live(Millis time) {
    pump(
        *source_, [] { return false; }, time,
        [this](const source::Update& update) { changes_ += update.changed.size(); });
  }

  // As live(), and the server cannot be heard: nothing may change. What was under way arrives before.
  void live_deaf(Millis time) {
    live(100ms);
    const model::Cluster before = source_->cluster();
    live(time);
    EXPECT_EQ(before, source_->cluster()) << "it changed while the server was away";
  }

  void outage() {
    api().stop(below(2) == 0);
    const unsigned steps = below(20);
    for (unsigned i = 0; i < steps; ++i) world_.step();
    live_deaf(Millis(below(600)));
    if (below(2) == 0) api().compact();
    ASSERT_TRUE(api().restart());
  }

  // Another etcd, restored from a backup: its versions have nothing to do with those that the watches are at, and lie
  // so far away that they do not meet them in the time it takes to notice.
  void replace_server() {
    api().stop();
    const fake_api::Version version = api().version();
    api().reset_history(version > 20'000 ? version / 2 : version * 4);
    world_.rewrite();
    ASSERT_TRUE(api().restart());
  }

  void freeze() {
    api().freeze(true);
    world_.step();
    live_deaf(Millis(below(2000)));
    api().freeze(false);
  }

  void lose_token() {
    cluster_.revoke_token();
    live(Millis(below(300)));
    cluster_.rotate_token();
  }

  void forbid() {
    static const std::array<fake_api::Right, 4> rights = {
        {{"list", "services"}, {"*", "endpointslices"}, {"watch", "pods"}, {"*", "servicecidrs"}}};
    const fake_api::Right& right = rights.at(below(rights.size()));
    api().gatekeeper().deny(right);
    if (below(2) == 0) api().drop_connections();
    live(Millis(below(400)));
    api().gatekeeper().permit(right);
  }

  void give_order() {
    static const std::array<std::string, 6> resources = {"",     "services", "endpointslices",
                                                         "pods", "nodes",    "servicecidrs"};
    WatchOrder order;
    order.what = static_cast<WatchOrder::What>(below(7));
    order.resource = resources.at(below(resources.size()));
    order.text = below(2) == 0 ? "no json\n" : "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\"}}\n";
    if (below(2) == 0) order.status = {500, "InternalError", "etcdserver: leader changed"};
    api().order(order);
  }

  void change_character() {
    fake_api::Settings settings = api().settings();
    settings.bookmark_interval = Millis(100 + below(900));
    settings.streaming_lists = below(2) == 0;
    settings.expired_as_status = below(2) == 0;
    settings.any_ignores_limit = below(2) == 0;
    settings.stale_by = below(3) == 0 ? below(40) : 0;
    settings.clock_skew = std::chrono::seconds(static_cast<int>(below(7200)) - 3600);
    api().set_settings(settings);
    api().set_wire({.max_piece = below(3) == 0 ? 1 + below(200) : 0, .max_delay = below(4) == 0 ? 1ms : 0ms});
    const double share = below(3) == 0 ? 0 : 0.1 * below(6);
    api().set_chaos(fake_api::Chaos{.seed = random_(), .share = share, .stall_share = 0.05});
  }

  void misfortune() {
    switch (below(20)) {
      case 0:
        return outage();
      case 1:
        return freeze();
      case 2:
        return lose_token();
      case 3:
        return forbid();
      case 4:
        return replace_server();
      case 5:
        return api().drop_connections(below(2) == 0);
      case 6:
      case 7:
        // What the watches missed while they were away has expired when they come back.
        api().drop_connections();
        world_.step();
        return api().compact();
      case 8:
      case 9:
        return change_character();
      default:
        return give_order();
    }
  }

  [[nodiscard]] static bool synced(const kube::KubernetesSource& source) {
    const auto resources = source.stats().resources;
    return std::all_of(resources.begin(), resources.end(), [](const auto& resource) { return resource.synced; });
  }

  // What a Source that begins now reads.
  [[nodiscard]] model::Cluster fresh_cluster() {
    const auto fresh = cluster_.open_source("node-0", hasty());
    EXPECT_TRUE(pump(
        *fresh, [&] { return fresh->cluster().complete && synced(*fresh); }, 20s));
    return fresh->cluster();
  }

  void print_figures() const {
    const kube::SourceStats stats = source_->stats();
    std::cout << "soak: objects changed " << changes_ << ", faults met " << cluster_api().faults_met() << '\n';
    for (const model::Kind kind : {model::Kind::service, model::Kind::endpoint_slice, model::Kind::pod,
                                   model::Kind::node, model::Kind::service_cidr}) {
      const kube::ResourceStats& one = stats.of(kind);
      std::cout << "soak: " << model::to_string(kind) << ": lists " << one.lists << ", watches " << one.watches
                << ", events " << one.added + one.modified + one.deleted << ", bookmarks " << one.bookmarks
                << ", failures";
      for (const std::uint64_t count : one.failures) std::cout << ' ' << count;
      std::cout << '\n';
    }
  }
  [[nodiscard]] const fake_api::FakeApi& cluster_api() const { return const_cast<KubeSourceSoak*>(this)->api(); }

  const std::uint64_t seed_;
  std::mt19937_64 random_;
  KubeCluster cluster_;
  fake_api::World world_;
  std::unique_ptr<kube::KubernetesSource> source_;
  std::size_t changes_ = 0;
};

std::string differences(const model::Cluster& left, const model::Cluster& right) {
  std::string text;
  const auto compare = [&text](const char* kind, const auto& mine, const auto& truth) {
    for (const auto& [key, object] : mine) {
      const auto found = truth.find(key);
      if (found == truth.end()) text += std::string(kind) + " " + key.text() + " is left over\n";
      if (found != truth.end() && !(found->second == object))
        text += std::string(kind) + " " + key.text() + " differs\n";
    }
    for (const auto& [key, object] : truth) {
      if (mine.count(key) == 0) text += std::string(kind) + " " + key.text() + " is missing\n";
    }
  };
  compare("Service", left.services, right.services);
  compare("EndpointSlice", left.endpoint_slices, right.endpoint_slices);
  compare("Pod", left.pods, right.pods);
  compare("Node", left.nodes, right.nodes);
  compare("ServiceCIDR", left.service_cidrs, right.service_cidrs);
  return text;
}

// Which Services of the server a proxy sees, said once more and differently.
std::size_t visible_services(const fake_api::FakeApi& api) {
  const auto services = api.objects("services");
  return static_cast<std::size_t>(std::count_if(services.begin(), services.end(), [](const fake_api::Json& service) {
    const std::string ip = fake_api::field_text(service, "spec.clusterIP");
    return !ip.empty() && ip != "None" &&
           !service["metadata"]["labels"].contains("service.kubernetes.io/service-proxy-name");
  }));
}

TEST_F(KubeSourceSoak, HoldsWhatTheServerHoldsWhenTheMisfortuneEnds) {
  log::init(log::Level::error);
  const auto seconds = number_of("SP_SOAK_SECONDS", 60);
  std::cout << "soak: SP_SOAK_SEED=" << seed_ << " SP_SOAK_SECONDS=" << seconds << std::endl;
  api().reset_history(100'000);
  world_.begin();
  source_ = cluster_.open_source("node-0", hasty());
  ASSERT_TRUE(pump(
      *source_, [&] { return source_->cluster().complete && synced(*source_); }, 20s));
  EXPECT_EQ(source_->cluster(), fresh_cluster());

  change_character();
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  while (Clock::now() < end && !HasFailure()) {
    const unsigned steps = below(15);
    for (unsigned i = 0; i < steps; ++i) {
      world_.step();
      live(Millis(below(6)));
    }
    misfortune();
  }

  api().behave();
  fake_api::Settings settings;
  settings.bookmark_interval = 300ms;
  api().set_settings(settings);
  world_.mend();
  const auto began = Clock::now();
  const model::Cluster truth = fresh_cluster();
  EXPECT_TRUE(pump(
      *source_, [&] { return source_->cluster() == truth; }, 30s))
      << differences(source_->cluster(), truth);
  std::cout << "soak: caught up in " << std::chrono::duration_cast<Millis>(Clock::now() - began).count() << " ms\n";
  print_figures();

  EXPECT_EQ(truth.services.size(), visible_services(api()));
  EXPECT_GT(truth.services.size(), 3U);
  EXPECT_GT(truth.endpoint_slices.size(), 3U);
  EXPECT_GE(source_->stats().of(model::Kind::service).relists, seconds / 10) << "it was no soak";
  const node::Facts facts{.node_name = "node-0",
                          .devices = {{.ifindex = 2, .name = "eth0", .mtu = 1500, .up = true}},
                          .addresses = {{.ip = *Ip::parse("192.0.2.1"), .ifindex = 2, .prefix_bits = 24}}};
  EXPECT_EQ(compile::compile(source_->cluster(), facts, {}).desired, compile::compile(truth, facts, {}).desired);
  EXPECT_THAT(api().violations(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace sp::test
