// SPDX-License-Identifier: Apache-2.0
// Changes of configuration files, as editors, kubelets and shells make them.
#include "loader/proxy/config_watch.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <fstream>

namespace sp::proxy {
namespace {

namespace fs = std::filesystem;

class ConfigWatchTest : public testing::Test {
 protected:
  ConfigWatchTest() {
    std::string name = (fs::temp_directory_path() / "sp-config-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ConfigWatchTest() override { fs::remove_all(folder_); }

  static void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

  ConfigWatch watching(const fs::path& file, const std::string& text) {
    auto watch = ConfigWatch::open({{file, text}});
    EXPECT_TRUE(watch) << watch.error().text();
    EXPECT_EQ(watch->changed(), std::nullopt);
    return *std::move(watch);
  }

  // Waits for an event; none is a failure of the caller's expectation.
  static bool woken(const ConfigWatch& watch, int timeout_ms = 5000) {
    pollfd ready{.fd = watch.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, timeout_ms) == 1;
  }

  fs::path folder_;
};

TEST_F(ConfigWatchTest, ARewriteInPlaceIsAChange) {
  write(folder_ / "c", "a");
  ConfigWatch watch = watching(folder_ / "c", "a");
  write(folder_ / "c", "b");
  ASSERT_TRUE(woken(watch));
  EXPECT_EQ(watch.changed(), folder_ / "c");
  EXPECT_EQ(changed_error("c").text(), "--config c has changed: ending so that the next start reads it");
}

TEST_F(ConfigWatchTest, ARenameOverTheFileIsAChange) {
  write(folder_ / "c", "a");
  ConfigWatch watch = watching(folder_ / "c", "a");
  write(folder_ / "new", "b");
  fs::rename(folder_ / "new", folder_ / "c");
  ASSERT_TRUE(woken(watch));
  EXPECT_EQ(watch.changed(), folder_ / "c");
}

TEST_F(ConfigWatchTest, TheLinkThatAConfigMapVolumeSwitchesIsFollowed) {
  for (const std::string version : {"v1", "v2"}) {
    fs::create_directory(folder_ / version);
    write(folder_ / version / "config.conf", version);
  }
  fs::create_symlink("v1", folder_ / "..data");
  fs::create_symlink("..data/config.conf", folder_ / "config.conf");
  ConfigWatch watch = watching(folder_ / "config.conf", "v1");
  fs::create_symlink("v2", folder_ / "..data_tmp");
  fs::rename(folder_ / "..data_tmp", folder_ / "..data");
  ASSERT_TRUE(woken(watch));
  EXPECT_EQ(watch.changed(), folder_ / "config.conf");
}

TEST_F(ConfigWatchTest, AFileBehindALinkIsWatchedWhereItIs) {
  fs::create_directory(folder_ / "there");
  write(folder_ / "there" / "c", "a");
  fs::create_symlink("there/c", folder_ / "c");
  ConfigWatch watch = watching(folder_ / "c", "a");
  write(folder_ / "there" / "new", "b");
  fs::rename(folder_ / "there" / "new", folder_ / "there" / "c");
  ASSERT_TRUE(woken(watch));
  EXPECT_EQ(watch.changed(), folder_ / "c");
}

TEST_F(ConfigWatchTest, TheSameContentAndAnAbsentFileAreNoChanges) {
  write(folder_ / "c", "a");
  ConfigWatch watch = watching(folder_ / "c", "a");
  write(folder_ / "c", "a");
  ASSERT_TRUE(woken(watch));
  EXPECT_EQ(watch.changed(), std::nullopt);
  fs::remove(folder_ / "c");
  EXPECT_EQ(watch.changed(), std::nullopt);
  write(folder_ / "c", "b");
  ASSERT_TRUE(woken(watch));
  EXPECT_EQ(watch.changed(), folder_ / "c") << "it came back with another content";
}

TEST_F(ConfigWatchTest, AChangeBetweenReadingAndWatchingIsNoticed) {
  write(folder_ / "c", "b");
  auto watch = ConfigWatch::open({{folder_ / "c", "a"}});
  ASSERT_TRUE(watch);
  EXPECT_EQ(watch->changed(), folder_ / "c");
}

}  // namespace
}  // namespace sp::proxy
