// SPDX-License-Identifier: Apache-2.0
// The deepest chain on programs made by hand: calls forward and back, callbacks, and frames that nobody calls.
#include "stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sp::verifier {
namespace {

using ::testing::ElementsAre;

constexpr bpf_insn kExit = {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0};

bpf_insn call(std::int16_t distance) {
  return {.code = BPF_JMP | BPF_CALL, .dst_reg = 0, .src_reg = BPF_PSEUDO_CALL, .off = distance, .imm = 0};
}

bpf_insn callback_address(std::int32_t distance) {
  return {.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = 1, .src_reg = BPF_PSEUDO_FUNC, .off = 0, .imm = distance};
}

std::uint64_t depth(const Translated& program, std::vector<std::uint64_t> depths_bytes) {
  const auto chain = deepest_chain(program, depths_bytes);
  return chain ? chain->bytes : 0;
}

TEST(DeepestChain, RoundsEachFrameUpTo32BytesAndAnEmptyOneToo) {
  EXPECT_EQ(depth({{kExit}, {0}, {}}, {0}), 32U);
  EXPECT_EQ(depth({{kExit}, {0}, {}}, {33}), 64U);
}

TEST(DeepestChain, AddsCallersAndCalleesButNotSiblings) {
  // 0: calls 1 and 2; 1 and 2 call nobody
  const Translated program{{call(2), call(2), kExit, kExit, kExit}, {0, 3, 4}, {"a", "b", "c"}};
  EXPECT_EQ(depth(program, {64, 128, 96}), 192U);
}

TEST(DeepestChain, NamesItsFramesFromTheCallerDown) {
  const Translated program{{call(2), call(2), kExit, kExit, kExit}, {0, 3, 4}, {"a", "b", "c"}};
  const std::vector<std::uint64_t> depths_bytes{64, 96, 128};
  const auto chain = deepest_chain(program, depths_bytes);
  ASSERT_TRUE(chain);
  EXPECT_THAT(chain->frames, ElementsAre(0, 2));
  EXPECT_EQ(chain_text(program, depths_bytes, *chain), "a 64 > c 128");
}

TEST(DeepestChain, FollowsACallBackwards) {
  // 0 calls 2 over 1; 2 calls 1
  const Translated program{{call(2), kExit, kExit, call(-2), kExit}, {0, 2, 3}, {}};
  EXPECT_EQ(depth(program, {32, 64, 96}), 192U);
}

TEST(DeepestChain, CountsACallbackAsCalled) {
  const Translated program{{callback_address(2), bpf_insn{}, kExit, kExit}, {0, 3}, {}};
  EXPECT_EQ(depth(program, {32, 64}), 96U);
}

TEST(DeepestChain, LeavesOutASubprogramThatNobodyCalls) {
  EXPECT_EQ(depth({{kExit, kExit}, {0, 1}, {}}, {32, 480}), 32U);
}

TEST(DeepestChain, RefusesWhatItCannotHaveReadRight) {
  EXPECT_FALSE(deepest_chain({{kExit}, {}, {}}, {}));
  EXPECT_FALSE(deepest_chain({{kExit, kExit}, {0, 1}, {}}, std::vector<std::uint64_t>{32}));
  EXPECT_FALSE(deepest_chain({{call(-1)}, {0}, {}}, std::vector<std::uint64_t>{32}));
}

}  // namespace
}  // namespace sp::verifier
