// SPDX-License-Identifier: Apache-2.0
// kubectl against the fake API server: a client that others wrote for real servers.
#include <array>
#include <cstdio>
#include <fstream>

#include "tests/harness/fake_api/fixture.h"
#include "tests/harness/scratch_folder.h"

namespace sp::fake_api {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct Ran {
  int status = 0;
  std::string text;
};

Ran run(const std::string& command) {
  Ran ran;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> block{};
  while (const std::size_t got = std::fread(block.data(), 1, block.size(), pipe)) ran.text.append(block.data(), got);
  ran.status = ::pclose(pipe);
  return ran;
}

class FakeApiKubectl : public FakeApiTest {
 protected:
  void SetUp() override { FakeApiTest::SetUp(); }
  // Warnings about what it does not find, such as schemas, are its own business.
  [[nodiscard]] Ran kubectl(const std::string& words) const {
    return run("HOME=" + scratch_.path().string() + " kubectl --kubeconfig=/dev/null --server=" + api_->url() + " " +
               words);
  }
  [[nodiscard]] std::string file(const Json& object) const {
    scratch_.write("object.json", object.dump());
    return scratch_.path("object.json").string();
  }

  test::ScratchFolder scratch_;
};

TEST_F(FakeApiKubectl, CreatesPatchesLabelsAndDeletes) {
  Json web = service("web");
  web["spec"]["ports"] = Json::array({{{"port", 80}}});
  const Ran created = kubectl("create --validate=false -f " + file(web));
  ASSERT_EQ(created.status, 0) << created.text;
  EXPECT_THAT(created.text, HasSubstr("service/web created"));
  EXPECT_THAT(kubectl("create --validate=false -f " + file(web)).text, HasSubstr("AlreadyExists"));
  const Ran labelled = kubectl("label service web tier=front");
  EXPECT_EQ(labelled.status, 0) << labelled.text;
  EXPECT_EQ(field_text(api_->objects("services")[0], "metadata.labels.tier"), "front");
  const Ran patched =
      kubectl(R"(patch service web --type=json -p '[{"op":"replace","path":"/spec/ports/0/port","value":81}]')");
  EXPECT_EQ(patched.status, 0) << patched.text;
  EXPECT_EQ(api_->objects("services")[0]["spec"]["ports"][0]["port"], 81);
  const Ran deleted = kubectl("delete service web --timeout=10s");
  EXPECT_EQ(deleted.status, 0) << deleted.text;
  EXPECT_EQ(kubectl("get services -A -o name").text, "");
}

TEST_F(FakeApiKubectl, ReadsAListInPages) {
  for (const char* name : {"a", "b", "c", "d", "e"}) api_->put(service(name));
  const Ran listed = kubectl("get services --chunk-size=2 -o name");
  EXPECT_EQ(listed.text, "service/a\nservice/b\nservice/c\nservice/d\nservice/e\n");
  EXPECT_EQ(api_->journal().count("list", "services"), 3U);
  EXPECT_EQ(kubectl("get services -o name --field-selector spec.type=NodePort").text, "");
  EXPECT_THAT(kubectl("get nodes nowhere").text, HasSubstr(R"((NotFound): nodes "nowhere" not found)"));
}

TEST_F(FakeApiKubectl, WaitsByAWatch) {
  api_->put(service("web", {{"ready", "no"}}));
  std::thread change([this] {
    EXPECT_TRUE(api_->journal().await("watch", "services", 1, 20s));
    api_->put(service("web", {{"ready", "yes"}}));
  });
  const Ran waited = kubectl("wait --for=jsonpath='{.metadata.labels.ready}'=yes service/web --timeout=20s");
  change.join();
  EXPECT_EQ(waited.status, 0) << waited.text;
}

TEST_F(FakeApiKubectl, TellsWhatIsForbidden) {
  api_->gatekeeper().deny({"list", "pods"});
  EXPECT_THAT(kubectl("get pods").text,
              HasSubstr("Error from server (Forbidden): pods is forbidden: User \"system:anonymous\" "
                        "cannot list resource \"pods\" in API group \"\" in the namespace "
                        "\"default\""));
}

}  // namespace
}  // namespace sp::fake_api

int main(int argc, char** argv) {
  if (sp::fake_api::run("kubectl version --client").status != 0) {
    std::puts("SKIP no kubectl on PATH");
    return 77;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
