// SPDX-License-Identifier: Apache-2.0
#include "bench/summary/plot.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <sstream>

#include "bench/report/text.h"

namespace sp::bench {

namespace {

constexpr double kLogarithmicFrom = 50;  // largest by smallest median
constexpr double kGap = 1;               // between places, in bars
constexpr int kMargins = 120;            // pixels left and right of the bars
constexpr int kValueWidth = 46;          // pixels that a value over its bar needs
constexpr int kCharacterWidth = 8;       // of a place's name
constexpr int kLineHeight = 16;
constexpr int kKeyColumns = 5;

// Sallyport in blue, what the kernel does itself in orange, yardsticks in green and grey: shades within, told apart by
// people who see red and green alike.
constexpr std::array<std::array<const char*, 6>, 3> kColours{{
    {"#0072b2", "#56b4e9", "#00406b", "#a6d5f2", "#3a93c9", "#7f9fd0"},
    {"#e69f00", "#b85c00", "#f5cf7a", "#7a3d00", "#d98032", "#ffe2a8"},
    {"#009e73", "#8c8c8c", "#86cbb4", "#4d4d4d", "#c4c4c4", "#00563f"},
}};

// The row of kColours.
std::size_t kind_of(const std::string& subject) {
  if (subject.starts_with("sallyport")) return 0;
  for (const char* kernel : {"nftables", "iptables", "nf_conntrack", "kernel"})
    if (subject.starts_with(kernel)) return 1;
  return 2;
}

// Those of one kind side by side, in the order of measurement otherwise.
Chart by_kind(Chart chart) {
  std::stable_sort(chart.subjects.begin(), chart.subjects.end(),
                   [](const std::string& a, const std::string& b) { return kind_of(a) < kind_of(b); });
  return chart;
}

std::vector<std::string> colours_of(const Chart& chart) {
  std::vector<std::string> colours;
  std::array<std::size_t, kColours.size()> used{};
  for (const std::string& subject : chart.subjects) {
    const auto& shades = kColours[kind_of(subject)];
    colours.emplace_back(shades[used[kind_of(subject)]++ % shades.size()]);
  }
  return colours;
}

// What is left of a name in a file's: letters and digits, hyphens between.
std::string file_name(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c))) {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  if (out.ends_with('-')) out.pop_back();
  return out;
}

// For gnuplot, in double quotes; \n stays a line's end.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Lines broken at blanks to about `columns`.
std::string wrapped(const std::string& text, std::size_t columns) {
  std::istringstream words(text);
  std::string out;
  std::size_t used = 0;
  for (std::string word; words >> word; used += width_of(word) + 1) {
    if (used > 0 && used + width_of(word) > columns) {
      out += '\n';
      used = 0;
    } else if (used > 0) {
      out += ' ';
    }
    out += word;
  }
  return out;
}

struct Axis {
  bool is_logarithmic = false;
  double from = 0;
  double to = 1;
};

Axis axis_of(const Chart& chart) {
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  double top = -least;
  for (const Figure& figure : chart.figures) {
    if (!std::isfinite(figure.value.median)) continue;
    least = std::min(least, figure.value.median);
    most = std::max(most, figure.value.median);
    top = std::max({top, figure.value.median, figure.value.q3});
  }
  if (least > most) return {};
  // A decade below the smallest bar, unless that bar would be tall enough anyway.
  if (least > 0 && most / least > kLogarithmicFrom)
    return {true, std::pow(10, std::floor(std::log10(least) - 0.15)), top * 3};
  return {false, std::min(0.0, least * 1.15), top > 0 ? top * 1.15 : 1};
}

std::string data_of(const Chart& chart) {
  const auto bars = static_cast<double>(chart.subjects.size());
  std::ostringstream out;
  out << "# " << chart.name << ", " << chart.unit << "\n# x median q1 q3 value; a block for each subject\n";
  for (std::size_t s = 0; s < chart.subjects.size(); ++s) {
    out << "\n\n# " << chart.subjects[s] << "\n";
    for (std::size_t p = 0; p < chart.places.size(); ++p) {
      const Figure* figure = chart.at(chart.places[p], chart.subjects[s]);
      const double x = static_cast<double>(p) + (static_cast<double>(s) - (bars - 1) / 2) / (bars + kGap);
      if (figure == nullptr || !std::isfinite(figure->value.median)) {
        out << x << " NaN NaN NaN \"\" # " << chart.places[p] << "\n";
        continue;
      }
      const Spread& value = figure->value;
      out << x << ' ' << value.median << ' ' << value.q1 << ' ' << value.q3 << " \"" << number_text(value.median)
          << "\" # " << chart.places[p] << "\n";
    }
  }
  return out.str();
}

std::string tics(const Chart& chart, std::size_t columns, std::size_t& lines) {
  std::string out = "set xtics (";
  for (std::size_t i = 0; i < chart.places.size(); ++i) {
    const std::string place = wrapped(chart.places[i], columns);
    lines = std::max(lines, 1 + static_cast<std::size_t>(std::count(place.begin(), place.end(), '\n')));
    out += (i == 0 ? "" : ", ") + quoted(place) + " " + std::to_string(i);
  }
  return out + ") nomirror scale 0\n";
}

std::string series(const Chart& chart, const std::string& file, bool is_steep) {
  const std::vector<std::string> colours = colours_of(chart);
  std::string out;
  for (std::size_t i = 0; i < chart.subjects.size(); ++i) {
    const std::string block = quoted(file) + " index " + std::to_string(i) + " using 1:2";
    out += (i == 0 ? "plot " : ", \\\n     ") + block + " with boxes linecolor rgb " + quoted(colours[i]) + " title " +
           quoted(chart.subjects[i]);
  }
  // Over all boxes, so that no neighbour hides them.
  for (std::size_t i = 0; i < chart.subjects.size(); ++i) {
    const std::string block = ", \\\n     " + quoted(file) + " index " + std::to_string(i);
    out += block +
           " using 1:3:(0):($4-$3) with vectors heads size screen 0.004,90 nofilled linecolor rgb \"#222222\" notitle" +
           block + " using 1:4:5 with labels font \"sans-serif,10\" textcolor rgb \"#222222\" " +
           (is_steep ? "left rotate by 90 offset 0,0.5" : "center offset 0,0.7") + " notitle";
  }
  return out + "\n";
}

// In pixels.
struct Layout {
  int width = 0;
  int height = 0;
  int top = 0;     // above the bars: title and subjects
  int bottom = 0;  // below the x axis: names of places, the line on the machine
  int group = 0;   // for one place
};

// Where every point of gnuplot's screen is a share of the whole.
std::string frame(const Results& results, const Chart& chart, const Layout& layout) {
  const double height = layout.height;
  const std::string machine = machine_line(results.machine) + ", " + results.machine.date.substr(0, 10) +
                              "; bars: medians, whiskers: quartiles" + (results.is_short ? "; short form" : "");
  std::ostringstream out;
  out << "set label 1 " << quoted(machine) << " at screen 0.5, screen " << 12 / height
      << " center font \"sans-serif,10\" textcolor rgb \"#666666\"\n"
      << "set label 2 " << quoted(results.benchmark + ": " + chart.name) << " at screen 0.5, screen " << 1 - 18 / height
      << " center font \"sans-serif,15\"\n"
      << "set bmargin at screen " << layout.bottom / height << "\n"
      << "set tmargin at screen " << 1 - layout.top / height << "\n"
      << "set border 3 linecolor rgb \"#888888\"\n"
      << "set grid ytics linecolor rgb \"#dddddd\" linewidth 1\n"
      << "set tics textcolor rgb \"#222222\"\n"
      << "set key at screen 0.5, screen " << 1 - (18 + layout.top) / 2.0 / height
      << " center center horizontal maxcols " << kKeyColumns << " samplen 2\n";
  return out.str();
}

std::string axes(const Chart& chart) {
  const Axis axis = axis_of(chart);
  std::ostringstream out;
  out << "set ylabel " << quoted(chart.unit + (axis.is_logarithmic ? " (logarithmic)" : "")) << "\n"
      << (axis.is_logarithmic ? "set logscale y\n" : "") << "set yrange [" << axis.from << ":" << axis.to << "]\n"
      << "set ytics nomirror\n"
      << "set xrange [-0.6:" << chart.places.size() - 1 << ".6]\n"
      << "set style fill solid 0.9 noborder\n"
      << "set boxwidth " << 0.94 / (static_cast<double>(chart.subjects.size()) + kGap) << " absolute\n";
  return out.str();
}

}  // namespace

Plot plot_of(const Results& results, const Chart& measured) {
  const Chart chart = by_kind(measured);
  const auto groups = static_cast<int>(chart.places.size());
  const int wanted_group = static_cast<int>((static_cast<double>(chart.subjects.size()) + kGap) * kValueWidth);
  Layout layout;
  layout.width = std::clamp(kMargins + groups * wanted_group, 760, 1400);
  layout.group = (layout.width - kMargins) / std::max(groups, 1);
  std::size_t lines = 1;
  const std::string places = tics(chart, static_cast<std::size_t>(std::max(6, layout.group / kCharacterWidth)), lines);
  layout.bottom = 44 + static_cast<int>(lines) * kLineHeight;
  layout.top = 56 + 20 * static_cast<int>((chart.subjects.size() + kKeyColumns - 1) / kKeyColumns);
  layout.height = layout.top + 330 + layout.bottom;
  const std::string name = file_name(results.benchmark + "-" + chart.name);
  std::ostringstream script;
  script << "# made by bench_summary; gnuplot " << name << ".gp draws it anew\n"
         << "set terminal svg noenhanced size " << layout.width << "," << layout.height
         << " font \"sans-serif,13\" background \"#ffffff\"\n"
         << "set output " << quoted(name + ".svg") << "\n"
         << frame(results, chart, layout) << axes(chart) << places
         << series(chart, name + ".dat", layout.group < wanted_group);
  return {name, data_of(chart), script.str()};
}

}  // namespace sp::bench
