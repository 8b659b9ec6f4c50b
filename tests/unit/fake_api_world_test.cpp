// SPDX-License-Identifier: Apache-2.0
// The contents that fake API servers are filled with: the measure of speed and the world that changes.
#include "tests/harness/fake_api/fixture.h"
#include "tests/harness/fake_api/scale.h"
#include "tests/harness/fake_api/world.h"

namespace sp::fake_api {
namespace {

class FakeApiWorld : public FakeApiTest {};

TEST_F(FakeApiWorld, TheScaleIsAsOrderedAndHasItsBallast) {
  const Scale scale{.services = 30, .endpoints = 150};
  fill(*api_, scale);
  const Answer services = get("/api/v1/services");
  const Answer slices =
      get("/apis/discovery.k8s.io/v1/endpointslices?labelSelector=kubernetes.io/service-name%3Dsvc-3");
  EXPECT_EQ(services.body["items"].size(), 30U);
  ASSERT_EQ(slices.body["items"].size(), 2U);
  EXPECT_EQ(slices.body["items"][0]["endpoints"].size(), 100U);
  EXPECT_EQ(slices.body["items"][1]["endpoints"].size(), 50U);
  EXPECT_TRUE(slices.body["items"][0]["endpoints"][0]["addresses"].is_array());
  EXPECT_TRUE(services.body["items"][0]["spec"]["ports"][0].is_object());
  EXPECT_GT(services.text.size() / 30, 1200U) << "bytes of a Service";
  fill(*api_, {.services = 30, .endpoints = 150, .ballast = false});
  EXPECT_LT(get("/api/v1/services").text.size(), services.text.size() / 2);
}

TEST_F(FakeApiWorld, OneSeedMakesOneWorld) {
  class Recorder : public Objects {
   public:
    void put_object(const Json& object) override { text += object.dump(); }
    void remove_object(const std::string& plural, const std::string& ns, const std::string& name) override {
      text += plural + ns + name;
    }
    std::string text;
  };
  const auto run = [](std::uint64_t seed) {
    Recorder recorder;
    World world(recorder, {.seed = seed});
    world.begin();
    for (int i = 0; i < 500; ++i) world.step();
    return recorder.text;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

TEST_F(FakeApiWorld, TheWorldGivesEachNumberOnceAndMendsWhatItBroke) {
  World world(*api_, {.seed = 3, .broken_share = 0.2});
  world.begin();
  for (int i = 0; i < 3000; ++i) world.step();
  world.mend();
  std::set<int> node_ports;
  std::set<std::string> cluster_ips;
  for (const Json& service : api_->objects("services")) {
    ASSERT_TRUE(service["spec"]["ports"].is_array()) << service.dump();
    for (const Json& port : service["spec"]["ports"]) {
      ASSERT_TRUE(port.is_object());
      const int number = port.value("nodePort", 0);
      EXPECT_TRUE(number == 0 || node_ports.insert(number).second) << service.dump();
    }
    const std::string ip = field_text(service, "spec.clusterIP");
    EXPECT_TRUE(ip.empty() || ip == "None" || cluster_ips.insert(ip).second) << service.dump();
  }
  EXPECT_GT(cluster_ips.size(), 5U);
  for (const Json& slice : api_->objects("endpointslices")) ASSERT_TRUE(slice["endpoints"].is_array()) << slice.dump();
}

}  // namespace
}  // namespace sp::fake_api
