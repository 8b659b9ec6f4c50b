// SPDX-License-Identifier: Apache-2.0
// The table of one benchmark for the terminal.
#pragma once

#include <string>
#include <vector>

#include "bench/report/results.h"

namespace sp::bench {

// The figures of one chart that share a unit, with what stands on its axes in the order of measurement.
struct Chart {
  std::string name;
  std::string unit;
  std::vector<std::string> places;  // each `what` once
  std::vector<std::string> subjects;
  std::vector<Figure> figures;

  // nullptr where nothing was measured.
  [[nodiscard]] const Figure* at(const std::string& place, const std::string& subject) const;
};

// In the order of first mention. A chart's name with two units is two charts.
[[nodiscard]] std::vector<Chart> charts_of(const Results& results);

// Heading (benchmark, machine, load, method), a table for each chart with a column for each subject, the claims with
// target and verdict, the notes.
[[nodiscard]] std::string table_of(const Results& results);

}  // namespace sp::bench
