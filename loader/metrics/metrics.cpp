// SPDX-License-Identifier: Apache-2.0
#include "loader/metrics/metrics.h"

#include <prometheus/text_serializer.h>

#include <iterator>

#include "loader/metrics/process_sample.h"

namespace sp::metrics {

Metrics::Metrics(const std::string& version, const std::string& build_id)
    : kube_proxy(registry_),
      agent(registry_, version, build_id),
      scrape_failures_(
          counter(registry_, "sallyport_scrape_failures_total", "Times that a part of the metrics was left out.")) {}

template <typename Sample>
void Metrics::append(std::vector<prometheus::MetricFamily>& families, const Result<Sample>& sample, const char* what) {
  if (sample) {
    std::vector<prometheus::MetricFamily> more = to_families(*sample);
    std::move(more.begin(), more.end(), std::back_inserter(families));
    return;
  }
  scrape_failures_.Increment();
  if (const auto held_back = failures_.admit(what, log::Repeats::Clock::now())) {
    log::error("metrics", "{} left out: {} held_back={}", what, sample.error().text(), *held_back);
  }
}

std::string Metrics::text() {
  std::vector<prometheus::MetricFamily> sampled;
  append(sampled, take_process_sample(), "process");
  if (take_data_plane_) {
    append(sampled, take_data_plane_(), "data plane");
  }
  // After the samples, so that a failure is counted in the scrape that it spoilt.
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  std::move(sampled.begin(), sampled.end(), std::back_inserter(families));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace sp::metrics
