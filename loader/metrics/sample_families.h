// SPDX-License-Identifier: Apache-2.0
// Families of values that are read when somebody scrapes, in the library's words.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace sp::metrics {

using LabelList = std::vector<prometheus::ClientMetric::Label>;

inline prometheus::MetricFamily family_of(prometheus::MetricType type, std::string name, std::string text) {
  prometheus::MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(text);
  family.type = type;
  return family;
}

inline prometheus::MetricFamily counter_family(std::string name, std::string text) {
  return family_of(prometheus::MetricType::Counter, std::move(name), std::move(text));
}

inline prometheus::MetricFamily gauge_family(std::string name, std::string text) {
  return family_of(prometheus::MetricType::Gauge, std::move(name), std::move(text));
}

inline void add_value(prometheus::MetricFamily& family, double value, LabelList labels = {}) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  (family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  family.metric.push_back(std::move(metric));
}

}  // namespace sp::metrics
