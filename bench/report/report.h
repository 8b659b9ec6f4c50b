// SPDX-License-Identifier: Apache-2.0
// Report: what one benchmark has measured, as a table for the terminal and as <out>/<benchmark>.json for the plots, the
// summary and the gate.
//
// Promises: nothing is written before finish(); what was measured before an error is not lost (finish() may be called
// with a part); names of figures and claims are stable from run to run, since the gate finds them by name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bench/report/spread.h"
#include "loader/util/result.h"

namespace sp::bench {

// What every benchmark takes on its command line: [--out DIR] [--short].
struct Options {
  std::filesystem::path out;  // empty: no file, the terminal alone
  bool is_short = false;      // seconds in place of minutes; sizes may shrink, names of claims may not change meaning
};
// Exits with 2 and a usage line for anything else.
[[nodiscard]] Options parse_options(int argc, char** argv);

// One quantity of one subject.
struct Figure {
  std::string chart;    // figures of one chart share a unit and are drawn together; "" = in the table alone
  std::string what;     // place on the x axis: "1k flows", "IPv4 TCP reply, 10k flows"
  std::string subject;  // whose: "sallyport", "bare program", "nftables"
  std::string unit;     // "ns/packet", "Mpps", "ms", "MB"
  Spread value;
};

// What is asked of a claim.
enum class Bound { none, at_most, at_least };

// A comparison, or an absolute figure, that has a target or is watched by the gate.
struct Claim {
  std::string what;  // unique in its benchmark: "established IPv4 TCP, 1 flow: sallyport / bare program"
  std::string unit;  // "x" for ratios
  Spread value;
  Bound bound = Bound::none;
  double limit = 0;
  // Ratios of one run can be compared between runs and machines; the gate looks at nothing else.
  bool is_gated = false;
};

// The median against the limit; a claim without a bound holds.
[[nodiscard]] bool holds(const Claim& claim);

class Report {
 public:
  // `benchmark` as on the command line of bench/run.sh: "prog", "node"…
  Report(std::string benchmark, Options options);

  // Told in the heading and the file: "41 rounds of 200,000 packets".
  void set_method(std::string method) { method_ = std::move(method); }
  // A line under the table: what could not be measured here and why, a caveat.
  void note(std::string line) { notes_.push_back(std::move(line)); }
  void add(Figure figure) { figures_.push_back(std::move(figure)); }
  void add(Claim claim) { claims_.push_back(std::move(claim)); }

  [[nodiscard]] const Options& options() const { return options_; }
  // Prints the table and writes the file. Claims that do not hold are no error here: bench/run.sh says what they mean.
  [[nodiscard]] Result<void> finish() const;

 private:
  std::string benchmark_;
  Options options_;
  std::string method_;
  std::vector<std::string> notes_;
  std::vector<Figure> figures_;
  std::vector<Claim> claims_;
};

}  // namespace sp::bench
