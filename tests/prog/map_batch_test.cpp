// SPDX-License-Identifier: Apache-2.0
// Many rows written at once into a real map: what a refused row does to the others. Needs root.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "loader/kernel/map.h"

namespace sp::kernel {
namespace {

using Table = Map<__u32, __u64>;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Table hash_of(__u32 entries) {
  const Fd fd(bpf_map_create(BPF_MAP_TYPE_HASH, "sp_batch_test", sizeof(__u32), sizeof(__u64), entries, nullptr));
  return std::move(Table::share(fd.get(), "sp_batch_test", BPF_MAP_TYPE_HASH)).value();
}

std::map<__u32, __u64> rows_of(Table& table) {
  std::map<__u32, __u64> rows;
  EXPECT_TRUE(table.for_each([&rows](const __u32& key, const __u64& value) { rows[key] = value; }));
  return rows;
}

// Indices of refused rows, with what was said.
std::vector<std::pair<std::size_t, std::string>> refused_by(Table& table, const std::vector<__u32>& keys,
                                                            const std::vector<__u64>& values) {
  std::vector<std::pair<std::size_t, std::string>> refused;
  table.update_all(keys, values,
                   [&refused](std::size_t index, const Error& error) { refused.emplace_back(index, error.text()); });
  return refused;
}

TEST(MapBatch, WritesEveryRow) {
  Table table = hash_of(1000);
  std::vector<__u32> keys(1000);
  std::vector<__u64> values(1000);
  for (__u32 i = 0; i < 1000; ++i) values[keys[i] = i] = 7 * i;
  EXPECT_THAT(refused_by(table, keys, values), IsEmpty());
  const auto rows = rows_of(table);
  ASSERT_EQ(rows.size(), 1000U);
  for (const auto& [key, value] : rows) EXPECT_EQ(value, 7 * key);
  EXPECT_THAT(refused_by(table, {}, {}), IsEmpty());
}

TEST(MapBatch, I12_ARefusedRowIsToldAndEveryOtherOneIsInForce) {
  Table table = hash_of(4);
  for (const __u32 key : {1U, 2U, 3U}) ASSERT_TRUE(table.update(key, 0));
  const auto full = HasSubstr("map sp_batch_test: update: full (4 entries)");
  EXPECT_THAT(refused_by(table, {1, 10, 11, 2, 12, 13, 3}, {100, 110, 111, 102, 112, 113, 103}),
              ElementsAre(Pair(2, full), Pair(4, full), Pair(5, full)));
  EXPECT_THAT(rows_of(table), ElementsAre(Pair(1, 100), Pair(2, 102), Pair(3, 103), Pair(10, 110)));
  EXPECT_THAT(refused_by(table, {20, 1, 21}, {120, 200, 121}), ElementsAre(Pair(0, full), Pair(2, full)));
  EXPECT_EQ(rows_of(table).at(1), 200U);
}

// A device map has no such operation.
TEST(MapBatch, WritesRowByRowWhereTheKernelHasNoBatches) {
  const Fd fd(bpf_map_create(BPF_MAP_TYPE_DEVMAP_HASH, "sp_batch_test", 4, 4, 4, nullptr));
  auto table = std::move(Map<__u32, __u32>::share(fd.get(), "sp_batch_test", BPF_MAP_TYPE_DEVMAP_HASH)).value();
  const std::vector<__u32> keys{1, 2, 3};
  const std::vector<__u32> values{1, 0x7fffffff, 1};  // the loopback device, none, the loopback device
  std::vector<std::size_t> refused;
  table.update_all(keys, values, [&refused](std::size_t index, const Error&) { refused.push_back(index); });
  EXPECT_THAT(refused, ElementsAre(1));
  EXPECT_EQ(*table.lookup(3), 1U);
}

}  // namespace
}  // namespace sp::kernel
