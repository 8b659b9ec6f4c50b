// SPDX-License-Identifier: Apache-2.0
// Results: everything that one benchmark has measured, and its JSON form, the file <out>/<benchmark>.json:
//
//   {
//     "schema": 1,                         kSchema; a reader refuses any other
//     "benchmark": "prog",
//     "method": "41 rounds of …",
//     "short": false,                      of the short form
//     "machine": {"cpu": "…", "cores": 2, "kernel": "…", "virtualisation": "none",
//                 "date": "2026-11-23T16:00:00Z", "load_at_start": 0.1, "load_at_end": 1.0},
//     "figures": [{"chart": "…", "what": "…", "subject": "…", "unit": "…", "value": SPREAD}],
//     "claims": [{"what": "…", "unit": "…", "value": SPREAD, "bound": "none" | "at_most" | "at_least",
//                 "limit": 1.2, "gated": true, "holds": true}],
//     "notes": ["…"]
//   }
//   SPREAD: {"q1": 1.0, "median": 1.1, "q3": 1.2, "rounds": 41}; null is what no number could say (0 / 0)
//
// Promises: parse_results(json_of(x)) is x; "holds" is for other readers and is never read back.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bench/report/circumstances.h"
#include "bench/report/spread.h"
#include "loader/util/result.h"

namespace sp::bench {

inline constexpr int kSchema = 1;

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

// The median against the limit; a claim without a bound holds, one that is not a number holds not.
[[nodiscard]] bool holds(const Claim& claim);

struct Results {
  std::string benchmark;
  std::string method;
  bool is_short = false;
  Circumstances machine;
  std::vector<Figure> figures;
  std::vector<Claim> claims;
  std::vector<std::string> notes;
};

[[nodiscard]] std::string json_of(const Results& results);
// An error says what is wrong with the text; the caller knows whose it is.
[[nodiscard]] Result<Results> parse_results(std::string_view json);

// The whole file, its directory made if need be; errors name the file.
[[nodiscard]] Result<void> write_text(const std::filesystem::path& path, std::string_view text);
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& path);

}  // namespace sp::bench
