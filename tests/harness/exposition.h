// SPDX-License-Identifier: Apache-2.0
// A strict reader of the Prometheus text format 0.0.4, written from its description: what it takes, any scraper takes.
#pragma once

#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sp::test {

struct ExpositionSample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

struct ExpositionFamily {
  std::string type;
  std::string text;
  std::vector<ExpositionSample> samples;
};

class Exposition {
 public:
  // `errors` is empty if all of `text` is well-formed.
  explicit Exposition(std::string_view text) {
    if (text.empty() || text.back() != '\n') errors.emplace_back("the last line has no end");
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size() - 1);
      read_line(std::string(text.substr(0, end)));
      text.remove_prefix(end + 1);
    }
    for (const auto& [name, family] : families) {
      if (family.type == "histogram") check_histogram(name, family);
    }
  }

  // The value of one series; nothing if there is none.
  [[nodiscard]] std::optional<double> value(const std::string& family, const std::string& name,
                                            const std::map<std::string, std::string>& labels = {}) const {
    const auto found = families.find(family);
    if (found == families.end()) return std::nullopt;
    for (const auto& sample : found->second.samples) {
      if (sample.name == name && sample.labels == labels) return sample.value;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<double> value(const std::string& name,
                                            const std::map<std::string, std::string>& labels = {}) const {
    return value(name, name, labels);
  }

  std::map<std::string, ExpositionFamily> families;
  std::vector<std::string> errors;

 private:
  static bool is_name(std::string_view text, bool colon) {
    if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
    for (const char c : text) {
      const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      if (!word && !(colon && c == ':')) return false;
    }
    return true;
  }

  void fail(const std::string& line, const char* why) { errors.push_back(std::string(why) + ": " + line); }

  void read_line(const std::string& line) {
    if (line.empty()) return fail(line, "empty line");
    if (line[0] == '#') return read_comment(line);
    read_sample(line);
  }

  void read_comment(const std::string& line) {
    const std::size_t name_end = line.find(' ', 7);
    const bool is_help = line.rfind("# HELP ", 0) == 0;
    if ((!is_help && line.rfind("# TYPE ", 0) != 0) || name_end == std::string::npos) return fail(line, "comment");
    const std::string name = line.substr(7, name_end - 7);
    const std::string rest = line.substr(name_end + 1);
    if (!is_name(name, true)) return fail(line, "name");
    if (name != current_) {
      if (families.contains(name)) return fail(line, "family in two places");
      current_ = name;
    }
    ExpositionFamily& family = families[name];
    if (!family.samples.empty()) return fail(line, "comment after samples");
    std::string& member = is_help ? family.text : family.type;
    if (!member.empty()) return fail(line, "said twice");
    member = rest;
    static const std::set<std::string> types{"counter", "gauge", "histogram", "summary", "untyped"};
    if (!is_help && !types.contains(rest)) fail(line, "type");
  }

  void read_sample(const std::string& line) {
    const std::size_t name_end = line.find_first_of("{ ");
    if (name_end == std::string::npos) return fail(line, "no value");
    ExpositionSample sample{line.substr(0, name_end), {}, 0};
    ExpositionFamily& family = families[current_];
    if (!belongs(sample.name, family)) return fail(line, "not of this family");
    std::size_t at = name_end;
    if (line[at] == '{' && !read_labels(line, at, sample.labels)) return fail(line, "labels");
    if (at >= line.size() || line[at] != ' ') return fail(line, "no blank before the value");
    const std::string value = line.substr(at + 1);
    char* end = nullptr;
    sample.value = std::strtod(value.c_str(), &end);
    if (value.empty() || *end != '\0') return fail(line, "value");
    for (const auto& other : family.samples) {
      if (other.name == sample.name && other.labels == sample.labels) return fail(line, "series twice");
    }
    if (family.type == "counter" && sample.value < 0) fail(line, "negative counter");
    family.samples.push_back(std::move(sample));
  }

  [[nodiscard]] bool belongs(const std::string& name, const ExpositionFamily& family) const {
    if (family.type == "histogram") {
      return name == current_ + "_bucket" || name == current_ + "_sum" || name == current_ + "_count";
    }
    return name == current_ && !current_.empty();
  }

  static bool read_labels(const std::string& line, std::size_t& at, std::map<std::string, std::string>& labels) {
    ++at;
    while (at < line.size() && line[at] != '}') {
      const std::size_t equals = line.find("=\"", at);
      if (equals == std::string::npos) return false;
      const std::string name = line.substr(at, equals - at);
      std::string value;
      for (at = equals + 2; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] == '\\') {
          ++at;
          if (at >= line.size() || std::string_view("\\\"n").find(line[at]) == std::string_view::npos) return false;
        }
        value += line[at];
      }
      if (at >= line.size() || !is_name(name, false) || !labels.emplace(name, value).second) return false;
      ++at;
      if (at < line.size() && line[at] == ',') ++at;
    }
    if (at >= line.size()) return false;
    ++at;
    return true;
  }

  // Per label set: bounds ascend, counts do not fall, +Inf is there and is the count, a sum is there.
  void check_histogram(const std::string& name, const ExpositionFamily& family) {
    struct Series {
      double bound = -1;
      double count = 0;
      std::optional<double> infinite;
      int sums = 0;
      std::optional<double> total;
    };
    std::map<std::map<std::string, std::string>, Series> all;
    for (auto sample : family.samples) {
      const auto le = sample.labels.find("le");
      const double bound = le == sample.labels.end() ? 0 : std::strtod(le->second.c_str(), nullptr);
      const bool infinite = le != sample.labels.end() && le->second == "+Inf";
      const bool bucket = le != sample.labels.end();
      sample.labels.erase("le");
      Series& series = all[sample.labels];
      if (sample.name == name + "_sum") ++series.sums;
      if (sample.name == name + "_count") series.total = sample.value;
      if (sample.name != name + "_bucket") continue;
      if (!bucket || bound <= series.bound || sample.value < series.count) fail(name, "buckets out of order");
      series.bound = bound;
      series.count = sample.value;
      if (infinite) series.infinite = sample.value;
    }
    for (const auto& [labels, series] : all) {
      if (!series.infinite || series.infinite != series.total || series.sums != 1) fail(name, "incomplete histogram");
    }
  }

  std::string current_;
};

}  // namespace sp::test
