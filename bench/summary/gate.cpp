// SPDX-License-Identifier: Apache-2.0
#include "bench/summary/gate.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/report/text.h"

namespace sp::bench {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kLeastNoise = 0.05;    // of the recorded median
constexpr double kUnknownNoise = 0.30;  // of the recorded median, where too few rounds tell the noise
constexpr std::size_t kFewRounds = 3;
constexpr double kUnclearNoise = 0.30;  // of the recorded median: a third lost would not be seen

Json json_of(const Spread& value) {
  return {{"q1", value.q1}, {"median", value.median}, {"q3", value.q3}, {"rounds", value.rounds}};
}

RecordedBenchmark benchmark_in(const Json& json) {
  RecordedBenchmark out{json.at("machine"), json.at("date"), {}};
  for (const auto& [name, value] : json.at("claims").items())
    out.claims[name] = {value.at("q1"), value.at("median"), value.at("q3"), value.at("rounds")};
  return out;
}

const char* word_of(Judgement judgement) {
  switch (judgement) {
    case Judgement::kept:
      return "as recorded";
    case Judgement::unclear:
      return "too noisy to tell";
    case Judgement::better:
      return "better than recorded";
    case Judgement::worse:
      return "WORSE than recorded";
    case Judgement::unrecorded:
      return "not in the record";
    case Judgement::unmeasured:
      return "recorded, but not in this run";
  }
  return "";
}

}  // namespace

// A claim a line, so that a new record shows line by line what has changed.
std::string json_of(const Record& record) {
  const auto flat = [](const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); };
  std::string text = "{\"schema\": " + std::to_string(kSchema) + ", \"benchmarks\": {";
  for (const char* between = "\n"; const auto& [name, benchmark] : record) {
    text += std::exchange(between, ",\n") + flat(name) + ": {\"machine\":" + flat(benchmark.machine) +
            ",\"date\":" + flat(benchmark.date) + ", \"claims\": {";
    for (const char* comma = "\n"; const auto& [claim, value] : benchmark.claims) {
      text += std::exchange(comma, ",\n") + ("  " + flat(claim)) + ": " + flat(json_of(value));
    }
    text += "}}";
  }
  return text + "}}\n";
}

Result<Record> parse_record(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != kSchema)
      return Error{0, "schema " + json.at("schema").dump() + ", expected " + std::to_string(kSchema) + "; record anew"};
    Record record;
    for (const auto& [name, benchmark] : json.at("benchmarks").items()) record[name] = benchmark_in(benchmark);
    return record;
  } catch (const Json::exception& error) {
    return Error{0, error.what()};
  }
}

void put(const Results& results, Record& record) {
  RecordedBenchmark benchmark{machine_line(results.machine), results.machine.date, {}};
  for (const Claim& claim : results.claims)
    if (claim.is_gated && std::isfinite(claim.value.median)) benchmark.claims[claim.what] = claim.value;
  if (benchmark.claims.empty()) {
    record.erase(results.benchmark);
  } else {
    record[results.benchmark] = std::move(benchmark);
  }
}

double noise_of(const Spread& was, const Spread& is) {
  const double least = std::min(was.rounds, is.rounds) < kFewRounds ? kUnknownNoise : kLeastNoise;
  return std::max(least * std::fabs(was.median), (was.q3 - was.q1) + (is.q3 - is.q1));
}

Judgement judge(const Spread& was, const Claim& claim) {
  const Spread& is = claim.value;
  if (!std::isfinite(is.median)) return Judgement::worse;
  const double noise = noise_of(was, is);
  const double shift = is.median - was.median;
  if (std::fabs(shift) <= noise)
    return noise > kUnclearNoise * std::fabs(was.median) ? Judgement::unclear : Judgement::kept;
  if (claim.bound == Bound::none) return Judgement::worse;
  return (shift > 0) == (claim.bound == Bound::at_most) ? Judgement::worse : Judgement::better;
}

std::vector<Finding> findings_of(const Record& record, const Results& results) {
  std::vector<Finding> findings;
  const auto recorded = record.find(results.benchmark);
  std::map<std::string, Spread> left =
      recorded == record.end() ? std::map<std::string, Spread>{} : recorded->second.claims;
  for (const Claim& claim : results.claims) {
    if (!claim.is_gated) continue;
    const auto was = left.find(claim.what);
    if (was == left.end()) {
      findings.push_back({results.benchmark, claim.what, Judgement::unrecorded, {}, claim.value, 0});
      continue;
    }
    findings.push_back({results.benchmark, claim.what, judge(was->second, claim), was->second, claim.value,
                        noise_of(was->second, claim.value)});
    left.erase(was);
  }
  for (const auto& [name, was] : left) findings.push_back({results.benchmark, name, Judgement::unmeasured, was, {}, 0});
  return findings;
}

std::string text_of(const Finding& finding) {
  std::string out = finding.benchmark + ": " + finding.claim + ": " + word_of(finding.judgement);
  if (finding.judgement == Judgement::unrecorded) return out + ": is " + spread_text(finding.is);
  out += ": was " + spread_text(finding.was);
  if (finding.judgement == Judgement::unmeasured) return out;
  return out + ", is " + spread_text(finding.is) + ", noise " + number_text(finding.noise);
}

}  // namespace sp::bench
