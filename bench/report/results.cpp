// SPDX-License-Identifier: Apache-2.0
// Results to JSON and back. The library's exceptions end here.
#include "bench/report/results.h"

#include <cerrno>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

namespace sp::bench {

namespace {

// Members in the order that the header shows.
using Json = nlohmann::ordered_json;

constexpr const char* kBounds[] = {"none", "at_most", "at_least"};

// What is not finite is written as null.
Json json_of(double number) {
  return std::isfinite(number) ? Json(number) : Json(nullptr);
}

double number_of(const Json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

Json json_of(const Spread& value) {
  return {{"q1", json_of(value.q1)},
          {"median", json_of(value.median)},
          {"q3", json_of(value.q3)},
          {"rounds", value.rounds}};
}

Spread spread_in(const Json& json) {
  return {number_of(json.at("q1")), number_of(json.at("median")), number_of(json.at("q3")), json.at("rounds")};
}

Json json_of(const Circumstances& machine) {
  return {{"cpu", machine.cpu},
          {"cores", machine.cores},
          {"kernel", machine.kernel},
          {"virtualisation", machine.virtualisation},
          {"date", machine.date},
          {"load_at_start", machine.load_at_start},
          {"load_at_end", machine.load_at_end}};
}

Circumstances machine_in(const Json& json) {
  Circumstances machine;
  json.at("cpu").get_to(machine.cpu);
  json.at("cores").get_to(machine.cores);
  json.at("kernel").get_to(machine.kernel);
  json.at("virtualisation").get_to(machine.virtualisation);
  json.at("date").get_to(machine.date);
  json.at("load_at_start").get_to(machine.load_at_start);
  json.at("load_at_end").get_to(machine.load_at_end);
  return machine;
}

Json json_of(const Figure& figure) {
  return {{"chart", figure.chart},
          {"what", figure.what},
          {"subject", figure.subject},
          {"unit", figure.unit},
          {"value", json_of(figure.value)}};
}

Figure figure_in(const Json& json) {
  return {json.at("chart"), json.at("what"), json.at("subject"), json.at("unit"), spread_in(json.at("value"))};
}

Json json_of(const Claim& claim) {
  return {{"what", claim.what},
          {"unit", claim.unit},
          {"value", json_of(claim.value)},
          {"bound", kBounds[static_cast<std::size_t>(claim.bound)]},
          {"limit", json_of(claim.limit)},
          {"gated", claim.is_gated},
          {"holds", holds(claim)}};
}

Result<Bound> bound_in(const std::string& word) {
  for (const Bound bound : {Bound::none, Bound::at_most, Bound::at_least})
    if (word == kBounds[static_cast<std::size_t>(bound)]) return bound;
  return Error{0, "bound '" + word + "' is none of none, at_most, at_least"};
}

Result<Results> results_in(const Json& json) {
  if (json.at("schema") != kSchema)
    return Error{0, "schema " + json.at("schema").dump() + ", expected " + std::to_string(kSchema) + "; measure again"};
  Results results;
  json.at("benchmark").get_to(results.benchmark);
  json.at("method").get_to(results.method);
  json.at("short").get_to(results.is_short);
  results.machine = machine_in(json.at("machine"));
  for (const Json& figure : json.at("figures")) results.figures.push_back(figure_in(figure));
  for (const Json& claim : json.at("claims")) {
    SP_TRY_ASSIGN(bound, bound_in(claim.at("bound")));
    results.claims.push_back({claim.at("what"), claim.at("unit"), spread_in(claim.at("value")), bound,
                              number_of(claim.at("limit")), claim.at("gated")});
  }
  json.at("notes").get_to(results.notes);
  return results;
}

}  // namespace

bool holds(const Claim& claim) {
  if (claim.bound == Bound::at_most) return claim.value.median <= claim.limit;
  if (claim.bound == Bound::at_least) return claim.value.median >= claim.limit;
  return true;
}

std::string json_of(const Results& results) {
  Json json{{"schema", kSchema},
            {"benchmark", results.benchmark},
            {"method", results.method},
            {"short", results.is_short},
            {"machine", json_of(results.machine)},
            {"figures", Json::array()},
            {"claims", Json::array()},
            {"notes", results.notes}};
  for (const Figure& figure : results.figures) json["figures"].push_back(json_of(figure));
  for (const Claim& claim : results.claims) json["claims"].push_back(json_of(claim));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Results> parse_results(std::string_view text) {
  try {
    return results_in(Json::parse(text));
  } catch (const Json::exception& error) {
    return Error{0, error.what()};
  }
}

Result<void> write_text(const std::filesystem::path& path, std::string_view text) {
  std::error_code failed;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), failed);
  if (failed) return Error{failed.value(), path.string() + ": make its directory"};
  std::ofstream file(path, std::ios::trunc);
  if (!(file << text << std::flush)) return errno_error(errno, path.string() + ": write");
  return {};
}

Result<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) return errno_error(errno, path.string() + ": open");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace sp::bench
