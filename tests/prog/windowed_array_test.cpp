// SPDX-License-Identifier: Apache-2.0
// Big arrays window by window, over a map of the kernel's. Needs root.
#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "loader/kernel/windowed_array.h"

namespace sp::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint32_t kRowsPerWindow = MapWindows::kBytes / sizeof(__u64);
// Ten windows and a bit, which ends within a page.
constexpr std::uint32_t kRows = 10 * kRowsPerWindow + 700;

class WindowedArrayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
    map_ = Fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "sp_windows", sizeof(__u32), sizeof(__u64), kRows, &options));
    ASSERT_TRUE(map_.valid()) << "needs root";
  }
  [[nodiscard]] WindowedArray<__u64> open() const {
    auto shared = share_map(map_.get(), "sp_windows", {BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(__u64)});
    return std::move(WindowedArray<__u64>::map(std::move(shared).value())).value();
  }
  [[nodiscard]] __u64 in_kernel(__u32 index) const {
    __u64 value = 0;
    EXPECT_EQ(bpf_map_lookup_elem(map_.get(), &index, &value), 0);
    return value;
  }
  void set_in_kernel(__u32 index, __u64 value) const {
    ASSERT_EQ(bpf_map_update_elem(map_.get(), &index, &value, BPF_ANY), 0);
  }

  Fd map_;
};

// Windows of maps that this process has mapped.
std::size_t mapped_windows() {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("bpf-map") != std::string::npos ? 1 : 0;
  return count;
}

std::vector<std::size_t> written(const sync::RowArray<__u64>& rows) {
  std::vector<std::size_t> indices;
  rows.for_each_written([&](std::size_t index, __u64 value) {
    if (value != 0) indices.push_back(index);
  });
  return indices;
}

TEST_F(WindowedArrayTest, EveryRowIsTheOneThatTheKernelReads) {
  const auto array = open();
  const auto rows = array.rows();
  ASSERT_EQ(rows.size(), kRows);
  for (const std::uint32_t index : {0U, kRowsPerWindow - 1, kRowsPerWindow, 7 * kRowsPerWindow + 5, kRows - 1}) {
    rows[index] = index + 1;
    EXPECT_EQ(in_kernel(index), index + 1);
  }
}

TEST_F(WindowedArrayTest, OnlyWindowsOfRowsThatWereReachedForAreMapped) {
  const auto array = open();
  const auto rows = array.rows();
  const std::size_t before = mapped_windows();
  rows[3 * kRowsPerWindow] = 1;
  rows[4 * kRowsPerWindow - 1] = 1;
  EXPECT_EQ(mapped_windows(), before + 1);
  rows[kRows - 1] = 1;
  EXPECT_EQ(mapped_windows(), before + 2);
}

TEST_F(WindowedArrayTest, RowsKeepTheirPlaceWhenTheArrayMoves) {
  auto array = open();
  const auto rows = array.rows();
  __u64* const row = &rows[5 * kRowsPerWindow];
  const WindowedArray<__u64> moved = std::move(array);
  *row = 9;
  EXPECT_EQ(in_kernel(5 * kRowsPerWindow), 9U);
  EXPECT_EQ(&rows[5 * kRowsPerWindow], row);
}

TEST_F(WindowedArrayTest, FindsAllThatWasWrittenBeforeAndLeavesTheRestOut) {
  for (const std::uint32_t index : {2U, 6 * kRowsPerWindow - 1, kRows - 1}) set_in_kernel(index, 5);
  const auto array = open();
  const std::size_t before = mapped_windows();
  EXPECT_THAT(written(array.rows()), ElementsAre(2, 6 * kRowsPerWindow - 1, kRows - 1));
  EXPECT_EQ(mapped_windows(), before + 2) << "the first window is always there, two more have rows";
}

TEST_F(WindowedArrayTest, AWindowThatWasLeftOutIsMappedWhenItIsReachedFor) {
  const auto array = open();
  EXPECT_THAT(written(array.rows()), IsEmpty());
  array.rows()[8 * kRowsPerWindow] = 3;
  EXPECT_EQ(in_kernel(8 * kRowsPerWindow), 3U);
  EXPECT_THAT(written(array.rows()), ElementsAre(8 * kRowsPerWindow));
}

TEST_F(WindowedArrayTest, AMapThatCannotBeMappedIsAnError) {
  const Fd plain(bpf_map_create(BPF_MAP_TYPE_ARRAY, "sp_plain", sizeof(__u32), sizeof(__u64), kRows, nullptr));
  auto shared = share_map(plain.get(), "sp_plain", {BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(__u64)});
  const auto array = WindowedArray<__u64>::map(std::move(shared).value());
  ASSERT_FALSE(array);
  EXPECT_THAT(array.error().text(), ::testing::HasSubstr("map sp_plain: mmap"));
}

}  // namespace
}  // namespace sp::kernel
