// SPDX-License-Identifier: Apache-2.0
// A chart as gnuplot draws it: bars of medians, whiskers at the quartiles, a colour for each subject.
#pragma once

#include <string>

#include "bench/report/table.h"

namespace sp::bench {

struct Plot {
  std::string name;    // of its files, without their suffixes: "node-remote-backends"
  std::string data;    // NAME.dat: a block for each subject; x, median, q1, q3, value as text
  std::string script;  // NAME.gp: reads NAME.dat and writes NAME.svg, both in gnuplot's working directory
};

// The y axis is logarithmic where the largest median is more than 50 times the smallest, and says so.
[[nodiscard]] Plot plot_of(const Results& results, const Chart& chart);

}  // namespace sp::bench
