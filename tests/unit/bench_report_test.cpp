// SPDX-License-Identifier: Apache-2.0
// What benchmarks report: spreads, the JSON form and back, the table, the command line.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "bench/report/report.h"
#include "bench/report/table.h"
#include "bench/report/text.h"

namespace sp::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Claim claim_of(double median, Bound bound, double limit) {
  return {"claim", "x", {median, median, median, 3}, bound, limit, true};
}

Results some_results() {
  return {"prog",
          "3 rounds",
          true,
          {"AMD \"EPYC\"", 2, "6.12 x86_64", "hypervisor", "2026-11-23T16:00:00Z", 0.25, 1.5},
          {{"stages", "reply, 1 flow", "sallyport", "ns", {34, 35, 36, 41}},
           {"stages", "reply, 1 flow", "bare program", "ns", {30, 31, 32, 41}},
           {"stages", "miss", "sallyport", "ns", {9, 9.5, 10, 41}},
           {"", "RSS", "agent", "MB", {40.5, 40.5, 40.5, 1}}},
          {{"reply: sallyport / bare", "x", {1.1, 1.129, 1.2, 41}, Bound::at_most, 1.2, true},
           {"local: sallyport / nftables", "x", {1.6, 1.7, 1.8, 41}, Bound::at_least, 1.8, false},
           {"watched", "x", {1, 1, 1, 41}, Bound::none, 0, true}},
          {"a note – with a dash"}};
}

TEST(Spread, IsTheQuartilesBetweenTheNearestValues) {
  const Spread spread = spread_of({4, 1, 3, 2});
  EXPECT_DOUBLE_EQ(spread.q1, 1.75);
  EXPECT_DOUBLE_EQ(spread.median, 2.5);
  EXPECT_DOUBLE_EQ(spread.q3, 3.25);
  EXPECT_EQ(spread.rounds, 4U);
}

TEST(Spread, OfOneValueIsThatValueAndOfNoneIsNothing) {
  EXPECT_EQ(spread_of({7}).q1, 7);
  EXPECT_EQ(spread_of({7}).q3, 7);
  EXPECT_EQ(spread_of({}).rounds, 0U);
}

TEST(Spread, TakesRatiosAndDifferencesRoundByRound) {
  // The median of the ratios, and not the ratio of the medians (2).
  EXPECT_DOUBLE_EQ(ratio_of({10, 40, 20}, {10, 10, 4}).median, 4);
  EXPECT_DOUBLE_EQ(difference_of({10, 40, 20}, {10, 10, 4}).median, 16);
  EXPECT_EQ(ratio_of({1, 2, 3}, {1, 2}).rounds, 2U);
}

TEST(Claim, HoldsOnItsSideOfTheLimit) {
  EXPECT_TRUE(holds(claim_of(1.2, Bound::at_most, 1.2)));
  EXPECT_FALSE(holds(claim_of(1.21, Bound::at_most, 1.2)));
  EXPECT_TRUE(holds(claim_of(9, Bound::at_least, 9)));
  EXPECT_FALSE(holds(claim_of(8.9, Bound::at_least, 9)));
  EXPECT_TRUE(holds(claim_of(1e9, Bound::none, 0)));
}

TEST(Claim, DoesNotHoldWhenItIsNoNumber) {
  EXPECT_FALSE(holds(claim_of(kNan, Bound::at_most, 1.2)));
  EXPECT_FALSE(holds(claim_of(kNan, Bound::at_least, 1.2)));
}

TEST(Text, ShowsDigitsThatMeanSomething) {
  EXPECT_EQ(number_text(1234567.8), "1,234,568");
  EXPECT_EQ(number_text(-1070.4), "-1,070");
  EXPECT_EQ(number_text(999.96), "1,000");
  EXPECT_EQ(number_text(292.44), "292.4");
  EXPECT_EQ(number_text(1.066), "1.07");
  EXPECT_EQ(number_text(0.052), "0.052");
  EXPECT_EQ(number_text(0.00031), "0.00031");
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(kNan), "–");
}

TEST(Text, GivesQuartilesTheDecimalsOfTheMedian) {
  EXPECT_EQ(spread_text({0.98, 1.0, 1.024, 9}), "1.00 (0.98–1.02)");
  EXPECT_EQ(spread_text({0, 1, 2, 9}), "1 (0–2)");
  EXPECT_EQ(spread_text({41.2, 41.2, 41.2, 1}), "41.2");
}

TEST(Text, ShowsALimitAsItWasWritten) {
  EXPECT_EQ(target_text(claim_of(1, Bound::at_most, 1.35)), "≤ 1.35");
  EXPECT_EQ(target_text(claim_of(1, Bound::at_least, 9)), "≥ 9");
  EXPECT_EQ(target_text(claim_of(1, Bound::at_most, 400)), "≤ 400");
  EXPECT_EQ(target_text(claim_of(1, Bound::none, 9)), "");
}

TEST(Text, AlignsColumnsByCharactersAndNotByBytes) {
  Columns columns;
  columns.add({"µs", "≤ 1"});
  columns.add({"longer", "10000"});
  EXPECT_EQ(columns.text(1), " µs        ≤ 1\n longer  10000\n");
}

TEST(ResultsJson, ComesBackAsItWas) {
  const Results was = some_results();
  const auto is = parse_results(json_of(was));
  ASSERT_TRUE(is) << is.error().text();
  EXPECT_EQ(json_of(*is), json_of(was));
  // The writer alone could lose both times.
  EXPECT_TRUE(is->is_short);
  EXPECT_EQ(is->machine.cpu, "AMD \"EPYC\"");
  EXPECT_EQ(is->machine.load_at_end, 1.5);
  ASSERT_EQ(is->figures.size(), 4U);
  EXPECT_EQ(is->figures[1].subject, "bare program");
  EXPECT_EQ(is->figures[1].value.q3, 32);
  EXPECT_EQ(is->figures[1].value.rounds, 41U);
  ASSERT_EQ(is->claims.size(), 3U);
  EXPECT_EQ(is->claims[1].bound, Bound::at_least);
  EXPECT_EQ(is->claims[1].limit, 1.8);
  EXPECT_FALSE(is->claims[1].is_gated);
  EXPECT_TRUE(is->claims[2].is_gated);
  EXPECT_THAT(is->notes, ElementsAre("a note – with a dash"));
}

TEST(ResultsJson, KeepsThatAFigureIsNoNumber) {
  Results was = some_results();
  was.claims[0].value.median = 1.0 / 0.0;
  const auto is = parse_results(json_of(was));
  ASSERT_TRUE(is) << is.error().text();
  EXPECT_TRUE(std::isnan(is->claims[0].value.median));
  EXPECT_FALSE(holds(is->claims[0]));
}

TEST(ResultsJson, RefusesAnotherSchema) {
  std::string text = json_of(some_results());
  text.replace(text.find("\"schema\": 1"), 11, "\"schema\": 2");
  const auto is = parse_results(text);
  ASSERT_FALSE(is);
  EXPECT_THAT(is.error().text(), HasSubstr("schema 2, expected 1"));
}

TEST(ResultsJson, RefusesWhatIsNoReport) {
  EXPECT_FALSE(parse_results(""));
  EXPECT_FALSE(parse_results("[]"));
  EXPECT_FALSE(parse_results(R"({"schema": 1, "benchmark": 7})"));
  std::string text = json_of(some_results());
  text.replace(text.find("at_most"), 7, "at_best");
  const auto is = parse_results(text);
  ASSERT_FALSE(is);
  EXPECT_THAT(is.error().text(), HasSubstr("at_best"));
}

TEST(Table, HasARowForEachPlaceAndAColumnForEachSubject) {
  const std::string table = table_of(some_results());
  EXPECT_THAT(table, HasSubstr("  stages, ns\n"
                               "                           sallyport  bare program\n"
                               "    reply, 1 flow         35 (34–36)    31 (30–32)\n"
                               "    miss           9.50 (9.00–10.00)\n"))
      << table;
}

TEST(Table, JudgesEachClaimThatHasATarget) {
  const std::string table = table_of(some_results());
  EXPECT_THAT(table, HasSubstr("1.13 (1.10–1.20)  x   ≤ 1.2   holds\n"));
  EXPECT_THAT(table, HasSubstr("1.70 (1.60–1.80)  x   ≥ 1.8  MISSED\n"));
  EXPECT_THAT(table, HasSubstr("1 (1–1)  x\n"));
}

TEST(Table, ContinuesSubjectsThatDoNotFitBelow) {
  Results results = some_results();
  results.figures.clear();
  for (int i = 0; i < 12; ++i)
    results.figures.push_back({"wide", "place", "a subject of long name " + std::to_string(i), "ns", {1, 1, 1, 1}});
  const std::string table = table_of(results);
  std::size_t rows = 0;
  for (std::size_t at = 0; (at = table.find("\n    place ", at)) != std::string::npos; ++at) ++rows;
  EXPECT_EQ(rows, 3U) << table;
  EXPECT_THAT(table, HasSubstr("long name 11\n"));
}

TEST(Charts, AreTornApartByTheirUnits) {
  Results results = some_results();
  results.figures.push_back({"stages", "miss", "sallyport", "Mpps", {1, 1, 1, 1}});
  const auto charts = charts_of(results);
  ASSERT_EQ(charts.size(), 3U);
  EXPECT_THAT(charts[0].places, ElementsAre("reply, 1 flow", "miss"));
  EXPECT_THAT(charts[0].subjects, ElementsAre("sallyport", "bare program"));
  EXPECT_EQ(charts[0].at("miss", "bare program"), nullptr);
  EXPECT_EQ(charts[2].unit, "Mpps");
}

class Finished : public testing::Test {
 protected:
  Finished() : out_(std::filesystem::path(testing::TempDir()) / "sp-bench-report") {
    std::filesystem::remove_all(out_);
  }
  ~Finished() override { std::filesystem::remove_all(out_); }

  std::filesystem::path out_;
};

TEST_F(Finished, WritesAFileThatTellsTheMachine) {
  Report report("prog", {out_ / "deep", false});
  report.add(claim_of(1, Bound::at_most, 2));
  testing::internal::CaptureStdout();
  const auto done = report.finish();
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("≤ 2  holds"));
  ASSERT_TRUE(done) << done.error().text();
  const auto text = read_text(out_ / "deep/prog.json");
  ASSERT_TRUE(text) << text.error().text();
  const auto results = parse_results(*text);
  ASSERT_TRUE(results) << results.error().text();
  EXPECT_GT(results->machine.cores, 0U);
  EXPECT_THAT(results->machine.kernel, HasSubstr("."));
  EXPECT_EQ(results->machine.date.size(), 20U);
}

TEST_F(Finished, RefusesTwoClaimsOfOneNameAndKeepsWhatWasMeasured) {
  Report report("prog", {out_, false});
  report.add(claim_of(1, Bound::at_most, 2));
  report.add(claim_of(3, Bound::at_most, 4));
  testing::internal::CaptureStdout();
  const auto done = report.finish();
  testing::internal::GetCapturedStdout();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text(), HasSubstr("two claims are named 'claim'"));
  EXPECT_TRUE(std::filesystem::exists(out_ / "prog.json"));
}

TEST_F(Finished, WritesNoFileWithoutADirectory) {
  testing::internal::CaptureStdout();
  EXPECT_TRUE(Report("prog", {}).finish());
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("prog"));
  EXPECT_FALSE(std::filesystem::exists("prog.json"));
}

Options parse(std::vector<const char*> words) {
  words.insert(words.begin(), "bench_prog");
  return parse_options(static_cast<int>(words.size()), const_cast<char**>(words.data()));
}

TEST(BenchOptions, AreADirectoryAndAForm) {
  EXPECT_FALSE(parse({}).is_short);
  EXPECT_TRUE(parse({}).out.empty());
  const Options options = parse({"--short", "--out", "there"});
  EXPECT_TRUE(options.is_short);
  EXPECT_EQ(options.out, "there");
}

TEST(BenchOptions, EndTheProgramWhenWrong) {
  EXPECT_EXIT((void)parse({"--long"}), testing::ExitedWithCode(2), "unknown argument '--long'\nusage: bench_prog");
  EXPECT_EXIT((void)parse({"--out"}), testing::ExitedWithCode(2), "unknown argument '--out'");
}

}  // namespace
}  // namespace sp::bench
