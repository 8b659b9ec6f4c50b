// SPDX-License-Identifier: Apache-2.0
// The lines that lead a fake API server which is a program of its own.
#include "tests/harness/fake_api/console.h"

#include "tests/harness/fake_api/fixture.h"

namespace sp::fake_api {
namespace {

using ::testing::StartsWith;

class FakeApiConsole : public FakeApiTest {
 protected:
  std::string obey(const std::string& line) {
    if (console_ == nullptr) console_ = std::make_unique<Console>(*api_);
    return console_->obey(line);
  }
  std::unique_ptr<Console> console_;
};

TEST_F(FakeApiConsole, PutsRemovesAndTellsTheState) {
  EXPECT_THAT(obey("put " + service("web").dump()), StartsWith("ok 1"));
  EXPECT_EQ(get("/api/v1/services").body["items"].size(), 1U);
  EXPECT_EQ(Json::parse(obey("objects").substr(3))[0]["metadata"]["name"], "web");
  EXPECT_EQ(obey("remove services default web"), "ok");
  EXPECT_THAT(obey("remove services default web"), StartsWith("error"));
  const std::string said = obey("put " + node("n1").dump());
  EXPECT_EQ(said, "ok " + version());
  EXPECT_EQ(obey("remove nodes - n1"), "ok");
  EXPECT_THAT(obey("put {"), StartsWith("error"));
  EXPECT_THAT(obey("put {}"), StartsWith("error"));
  EXPECT_THAT(obey("dance"), StartsWith("error"));
}

TEST_F(FakeApiConsole, MakesClustersAndMisfortunes) {
  EXPECT_EQ(obey("fill 3 2"), "ok");
  EXPECT_EQ(get("/apis/discovery.k8s.io/v1/endpointslices").body["items"].size(), 3U);
  EXPECT_THAT(obey("step 5"), StartsWith("error"));
  EXPECT_EQ(obey("world 7"), "ok");
  EXPECT_THAT(obey("step 5"), StartsWith("ok "));
  EXPECT_EQ(obey("status 500 list services 1"), "ok");
  EXPECT_EQ(get("/api/v1/services").status, 500);
  EXPECT_EQ(obey("stop"), "ok");
  EXPECT_EQ(get("/livez").status, 0);
  EXPECT_EQ(obey("start"), "ok");
  EXPECT_EQ(obey("deny list pods"), "ok");
  EXPECT_EQ(get("/api/v1/pods").status, 403);
  EXPECT_EQ(obey("permit list pods"), "ok");
  EXPECT_EQ(get("/api/v1/pods?colour=red").status, 200);
  EXPECT_EQ(obey("count list pods"), "ok 2");
  EXPECT_EQ(obey("violations"), "ok [\"unknown query parameter colour\"]");
}

}  // namespace
}  // namespace sp::fake_api
