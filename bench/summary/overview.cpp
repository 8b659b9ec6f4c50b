// SPDX-License-Identifier: Apache-2.0
#include "bench/summary/overview.h"

#include "bench/report/text.h"

namespace sp::bench {

namespace {

// A bar would end the cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string with_unit(const Claim& claim) {
  const std::string text = spread_text(claim.value);
  if (claim.unit.empty()) return text;
  return claim.unit == "x" ? text + " ×" : text + " " + claim.unit;
}

// One machine is named once, several are named with their benchmarks.
bool is_one_machine(const std::vector<Results>& all) {
  for (const Results& results : all)
    if (machine_line(results.machine) != machine_line(all.front().machine)) return false;
  return true;
}

std::string circumstances(const Results& results, bool with_machine) {
  const Circumstances& machine = results.machine;
  return machine.date + ", load " + load_text(machine) + (results.is_short ? ", short form" : "") +
         (with_machine ? ", " + machine_line(machine) : "") + (results.method.empty() ? "" : "; " + results.method);
}

}  // namespace

std::string overview_text(const std::vector<Results>& all) {
  Columns columns;
  columns.add({"claim", "median (quartiles)", "target", ""});
  std::size_t others = 0;
  for (const Results& results : all) {
    columns.add({""});
    columns.add({results.benchmark + (results.is_short ? " (short form)" : "")});
    for (const Claim& claim : results.claims) {
      if (claim.bound == Bound::none) {
        ++others;
      } else {
        columns.add({"  " + claim.what, with_unit(claim), target_text(claim), verdict_text(claim)});
      }
    }
  }
  return columns.text(2) + (others == 0 ? "" : "\n  and " + std::to_string(others) + " without a target\n");
}

std::string overview_markdown(const std::vector<Results>& all) {
  std::string out = "| benchmark | claim | median (quartiles) | target | |\n|---|---|---|---|---|\n";
  std::string others;
  for (const Results& results : all) {
    for (const Claim& claim : results.claims) {
      const std::string row = "| `" + results.benchmark + "` | " + cell(claim.what) + " | " + cell(with_unit(claim));
      if (claim.bound == Bound::none) {
        others += row + " |\n";
      } else {
        out += row + " | " + target_text(claim) + " | " + verdict_text(claim) + " |\n";
      }
    }
  }
  out += "\n" + tally(all) + ".\n";
  if (all.empty()) return out;
  const bool one = is_one_machine(all);
  if (one) out += "\n" + machine_line(all.front().machine) + ".\n";
  out += "\n";
  for (const Results& results : all) {
    out += "- `" + results.benchmark + "`: " + circumstances(results, !one) + "\n";
    for (const std::string& note : results.notes) out += "  - " + note + "\n";
  }
  if (!others.empty())
    out += "\nMeasured beside them, without a target:\n\n| benchmark | claim | median (quartiles) |\n|---|---|---|\n" +
           others;
  return out;
}

std::string tally(const std::vector<Results>& all) {
  std::size_t targets = 0;
  std::size_t held = 0;
  for (const Results& results : all) {
    for (const Claim& claim : results.claims) {
      if (claim.bound == Bound::none) continue;
      ++targets;
      held += holds(claim) ? 1 : 0;
    }
  }
  return std::to_string(held) + " of " + std::to_string(targets) + " targets hold";
}

}  // namespace sp::bench
