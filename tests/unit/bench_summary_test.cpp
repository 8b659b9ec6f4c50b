// SPDX-License-Identifier: Apache-2.0
// bench_summary as bench/run.sh calls it: exit codes, the record on disk, documents, plots.
#include <gmock/gmock.h>

#include <filesystem>

#include "bench/report/report.h"
#include "bench/summary/gate.h"
#include "bench/summary/overview.h"
#include "bench/summary/plot.h"
#include "tests/harness/process.h"

namespace sp::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

Results run_of(const std::string& benchmark, double ratio) {
  Results results;
  results.benchmark = benchmark;
  results.machine = {"AMD EPYC", 2, "6.12 x86_64", "none", "2026-11-23T16:00:00Z", 0, 0};
  results.claims = {{"ours / theirs", "x", {ratio, ratio, ratio, 9}, Bound::at_most, 1.2, true}};
  return results;
}

class Summary : public testing::Test {
 protected:
  Summary()
      : dir_(std::filesystem::path(testing::TempDir()) / ("sp-bench-summary-" + std::to_string(::getpid()))),
        record_(dir_ / "recorded.txt") {
    std::filesystem::remove_all(dir_);
  }
  ~Summary() override { std::filesystem::remove_all(dir_); }

  void measure(const Results& results) {
    const auto written = write_text(dir_ / (results.benchmark + ".json"), json_of(results));
    ASSERT_TRUE(written) << written.error().text();
  }
  test::Output summary(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv{SP_BENCH_SUMMARY, "--out", dir_};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto output = test::run({.argv = argv}, test::Millis(20000));
    EXPECT_TRUE(output) << output.error().text();
    return output ? *output : test::Output{-1, ""};
  }

  std::filesystem::path dir_;
  std::filesystem::path record_;
};

TEST_F(Summary, PrintsAMissedTargetAndSucceeds) {
  measure(run_of("prog", 1.1));
  measure(run_of("node", 1.3));
  const auto output = summary({});
  EXPECT_EQ(output.exit_code, 0) << output.text;
  EXPECT_THAT(output.text, HasSubstr("MISSED"));
  EXPECT_THAT(output.text, HasSubstr("1 of 2 targets hold"));
  const auto document = read_text(dir_ / "summary.md");
  ASSERT_TRUE(document);
  EXPECT_THAT(*document, HasSubstr("| `node` | ours / theirs | 1.30 (1.30–1.30) × | ≤ 1.2 | MISSED |"));
}

TEST_F(Summary, PassesTheGateOfItsOwnRecord) {
  measure(run_of("prog", 1.1));
  EXPECT_EQ(summary({"--record", record_, "prog"}).exit_code, 0);
  const auto output = summary({"--gate", record_, "prog"});
  EXPECT_EQ(output.exit_code, 0) << output.text;
  EXPECT_THAT(output.text, HasSubstr("1 as recorded"));
}

TEST_F(Summary, FailsTheGateAndNamesTheClaim) {
  measure(run_of("prog", 1.0));
  EXPECT_EQ(summary({"--record", record_, "prog"}).exit_code, 0);
  measure(run_of("prog", 1.19));
  const auto output = summary({"--gate", record_, "prog"});
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_THAT(output.text, HasSubstr("prog: ours / theirs: WORSE than recorded: was 1 (1–1), is 1.19"));
}

TEST_F(Summary, GatesAndRecordsOnlyWhatWasAskedFor) {
  measure(run_of("prog", 1.0));
  measure(run_of("node", 1.0));
  EXPECT_EQ(summary({"--record", record_}).exit_code, 0);
  measure(run_of("node", 2.0));
  EXPECT_EQ(summary({"--gate", record_, "prog"}).exit_code, 0);
  EXPECT_EQ(summary({"--record", record_, "prog"}).exit_code, 0);
  EXPECT_EQ(summary({"--gate", record_, "node"}).exit_code, 1);
}

TEST_F(Summary, FailsWhenABenchmarkThatWasAskedForHasNoClaims) {
  measure(run_of("prog", 1.0));
  EXPECT_EQ(summary({"--record", record_, "prog"}).exit_code, 0);
  Results silent = run_of("node", 1.0);
  silent.claims.clear();
  measure(silent);
  EXPECT_EQ(summary({"--gate", record_, "prog", "node"}).exit_code, 1);
  const auto missing = summary({"--gate", record_, "prog", "flood"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.text, HasSubstr("flood.json"));
}

TEST_F(Summary, FailsWithoutARecordAndOnAFileThatIsNoReport) {
  measure(run_of("prog", 1.0));
  const auto output = summary({"--gate", record_, "prog"});
  EXPECT_EQ(output.exit_code, 1);
  EXPECT_THAT(output.text, HasSubstr("--record makes it"));
  ASSERT_TRUE(write_text(dir_ / "other.json", "{}"));
  const auto other = summary({});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.text, HasSubstr("other.json"));
  EXPECT_THAT(other.text, HasSubstr("ours / theirs"));
}

TEST_F(Summary, KeepsARecordThatItCannotRead) {
  measure(run_of("prog", 1.0));
  ASSERT_TRUE(write_text(record_, "precious"));
  EXPECT_EQ(summary({"--record", record_}).exit_code, 1);
  EXPECT_EQ(*read_text(record_), "precious");
}

TEST_F(Summary, ExitsWithTwoForWrongUse) {
  EXPECT_EQ(summary({"--gates"}).exit_code, 2);
}

TEST(Overview, KeepsClaimsWithoutATargetInATableOfTheirOwn) {
  Results results = run_of("prog", 1.1);
  results.claims.push_back({"watched", "x", {1, 1, 1, 9}, Bound::none, 0, true});
  EXPECT_THAT(overview_text({results}), Not(HasSubstr("watched")));
  EXPECT_THAT(overview_text({results}), HasSubstr("and 1 without a target"));
  const std::string document = overview_markdown({results});
  EXPECT_LT(document.find("without a target"), document.find("| `prog` | watched | 1 (1–1) × |\n"));
}

TEST(Overview, EscapesWhatWouldEndACell) {
  Results results = run_of("prog", 1.1);
  results.claims[0].what = "a | b";
  EXPECT_THAT(overview_markdown({results}), HasSubstr("| a \\| b |"));
}

Chart chart_of(std::vector<Figure> figures) {
  Results results;
  results.figures = std::move(figures);
  return charts_of(results).front();
}

TEST(Plot, HasABlockForEachSubjectAndAHoleForWhatIsMissing) {
  const Plot plot = plot_of(run_of("node", 1), chart_of({{"Remote, XDP/native", "1 flow", "a", "Mpps", {8, 9, 10, 3}},
                                                         {"Remote, XDP/native", "1k", "b", "Mpps", {1, 2, 3, 3}}}));
  EXPECT_EQ(plot.name, "node-remote-xdp-native");
  EXPECT_THAT(plot.data, HasSubstr("# a\n-0.166667 9 8 10 \"9.00\" # 1 flow\n0.833333 NaN NaN NaN \"\" # 1k\n"));
  EXPECT_THAT(plot.script, HasSubstr("set output \"node-remote-xdp-native.svg\""));
  EXPECT_THAT(plot.script, HasSubstr("index 1 using 1:2 with boxes"));
  EXPECT_THAT(plot.script, Not(HasSubstr("logscale")));
}

TEST(Plot, ShowsSallyportFirstAndInItsOwnColours) {
  const std::string script = plot_of(run_of("node", 1), chart_of({{"c", "x", "bare", "ms", {1, 1, 1, 1}},
                                                                  {"c", "x", "nftables", "ms", {1, 1, 1, 1}},
                                                                  {"c", "x", "sallyport, tc", "ms", {1, 1, 1, 1}}}))
                                 .script;
  EXPECT_THAT(script, HasSubstr("index 0 using 1:2 with boxes linecolor rgb \"#0072b2\" title \"sallyport, tc\""));
  EXPECT_THAT(script, HasSubstr("index 1 using 1:2 with boxes linecolor rgb \"#e69f00\" title \"nftables\""));
  EXPECT_THAT(script, HasSubstr("index 2 using 1:2 with boxes linecolor rgb \"#009e73\" title \"bare\""));
}

TEST(Plot, IsLogarithmicFromAFactorOfFifty) {
  const auto script = [](double least, double most) {
    return plot_of(run_of("update", 1), chart_of({{"c", "x", "a", "ms", {least, least, least, 3}},
                                                  {"c", "x", "b", "ms", {most, most, most, 3}}}))
        .script;
  };
  EXPECT_THAT(script(1, 50), Not(HasSubstr("logscale")));
  EXPECT_THAT(script(1, 51), HasSubstr("set logscale y"));
  EXPECT_THAT(script(1, 51), HasSubstr("ms (logarithmic)"));
  // Zero has no place on such an axis.
  EXPECT_THAT(script(0, 51), Not(HasSubstr("logscale")));
}

TEST(Plot, QuotesNamesAndBreaksLongOnes) {
  const std::string script =
      plot_of(run_of("node", 1), chart_of({{"c",
                                            "a place whose name is far too long for one line, \"really\", because "
                                            "the picture is not that wide, is it, or would you say that it is?",
                                            "it's \\ \"a\"",
                                            "ms",
                                            {1, 1, 1, 1}}}))
          .script;
  EXPECT_THAT(script, HasSubstr("title \"it's \\\\ \\\"a\\\"\""));
  EXPECT_THAT(script, HasSubstr("\\\"really\\\","));
  EXPECT_THAT(script, HasSubstr("\\n"));
}

}  // namespace
}  // namespace sp::bench
