// SPDX-License-Identifier: Apache-2.0
// bench_summary --out DIR [--gate FILE] [--record FILE] [NAME...]: what bench/run.sh ends with. Prints one table of all
// claims in DIR/*.json, writes DIR/summary.md and the plots, and holds the run against FILE or writes it there.
//
// NAMEs are the benchmarks that were asked for: they come first, they alone are gated and recorded, and one that has no
// results is an error. Exit code 1 when the gate fails or something cannot be read or written, 2 for wrong use.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "bench/report/table.h"
#include "bench/summary/gate.h"
#include "bench/summary/overview.h"
#include "bench/summary/plot.h"
#include "tests/harness/process.h"

namespace {

using namespace sp;
using namespace sp::bench;
namespace fs = std::filesystem;

// Whatever goes wrong is told at once, and the rest is done all the same.
int failures = 0;

void fail(const std::string& text) {
  std::fprintf(stderr, "bench_summary: %s\n", text.c_str());
  ++failures;
}

void check(const Result<void>& result) {
  if (!result) fail(result.error().text());
}

// The named ones in their order, then what else the directory has.
std::vector<fs::path> files_of(const fs::path& out, const std::vector<std::string>& names) {
  std::vector<fs::path> files;
  for (const std::string& name : names) files.push_back(out / (name + ".json"));
  std::vector<fs::path> others;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(out, failed))
    if (entry.path().extension() == ".json" && std::find(files.begin(), files.end(), entry.path()) == files.end())
      others.push_back(entry.path());
  if (failed) fail(out.string() + ": " + failed.message());
  std::sort(others.begin(), others.end());
  files.insert(files.end(), others.begin(), others.end());
  return files;
}

std::vector<Results> read_all(const std::vector<fs::path>& files) {
  std::vector<Results> all;
  for (const fs::path& file : files) {
    const auto text = read_text(file);
    if (!text) {
      fail(text.error().text());
      continue;
    }
    auto results = parse_results(*text);
    if (results) {
      all.push_back(std::move(*results));
    } else {
      fail(file.string() + ": " + results.error().text());
    }
  }
  return all;
}

Result<void> draw(const fs::path& out, const Plot& plot) {
  SP_TRY(write_text(out / (plot.name + ".dat"), plot.data));
  SP_TRY(write_text(out / (plot.name + ".gp"), plot.script));
  SP_TRY_ASSIGN(done, test::run({.argv = {"gnuplot", "-e", "cd '" + out.string() + "'", out / (plot.name + ".gp")}},
                                test::Millis(20000)));
  if (done.exit_code != 0) return Error{0, "gnuplot " + plot.name + ".gp: " + done.text};
  return {};
}

void draw_all(const fs::path& out, const std::vector<Results>& all) {
  for (const Results& results : all)
    for (const Chart& chart : charts_of(results))
      if (!chart.name.empty()) check(draw(out, plot_of(results, chart)));
}

Result<Record> read_record(const fs::path& file) {
  SP_TRY_ASSIGN(text, read_text(file));
  auto record = parse_record(text);
  if (!record) return Error{0, file.string() + ": " + record.error().text()};
  return record;
}

void write_record(const fs::path& file, const std::vector<Results>& asked) {
  Record record;
  if (fs::exists(file)) {
    auto earlier = read_record(file);
    if (!earlier) return fail(earlier.error().text() + " (take it away to begin anew)");
    record = std::move(*earlier);
  }
  for (const Results& results : asked) put(results, record);
  check(write_text(file, json_of(record)));
  std::printf("\nrecorded in %s\n", file.c_str());
}

void gate(const fs::path& file, const std::vector<Results>& asked) {
  const auto record = read_record(file);
  if (!record) return fail("gate: " + record.error().text() + " (--record makes it)");
  std::printf("\ngate: against %s\n", file.c_str());
  std::size_t kept = 0;
  for (const Results& results : asked) {
    if (results.claims.empty()) fail("gate: " + results.benchmark + ": measured, but it claims nothing");
    for (const Finding& finding : findings_of(*record, results)) {
      if (finding.judgement == Judgement::kept) {
        ++kept;
      } else if (finding.judgement == Judgement::worse) {
        fail("gate: " + text_of(finding));
      } else {
        std::printf("  %s\n", text_of(finding).c_str());
      }
    }
  }
  std::printf("  %zu as recorded\n", kept);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"One table of what the benchmarks have measured, its plots, and the regression gate"};
  fs::path out;
  fs::path gate_file;
  fs::path record_file;
  std::vector<std::string> names;
  app.add_option("--out", out, "directory of the results")->required();
  app.add_option("--gate", gate_file, "hold the run against this record");
  app.add_option("--record", record_file, "record the run here");
  app.add_option("NAME", names, "benchmarks that were asked for; default all in the directory");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  // Complaints stand where they arose, in a pipe, too.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const std::vector<Results> all = read_all(files_of(out, names));
  std::vector<Results> asked;
  for (const Results& results : all)
    if (names.empty() || std::find(names.begin(), names.end(), results.benchmark) != names.end())
      asked.push_back(results);
  std::printf("\n%s\n  %s\n", overview_text(all).c_str(), tally(all).c_str());
  check(write_text(out / "summary.md", overview_markdown(all)));
  draw_all(fs::absolute(out), all);
  std::printf("  table and plots: %s\n", out.c_str());
  if (!gate_file.empty()) gate(gate_file, asked);
  if (!record_file.empty()) write_record(record_file, asked);
  return failures == 0 ? 0 : 1;
}
