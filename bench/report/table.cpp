// SPDX-License-Identifier: Apache-2.0
#include "bench/report/table.h"

#include <algorithm>

#include "bench/report/text.h"

namespace sp::bench {

namespace {

// Subjects beyond this width continue in a table below.
constexpr std::size_t kWidth = 130;

void add_once(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

std::string heading(const Results& results) {
  const Circumstances& machine = results.machine;
  return "\n" + results.benchmark + (results.is_short ? " (short form)" : "") + "\n  " + machine_line(machine) +
         (machine.virtualisation == "none" ? "" : ", " + machine.virtualisation) + "\n  " + machine.date + ", load " +
         load_text(machine) + "\n" + (results.method.empty() ? "" : "  " + results.method + "\n");
}

std::string cell(const Chart& chart, const std::string& place, const std::string& subject) {
  const Figure* figure = chart.at(place, subject);
  return figure == nullptr ? "" : spread_text(figure->value);
}

// How many of the chart's subjects, from `first` on, fit beside the places; at least one.
std::size_t fitting(const Chart& chart, std::size_t first) {
  std::size_t width = 2;
  for (const std::string& place : chart.places) width = std::max(width, 2 + width_of(place));
  std::size_t count = 0;
  for (std::size_t i = first; i < chart.subjects.size(); ++i, ++count) {
    std::size_t column = width_of(chart.subjects[i]);
    for (const std::string& place : chart.places)
      column = std::max(column, width_of(cell(chart, place, chart.subjects[i])));
    width += 2 + column;
    if (width > kWidth) break;
  }
  return std::max<std::size_t>(count, 1);
}

std::string table_of(const Chart& chart) {
  std::string out = "\n  " + (chart.name.empty() ? "" : chart.name + ", ") + chart.unit + "\n";
  for (std::size_t first = 0; first < chart.subjects.size();) {
    const std::size_t end = first + fitting(chart, first);
    Columns columns;
    std::vector<std::string> head{""};
    head.insert(head.end(), chart.subjects.begin() + static_cast<std::ptrdiff_t>(first),
                chart.subjects.begin() + static_cast<std::ptrdiff_t>(end));
    columns.add(head);
    for (const std::string& place : chart.places) {
      std::vector<std::string> row{place};
      for (std::size_t i = first; i < end; ++i) row.push_back(cell(chart, place, chart.subjects[i]));
      columns.add(std::move(row));
    }
    out += columns.text(4);
    first = end;
  }
  return out;
}

std::string claims_table(const std::vector<Claim>& claims) {
  Columns columns;
  columns.add({"", "median (quartiles)", "", "target", ""});
  for (const Claim& claim : claims)
    columns.add({claim.what, spread_text(claim.value), claim.unit, target_text(claim), verdict_text(claim)});
  return "\n  claims\n" + columns.text(4);
}

}  // namespace

const Figure* Chart::at(const std::string& place, const std::string& subject) const {
  for (const Figure& figure : figures)
    if (figure.what == place && figure.subject == subject) return &figure;
  return nullptr;
}

std::vector<Chart> charts_of(const Results& results) {
  std::vector<Chart> charts;
  for (const Figure& figure : results.figures) {
    auto chart = std::find_if(charts.begin(), charts.end(),
                              [&](const Chart& c) { return c.name == figure.chart && c.unit == figure.unit; });
    if (chart == charts.end()) chart = charts.insert(charts.end(), {figure.chart, figure.unit, {}, {}, {}});
    add_once(chart->places, figure.what);
    add_once(chart->subjects, figure.subject);
    chart->figures.push_back(figure);
  }
  return charts;
}

std::string table_of(const Results& results) {
  std::string out = heading(results);
  for (const Chart& chart : charts_of(results)) out += table_of(chart);
  if (!results.claims.empty()) out += claims_table(results.claims);
  if (!results.notes.empty()) out += "\n";
  for (const std::string& line : results.notes) out += "  note: " + line + "\n";
  return out;
}

}  // namespace sp::bench
