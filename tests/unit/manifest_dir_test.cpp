// SPDX-License-Identifier: Apache-2.0
// ManifestDir, live: every way of writing, replacing and removing files, awaited through fd().
#include "loader/source/manifest_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/manifest_folder.h"

namespace sp::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ManifestDir, RefusesAFolderThatIsNotThere) {
  ManifestFolder folder;
  const auto missing = source::ManifestDir::open(folder.path("none"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error().text(), HasSubstr("No such file or directory"));
  folder.write("a.yaml", "");
  EXPECT_FALSE(source::ManifestDir::open(folder.path("a.yaml")).has_value());
}

TEST(ManifestDir, IsReadableAtFirstAndCompleteAfterOneRefreshEvenWhenEmpty) {
  ManifestFolder folder;
  auto dir = source::ManifestDir::open(folder.path().string() + "/");
  ASSERT_TRUE(dir.has_value());
  pollfd ready{dir->fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&ready, 1, 5000), 1);
  EXPECT_FALSE(dir->cluster().complete);
  EXPECT_TRUE(dir->refresh().any());
  EXPECT_TRUE(dir->cluster().complete);
  EXPECT_FALSE(dir->refresh().any());
  EXPECT_EQ(::poll(&ready, 1, 0), 0) << "nothing is left to do";
}

TEST(ManifestDir, TakesOnlyManifestsOfThisFolder) {
  ManifestFolder folder;
  folder.write("a.yaml", service_yaml("a", "1"));
  folder.write("b.yml", service_yaml("b", "2"));
  folder.write("c.json",
               R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"c"},"spec":{"ports":[{"port":3}]}})");
  folder.write("d.txt", service_yaml("d", "4"));
  folder.write(".e.yaml", service_yaml("e", "5"));
  folder.write("f.yaml~", service_yaml("f", "6"));
  fs::create_directory(folder.path("sub"));
  folder.write("sub/g.yaml", service_yaml("g", "7"));
  WatchedFolder watched(folder.path());
  EXPECT_EQ(watched.cluster().services.size(), 3u);
  EXPECT_EQ(watched.port_of("c"), 3);
  EXPECT_THAT(watched.complaints(), IsEmpty());
}

TEST(ManifestDir, FollowsAnAtomicRename) {
  ManifestFolder folder;
  WatchedFolder watched(folder.path());
  folder.publish("web.yaml", service_yaml("web", "80"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("web") == 80; }));
  folder.publish("web.yaml", service_yaml("web", "81"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("web") == 81; }));
  EXPECT_THAT(watched.complaints(), IsEmpty());
}

TEST(ManifestDir, FollowsWritesInPlace) {
  ManifestFolder folder;
  folder.write("web.yaml", service_yaml("web", "80"));
  WatchedFolder watched(folder.path());
  folder.write("web.yaml", service_yaml("web", "81"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("web") == 81; }));
  EXPECT_THAT(watched.complaints(), IsEmpty());
}

TEST(ManifestDir, DoesNotReadAFileThatItsWriterStillHasOpen) {
  ManifestFolder folder;
  folder.write("web.yaml", service_yaml("web", "80"));
  WatchedFolder watched(folder.path());
  std::ofstream half(folder.path("web.yaml"));
  half << "apiVersion: v1\nkind: Ser" << std::flush;
  watched.drain();
  EXPECT_EQ(watched.port_of("web"), 80);
  half << "vice\nmetadata: {name: web}\nspec: {ports: [{port: 81}]}\n";
  half.close();
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("web") == 81; }));
  EXPECT_THAT(watched.complaints(), IsEmpty());
}

TEST(ManifestDir, DeletingAFileRemovesItsObjectsAndNothingElse) {
  ManifestFolder folder;
  folder.write("a.yaml", service_yaml("a", "1") + "---\n" + service_yaml("aa", "1"));
  folder.write("b.yaml", service_yaml("b", "2"));
  WatchedFolder watched(folder.path());
  folder.remove("a.yaml");
  EXPECT_TRUE(watched.await([](const auto& now) { return !now.has_service("a"); }));
  EXPECT_FALSE(watched.has_service("aa"));
  EXPECT_TRUE(watched.has_service("b"));
  EXPECT_THAT(watched.complaints(), IsEmpty());
}

TEST(ManifestDir, DeletingADocumentRemovesExactlyItsObject) {
  ManifestFolder folder;
  folder.write("a.yaml", service_yaml("a", "1") + "---\n" + service_yaml("b", "2") + "---\n" + service_yaml("c", "3"));
  WatchedFolder watched(folder.path());
  folder.publish("a.yaml", service_yaml("a", "1") + "---\n" + service_yaml("c", "3"));
  EXPECT_TRUE(watched.await([](const auto& now) { return !now.has_service("b"); }));
  EXPECT_EQ(watched.cluster().services.size(), 2u);
}

TEST(ManifestDir, ReplacingByRemoveAndCreateNeverTakesTheObjectAway) {
  ManifestFolder folder;
  folder.write("web.yaml", service_yaml("web", "80"));
  WatchedFolder watched(folder.path());
  const auto begin = std::chrono::steady_clock::now();
  folder.remove("web.yaml");
  watched.refresh();
  watched.refresh();
  const bool still_there = watched.port_of("web") == 80;
  const bool in_time = std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(20);
  EXPECT_TRUE(still_there || !in_time) << "between git's unlink and its create";
  folder.write("web.yaml", service_yaml("web", "81"));
  watched.refresh();
  EXPECT_EQ(watched.port_of("web"), 81);
  watched.drain();
  EXPECT_EQ(watched.port_of("web"), 81);
}

TEST(ManifestDir, RenamingAFileChangesNothing) {
  ManifestFolder folder;
  folder.write("web.yaml", service_yaml("web", "80"));
  WatchedFolder watched(folder.path());
  const int changes = watched.changes();
  fs::rename(folder.path("web.yaml"), folder.path("zoo.yaml"));
  watched.drain();
  EXPECT_EQ(watched.port_of("web"), 80);
  EXPECT_EQ(watched.changes(), changes);
  fs::rename(folder.path("zoo.yaml"), folder.path("zz.yaml"));
  folder.publish("zz.yaml", service_yaml("web", "81"));
  watched.refresh();
  EXPECT_EQ(watched.port_of("web"), 81) << "a file that is there wins at once over one that has gone";
  watched.drain();
  EXPECT_EQ(watched.port_of("web"), 81);
  EXPECT_THAT(watched.complaints(), IsEmpty());
}

TEST(ManifestDir, WritingTheSameObjectsIsNoChange) {
  ManifestFolder folder;
  folder.write("web.yaml", service_yaml("web", "80"));
  WatchedFolder watched(folder.path());
  const int changes = watched.changes();
  folder.write("web.yaml", "# a comment\n" + service_yaml("web", "80"));
  watched.drain();
  EXPECT_EQ(watched.changes(), changes);
}

TEST(ManifestDir, FollowsTheLinkSwapOfAConfigMapVolume) {
  ManifestFolder folder;
  const auto generation = [&folder](const std::string& name, const std::string& port) {
    fs::create_directory(folder.path(name));
    folder.write(name + "/web.yaml", service_yaml("web", port));
    fs::create_directory_symlink(name, folder.path("..data_tmp"));
    fs::rename(folder.path("..data_tmp"), folder.path("..data"));
  };
  generation("..1", "80");
  fs::create_symlink("..data/web.yaml", folder.path("web.yaml"));
  WatchedFolder watched(folder.path());
  EXPECT_EQ(watched.port_of("web"), 80);
  generation("..2", "81");
  fs::remove_all(folder.path("..1"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("web") == 81; }));
  EXPECT_THAT(watched.complaints(), IsEmpty());
}

TEST(ManifestDir, OfTwoFilesThatDefineOneObjectTheFirstByNameWinsUntilItGoes) {
  ManifestFolder folder;
  folder.write("b.yaml", service_yaml("web", "82"));
  WatchedFolder watched(folder.path());
  folder.publish("a.yaml", service_yaml("other", "1") + "---\n" + service_yaml("web", "81"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("web") == 81; }));
  EXPECT_THAT(watched.complaints(), ElementsAre("b.yaml: document 1: Service default/web: is defined in a.yaml "
                                                "(document 2) already, which is in force; expected one definition"));
  folder.publish("b.yaml", service_yaml("web", "83"));
  watched.drain();
  EXPECT_EQ(watched.port_of("web"), 81);
  EXPECT_EQ(watched.complaints().size(), 1u) << "said once";
  folder.remove("a.yaml");
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("web") == 83; }));
  watched.drain();
  EXPECT_FALSE(watched.has_service("other"));
  EXPECT_EQ(watched.complaints().size(), 1u);
}

TEST(ManifestDir, ReadsTenThousandFilesAndThenOnlyWhatChanges) {
  ManifestFolder folder;
  constexpr int kFiles = 10'000;
  for (int i = 0; i < kFiles; ++i) {
    folder.write("s" + std::to_string(i) + ".yaml", service_yaml("s" + std::to_string(i), "80"));
  }
  const auto begin = std::chrono::steady_clock::now();
  WatchedFolder watched(folder.path());
  const std::chrono::duration<double> all = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(watched.cluster().services.size(), static_cast<std::size_t>(kFiles));
  folder.publish("s77.yaml", service_yaml("s77", "81"));
  const auto changed = std::chrono::steady_clock::now();
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("s77") == 81; }));
  const std::chrono::duration<double> one = std::chrono::steady_clock::now() - changed;
  std::printf("10,000 files: %.0f ms; one of them: %.2f ms\n", all.count() * 1e3, one.count() * 1e3);
  EXPECT_LT(one.count(), all.count() / 10);
}

}  // namespace
}  // namespace sp::testing
