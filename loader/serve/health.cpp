// SPDX-License-Identifier: Apache-2.0
#include "loader/serve/health.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ctime>

#include "loader/util/json.h"

namespace sp::serve {
namespace {

// Go's zero time, for what has not happened yet.
constexpr const char* kNever = "0001-01-01T00:00:00Z";

std::string time_text(const std::optional<std::chrono::system_clock::time_point>& time) {
  return time ? rfc3339_text(*time) : kNever;
}

constexpr std::array<const char*, 2> kFamilyNames{"IPv4", "IPv6"};

}  // namespace

std::string rfc3339_text(std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                                 parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  const auto fraction = std::chrono::duration_cast<std::chrono::nanoseconds>(time - whole).count();
  if (fraction != 0) {
    text += fmt::format(".{:09}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

void Health::queued(Family family, const Moment& now) {
  auto& oldest = families_[static_cast<std::size_t>(family)].oldest_queued;
  if (!oldest) {
    oldest = now.steady;
  }
}

void Health::applied(Family family, const Moment& now) {
  families_[static_cast<std::size_t>(family)] = {.oldest_queued = std::nullopt, .last_applied = now.wall};
}

bool Health::healthy(const FamilyState& family, const Moment& now) const {
  return !family.last_applied || !family.oldest_queued || now.steady - *family.oldest_queued < timeout_;
}

bool Health::healthy(const Moment& now) const {
  return std::all_of(families_.begin(), families_.end(), [&](const FamilyState& f) { return healthy(f, now); });
}

Health::Answer Health::healthz(const Moment& now) const {
  const bool good = healthy(now) && node_eligible();
  return {good ? 200 : 503, body(now, good, true)};
}

Health::Answer Health::livez(const Moment& now) const {
  const bool good = healthy(now);
  return {good ? 200 : 503, body(now, good, false)};
}

std::string Health::body(const Moment& now, bool answer_is_good, bool with_node) const {
  // kube-proxy calls a good state "updated now": checkers of old releases looked at the age.
  std::optional<std::chrono::system_clock::time_point> updated = now.wall;
  if (!answer_is_good) {
    updated = std::max(families_[0].last_applied, families_[1].last_applied);
  }
  JsonWriter json;
  json.begin_object();
  json.key("lastUpdated");
  json.string(time_text(updated));
  json.key("currentTime");
  json.string(rfc3339_text(now.wall));
  if (with_node) {
    json.key("nodeEligible");
    json.boolean(node_eligible());
  }
  json.key("healthy");
  json.boolean(healthy(now));
  // A family that was never applied is not there, nor is the whole member without families.
  if (families_[0].last_applied || families_[1].last_applied) {
    json.key("status");
    json.begin_object();
    for (std::size_t i = 0; i < families_.size(); ++i) {
      if (!families_[i].last_applied) {
        continue;
      }
      json.key(kFamilyNames[i]);
      json.begin_object();
      json.key("lastUpdated");
      json.string(time_text(families_[i].last_applied));
      json.key("healthy");
      json.boolean(healthy(families_[i], now));
      json.end_object();
    }
    json.end_object();
  }
  json.end_object();
  return json.text();
}

}  // namespace sp::serve
