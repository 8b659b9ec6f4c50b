// SPDX-License-Identifier: Apache-2.0
// ManifestDir and bad input: the offending object keeps its last good state or is skipped, everything else is in force,
// and one line says what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/manifest_folder.h"

namespace sp::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(BadInput, ABadObjectIsSkippedAndItsNeighboursAreInForce) {
  ManifestFolder folder;
  folder.write("a.yaml",
               service_yaml("a", "1") + "---\n" + service_yaml("b", "70000") + "---\n" + service_yaml("c", "3"));
  WatchedFolder watched(folder.path());
  EXPECT_EQ(watched.cluster().services.size(), 2u);
  EXPECT_THAT(watched.complaints(),
              ElementsAre("a.yaml: document 2: Service default/b: spec.ports[0].port: 70000 is not "
                          "a port (1 to 65535)"));
}

TEST(BadInput, ABadObjectKeepsItsLastGoodStateUntilItIsGoodAgain) {
  ManifestFolder folder;
  folder.write("a.yaml", service_yaml("a", "1") + "---\n" + service_yaml("b", "2"));
  WatchedFolder watched(folder.path());
  folder.publish("a.yaml", service_yaml("a", "11") + "---\n" + service_yaml("b", "0"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("a") == 11; }));
  EXPECT_EQ(watched.port_of("b"), 2);
  EXPECT_EQ(watched.complaints().size(), 1u);
  folder.publish("a.yaml", service_yaml("b", "0"));
  EXPECT_TRUE(watched.await([](const auto& now) { return !now.has_service("a"); }));
  EXPECT_EQ(watched.port_of("b"), 2);
  folder.publish("a.yaml", service_yaml("b", "22"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("b") == 22; }));
}

TEST(BadInput, AFileThatStaysBadIsReportedOnceForEachContent) {
  ManifestFolder folder;
  folder.write("a.yaml", service_yaml("a", "0"));
  WatchedFolder watched(folder.path());
  folder.publish("a.yaml", service_yaml("a", "0"));
  watched.drain();
  EXPECT_EQ(watched.complaints().size(), 1u);
  folder.publish("a.yaml", service_yaml("a", "70000"));
  watched.drain();
  EXPECT_EQ(watched.complaints().size(), 2u);
}

TEST(BadInput, MalformedYamlNamesLineAndColumnAndSparesOtherDocuments) {
  ManifestFolder folder;
  folder.write("a.yaml", "# two good, one bad\n---\n" + service_yaml("a", "1") +
                             "---\nkind: Service\n  bad: [1\n---\n" + service_yaml("c", "3"));
  folder.write("b.yaml", service_yaml("b", "2"));
  WatchedFolder watched(folder.path());
  EXPECT_EQ(watched.cluster().services.size(), 3u);
  EXPECT_THAT(watched.complaints(), ElementsAre(HasSubstr("a.yaml: document 2: line 12, column 6: ")));
}

TEST(BadInput, AHalfWrittenFileKeepsWhatItDefinedBefore) {
  ManifestFolder folder;
  const std::string whole =
      service_yaml("a", "1") + "---\n" + service_yaml("b", "2") + "---\n" + service_yaml("c", "3");
  folder.write("a.yaml", whole);
  WatchedFolder watched(folder.path());
  for (const std::string& cut : {std::string("  ports:"), std::string("kind: Service"), std::string("port: 2")}) {
    folder.publish("a.yaml", whole.substr(0, whole.find(cut, whole.find("---")) + cut.size() - 2) + "\t: [");
    watched.drain();
    EXPECT_EQ(watched.port_of("a"), 1) << cut;
    EXPECT_EQ(watched.port_of("b"), 2) << cut;
    EXPECT_EQ(watched.port_of("c"), 3) << cut;
  }
  folder.publish("a.yaml", service_yaml("a", "1"));
  EXPECT_TRUE(watched.await([](const auto& now) { return !now.has_service("b") && !now.has_service("c"); }));
}

TEST(BadInput, AnEmptiedFileKeepsWhatItDefinedAndSaysHowToRemoveIt) {
  ManifestFolder folder;
  folder.write("a.yaml", service_yaml("a", "1"));
  folder.write("new.yaml", "");
  WatchedFolder watched(folder.path());
  EXPECT_THAT(watched.complaints(), IsEmpty()) << "a new file without text is nothing to complain of";
  folder.write("a.yaml", "");
  watched.drain();
  EXPECT_EQ(watched.port_of("a"), 1);
  EXPECT_THAT(watched.complaints(), ElementsAre(HasSubstr("a.yaml: is empty, expected objects (to remove them, delete "
                                                          "the file); the 1 objects")));
  folder.write("a.yaml", "# nothing here on purpose\n");
  EXPECT_TRUE(watched.await([](const auto& now) { return !now.has_service("a"); }));
}

TEST(BadInput, AFileOfNulBytesIsNotTakenForAnEmptyOne) {
  ManifestFolder folder;
  folder.write("a.yaml", service_yaml("a", "1"));
  WatchedFolder watched(folder.path());
  folder.publish("a.yaml", std::string(512, '\0'));
  watched.drain();
  EXPECT_EQ(watched.port_of("a"), 1);
  EXPECT_THAT(watched.complaints(), ElementsAre("a.yaml: document 1: line 1, column 1: a NUL byte, expected text"));
}

TEST(BadInput, AMissingNameOrMisspelledKindDoesNotDeleteTheObject) {
  ManifestFolder folder;
  const std::string good = service_yaml("a", "1") + "---\n" + service_yaml("b", "2");
  folder.write("a.yaml", good);
  WatchedFolder watched(folder.path());
  folder.publish("a.yaml", service_yaml("a", "1") + "---\n" + service_yaml("", "2"));
  watched.drain();
  EXPECT_EQ(watched.port_of("b"), 2);
  folder.publish("a.yaml", service_yaml("a", "1") + "---\napiVersion: v1\nkind: Srevice\nmetadata: {name: b}\n");
  watched.drain();
  EXPECT_EQ(watched.port_of("b"), 2);
  EXPECT_THAT(watched.complaints(),
              ElementsAre("a.yaml: document 2: Service: metadata.name: is missing, expected a name",
                          "a.yaml: document 2: default/b: kind: \"Srevice\" is not known, expected Service, "
                          "EndpointSlice, Pod, Node or List"));
  // The doubt is about b alone: a can go while the misspelling stands.
  folder.publish("a.yaml", "apiVersion: v1\nkind: Srevice\nmetadata: {name: b}\n");
  EXPECT_TRUE(watched.await([](const auto& now) { return !now.has_service("a"); }));
  EXPECT_EQ(watched.port_of("b"), 2);
}

TEST(BadInput, AnUnreadableFileKeepsWhatItDefinedBefore) {
  ManifestFolder folder;
  folder.write("a.yaml", service_yaml("a", "1"));
  fs::create_symlink("nowhere", folder.path("b.yaml"));
  ASSERT_EQ(mkfifo(folder.path("c.yaml").c_str(), 0600), 0);
  WatchedFolder watched(folder.path());
  EXPECT_THAT(watched.complaints(), ElementsAre("b.yaml: is a link to a file that does not exist, expected a file",
                                                "c.yaml: is a device, expected a file"));
  folder.remove("a.yaml");
  fs::create_directory(folder.path("a.yaml"));
  watched.drain();
  EXPECT_EQ(watched.port_of("a"), 1);
  EXPECT_EQ(watched.complaints().back(),
            "a.yaml: is a directory, expected a file; the 1 objects that it defined stay in force");
  EXPECT_EQ(watched.complaints().size(), 3u);
  folder.remove("a.yaml");
  EXPECT_TRUE(watched.await([](const auto& now) { return !now.has_service("a"); }));
}

TEST(BadInput, NoFileBreaksALineOfTheLog) {
  ManifestFolder folder;
  folder.write("a\nb.yaml", "kind: \"\\\x01\"");
  WatchedFolder watched(folder.path());
  EXPECT_THAT(watched.complaints(),
              ElementsAre("a\\x0ab.yaml: document 1: line 1, column 10: unknown escape character: \\x01"));
}

TEST(BadInput, AFileOf100MegabytesIsRefusedUnread) {
  ManifestFolder folder;
  folder.write("big.yaml", service_yaml("big", "1"));
  WatchedFolder watched(folder.path());
  folder.write(".big", service_yaml("big", "2"));
  ASSERT_EQ(truncate(folder.path(".big").c_str(), 100'000'000), 0);
  fs::rename(folder.path(".big"), folder.path("big.yaml"));
  watched.drain();
  EXPECT_EQ(watched.port_of("big"), 1);
  EXPECT_THAT(watched.complaints(), ElementsAre("big.yaml: has 100000000 bytes, expected at most 67108864 (64 MiB): "
                                                "split it; the 1 objects that it defined stay in force"));
}

TEST(BadInput, TwoDocumentsOfOneFileWithOneObjectLeaveTheFirstInForce) {
  ManifestFolder folder;
  folder.write("a.yaml", service_yaml("a", "1") + "---\n" + service_yaml("a", "2"));
  WatchedFolder watched(folder.path());
  EXPECT_EQ(watched.port_of("a"), 1);
  EXPECT_THAT(watched.complaints(), ElementsAre("a.yaml: document 2: Service default/a: is defined in document 1 "
                                                "already, which is in force; expected one definition"));
}

TEST(BadInput, ADeletedFolderKeepsItsObjectsAndIsReadAgainWhenItIsBack) {
  ManifestFolder folder;
  folder.write("a.yaml", service_yaml("a", "1"));
  folder.write("b.yaml", service_yaml("b", "2"));
  WatchedFolder watched(folder.path());
  fs::remove_all(folder.path());
  watched.drain();
  EXPECT_TRUE(watched.has_service("a") && watched.has_service("b"));
  EXPECT_THAT(watched.complaints(), ElementsAre(folder.path().string() + ": the folder is gone; the 2 objects that it "
                                                                         "defined stay in force until it is back"));
  fs::create_directory(folder.path());
  folder.write("a.yaml", service_yaml("a", "11"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("a") == 11 && !now.has_service("b"); }));
  folder.write("c.yaml", service_yaml("c", "3"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.has_service("c"); })) << "the new folder is watched";
  EXPECT_EQ(watched.complaints().size(), 1u);
}

TEST(BadInput, AFolderThatIsMovedAwayOrWhoseParentGoesIsFollowedToo) {
  ManifestFolder folder;
  const fs::path deep = folder.path("x/y/manifests");
  fs::create_directories(deep);
  std::ofstream(deep / "a.yaml") << service_yaml("a", "1");
  WatchedFolder watched(deep);
  fs::rename(folder.path("x/y"), folder.path("z"));
  fs::create_directories(deep);
  watched.drain();
  EXPECT_FALSE(watched.has_service("a")) << "the folder at the path is a new, empty one";
  fs::remove_all(folder.path("x"));
  watched.drain();
  fs::create_directory(folder.path("x"));
  fs::rename(folder.path("z"), folder.path("x/y"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.has_service("a"); }));
}

TEST(BadInput, ALinkToTheFolderMayBeSwapped) {
  ManifestFolder folder;
  fs::create_directory(folder.path("1"));
  fs::create_directory(folder.path("2"));
  folder.write("1/a.yaml", service_yaml("a", "1"));
  folder.write("2/a.yaml", service_yaml("a", "2"));
  fs::create_directory_symlink("1", folder.path("current"));
  WatchedFolder watched(folder.path("current"));
  EXPECT_EQ(watched.port_of("a"), 1);
  fs::create_directory_symlink("2", folder.path("next"));
  fs::rename(folder.path("next"), folder.path("current"));
  EXPECT_TRUE(watched.await([](const auto& now) { return now.port_of("a") == 2; }));
}

TEST(BadInput, LostEventsAreMadeUpForByLookingAtEverything) {
  std::ifstream limit_file("/proc/sys/fs/inotify/max_queued_events");
  int limit = 0;
  limit_file >> limit;
  if (limit <= 0 || limit > 100'000) {
    GTEST_SKIP() << "max_queued_events is " << limit << ", too many to overflow";
  }
  ManifestFolder folder;
  folder.write("gone.yaml", service_yaml("gone", "1"));
  WatchedFolder watched(folder.path());
  for (int i = 0; i < limit + 10; ++i) {  // one event each, of alternating names so that none are merged
    folder.write(i % 2 == 0 ? "x.txt" : "y.txt", "");
  }
  folder.publish("late.yaml", service_yaml("late", "1"));
  folder.remove("gone.yaml");
  EXPECT_TRUE(watched.await([](const auto& now) { return now.has_service("late") && !now.has_service("gone"); }));
  EXPECT_THAT(watched.complaints(), IsEmpty());
}

}  // namespace
}  // namespace sp::testing
