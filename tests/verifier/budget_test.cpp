// SPDX-License-Identifier: Apache-2.0
// The judge itself: a test that passes whatever the programs cost would be worse than none.
#include "budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace sp::verifier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What the kernel writes for log level 4, shortened.
constexpr char kLog[] =
    "verification time 512 usec\n"
    "stack depth 96+0+32\n"
    "processed 1234 insns (limit 1000000) max_states_per_insn 4 total_states 9 peak_states 9 mark_read 1\n";

std::string file_of(const std::string& text) {
  const auto path = std::filesystem::temp_directory_path() / ("sp_budget_" + std::to_string(getpid()));
  std::ofstream(path) << text;
  return path.string();
}

TEST(Statistics, AreReadFromTheVerifiersLog) {
  const auto cost = parse_statistics("p", kLog);
  ASSERT_TRUE(cost);
  EXPECT_EQ(cost->insns, 1234U);
  EXPECT_THAT(cost->depths_bytes, ElementsAre(96, 0, 32));
  EXPECT_EQ(cost->verification_us, 512U);
}

TEST(Statistics, AreRequiredSoThatAChangedLogCannotPassAsZero) {
  EXPECT_FALSE(parse_statistics("p", ""));
  EXPECT_FALSE(parse_statistics("p", "processed 12 insns"));
  EXPECT_FALSE(parse_statistics("p", "stack depth 12"));
  EXPECT_FALSE(parse_statistics("p", "processed x insns\nstack depth 12"));
}

TEST(Worst, IsTakenForEachColumnOverAllPermutations) {
  const Budget worst = worst_of({{"p", 10, 90, 0, ""}, {"p", 20, 80, 0, ""}});
  EXPECT_EQ(worst.at("p").insns, 20U);
  EXPECT_EQ(worst.at("p").stack_bytes, 90U);
}

TEST(Violations, AreNoneAtTheLimit) {
  EXPECT_THAT(violations({{"p", {10, 20}}}, {{"p", {10, 20}}}), IsEmpty());
}

TEST(Violations, NameTheProgramThatIsBeyondItsLimit) {
  EXPECT_THAT(violations({{"p", {11, 20}}}, {{"p", {10, 20}}}), ElementsAre("p takes 11 instructions of 10"));
  EXPECT_THAT(violations({{"p", {10, 21}}}, {{"p", {10, 20}}}), ElementsAre("p takes 21 bytes of stack of 20"));
}

TEST(Violations, NameProgramsWithoutBudgetAndBudgetsWithoutProgram) {
  EXPECT_THAT(violations({{"new", {1, 1}}}, {{"old", {1, 1}}}),
              ElementsAre(HasSubstr("new has"), HasSubstr("old has")));
}

TEST(BudgetFile, IgnoresCommentsAndRefusesMalformedOrRepeatedLines) {
  const auto budget = read_budget(file_of("# words\n\np 10 20 # words\n"));
  ASSERT_TRUE(budget);
  EXPECT_EQ(budget->at("p").insns, 10U);
  EXPECT_FALSE(read_budget(file_of("p 10\n")));
  EXPECT_FALSE(read_budget(file_of("p 10 20 30\n")));
  EXPECT_FALSE(read_budget(file_of("p 10 20\np 10 20\n")));
  EXPECT_FALSE(read_budget("/nonexistent/budget"));
}

TEST(Permutations, AreNamedByOneDigitForEachSwitch) {
  EXPECT_EQ(permutation_text(0, 0), "-");
  EXPECT_EQ(permutation_text(3, 0b011), "110");
}

}  // namespace
}  // namespace sp::verifier
