// SPDX-License-Identifier: Apache-2.0
#include "loader/metrics/instruments.h"

namespace sp::metrics {
namespace {

prometheus::Labels with_family(prometheus::Labels labels, Family family) {
  labels["ip_family"] = family_label(family);
  return labels;
}

}  // namespace

const char* family_label(Family family) {
  return family == Family::v4 ? "IPv4" : "IPv6";
}

prometheus::Counter& counter(prometheus::Registry& registry, const std::string& name, const std::string& text,
                             const prometheus::Labels& labels) {
  return prometheus::BuildCounter().Name(name).Help(text).Register(registry).Add(labels);
}

prometheus::Gauge& gauge(prometheus::Registry& registry, const std::string& name, const std::string& text,
                         const prometheus::Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(text).Register(registry).Add(labels);
}

prometheus::Histogram& histogram(prometheus::Registry& registry, const std::string& name, const std::string& text,
                                 const std::vector<double>& bounds, const prometheus::Labels& labels) {
  return prometheus::BuildHistogram().Name(name).Help(text).Register(registry).Add(labels, bounds);
}

PerFamily<prometheus::Counter> counters(prometheus::Registry& registry, const std::string& name,
                                        const std::string& text) {
  return {counter(registry, name, text, with_family({}, Family::v4)),
          counter(registry, name, text, with_family({}, Family::v6))};
}

PerFamily<prometheus::Gauge> gauges(prometheus::Registry& registry, const std::string& name, const std::string& text,
                                    const prometheus::Labels& labels) {
  return {gauge(registry, name, text, with_family(labels, Family::v4)),
          gauge(registry, name, text, with_family(labels, Family::v6))};
}

PerFamily<prometheus::Histogram> histograms(prometheus::Registry& registry, const std::string& name,
                                            const std::string& text, const std::vector<double>& bounds) {
  return {histogram(registry, name, text, bounds, with_family({}, Family::v4)),
          histogram(registry, name, text, bounds, with_family({}, Family::v6))};
}

}  // namespace sp::metrics
