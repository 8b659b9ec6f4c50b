// SPDX-License-Identifier: Apache-2.0
// What the metrics of all areas are made of: one registry, and instruments that exist from the first scrape, so that a
// dashboard sees a zero and not a gap.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "loader/util/ip.h"

namespace sp::metrics {

// An instrument for each value of the label ip_family ("IPv4", "IPv6"). The registry owns them.
template <typename Instrument>
class PerFamily {
 public:
  PerFamily(Instrument& v4, Instrument& v6) : instruments_{&v4, &v6} {}
  Instrument& operator[](Family family) const { return *instruments_[static_cast<std::size_t>(family)]; }

 private:
  std::array<Instrument*, 2> instruments_;
};

[[nodiscard]] const char* family_label(Family family);

[[nodiscard]] prometheus::Counter& counter(prometheus::Registry& registry, const std::string& name,
                                           const std::string& text, const prometheus::Labels& labels = {});
[[nodiscard]] prometheus::Gauge& gauge(prometheus::Registry& registry, const std::string& name, const std::string& text,
                                       const prometheus::Labels& labels = {});
[[nodiscard]] prometheus::Histogram& histogram(prometheus::Registry& registry, const std::string& name,
                                               const std::string& text, const std::vector<double>& bounds,
                                               const prometheus::Labels& labels = {});

[[nodiscard]] PerFamily<prometheus::Counter> counters(prometheus::Registry& registry, const std::string& name,
                                                      const std::string& text);
[[nodiscard]] PerFamily<prometheus::Gauge> gauges(prometheus::Registry& registry, const std::string& name,
                                                  const std::string& text, const prometheus::Labels& labels = {});
[[nodiscard]] PerFamily<prometheus::Histogram> histograms(prometheus::Registry& registry, const std::string& name,
                                                          const std::string& text, const std::vector<double>& bounds);

// The unit of every duration and timestamp here.
template <typename Rep, typename Period>
[[nodiscard]] double to_seconds(std::chrono::duration<Rep, Period> span) {
  return std::chrono::duration<double>(span).count();
}
[[nodiscard]] inline double to_seconds(std::chrono::system_clock::time_point time) {
  return to_seconds(time.time_since_epoch());
}

}  // namespace sp::metrics
