// SPDX-License-Identifier: Apache-2.0
#include "loader/metrics/agent_metrics.h"

#include "maps/abi.h"

namespace sp::metrics {
namespace {

// The target is 1 ms for 99 of 100: fine below and around it.
const std::vector<double>& programming_bounds() {
  static const std::vector<double> bounds{50e-6,  100e-6, 150e-6,  200e-6, 300e-6, 400e-6, 500e-6, 700e-6,
                                          850e-6, 1e-3,   1.25e-3, 1.5e-3, 2e-3,   3e-3,   5e-3,   10e-3,
                                          25e-3,  50e-3,  0.1,     0.25,   0.5,    1};
  return bounds;
}

// As the API calls them.
const char* resource(model::Kind kind) {
  switch (kind) {
    case model::Kind::service:
      return "services";
    case model::Kind::endpoint_slice:
      return "endpointslices";
    case model::Kind::pod:
      return "pods";
    case model::Kind::node:
      return "nodes";
    case model::Kind::service_cidr:
      break;
  }
  return "servicecidrs";
}

}  // namespace

ReflectorMetrics::ReflectorMetrics(prometheus::Registry& registry, model::Kind kind)
    : events_(counter(registry, "sallyport_api_events_total", "Changes that watches of the Kubernetes API delivered.",
                      {{"resource", resource(kind)}})),
      lists_(counter(registry, "sallyport_api_lists_total", "Complete lists that were asked for.",
                     {{"resource", resource(kind)}})),
      watches_(counter(registry, "sallyport_api_watches_total", "Watches that were asked for.",
                       {{"resource", resource(kind)}})),
      failures_(counter(registry, "sallyport_api_failures_total",
                        "Lists and watches that did not give what was asked for.", {{"resource", resource(kind)}})),
      last_contact_(gauge(registry, "sallyport_api_last_contact_timestamp_seconds",
                          "When the API server was last heard.", {{"resource", resource(kind)}})),
      objects_(gauge(registry, "sallyport_api_objects", "Objects in force.", {{"resource", resource(kind)}})) {}

TableMetrics::TableMetrics(prometheus::Registry& registry, const std::string& table)
    : written_(counter(registry, "sallyport_rows_written_total", "Rows of the data plane that were written.",
                       {{"table", table}})),
      erased_(counter(registry, "sallyport_rows_erased_total", "Rows of the data plane that were taken away.",
                      {{"table", table}})) {}

AgentMetrics::AgentMetrics(prometheus::Registry& registry, const std::string& version, const std::string& build_id)
    : frontends(registry, "frontends"),
      services(registry, "services"),
      backends(registry, "backends"),
      registry_(registry),
      programming_(histogram(registry, "sallyport_programming_duration_seconds",
                             "Time from the wake-up by a change to the last row that it led to.",
                             programming_bounds())),
      syncs_(counter(registry, "sallyport_syncs_total", "Syncs of the data plane.")),
      sync_failures_(counter(registry, "sallyport_sync_failures_total", "Syncs that left rows unwritten.")),
      rows_failing_(gauge(registry, "sallyport_rows_failing", "Rows that the last sync could not write.")),
      rejected_(counter(registry, "sallyport_inputs_rejected_total", "Objects that could not be taken.")),
      udp_ended_(counter(registry, "sallyport_udp_sockets_ended_total",
                         "Connected UDP sockets that were ended because their backend had gone.")),
      problems_(gauge(registry, "sallyport_input_problems", "Contradictions among the objects in force.")) {
  gauge(registry, "sallyport_build_info", "1, with what was built.",
        {{"version", version}, {"build", build_id}, {"abi", std::to_string(SP_ABI_VERSION)}})
      .Set(1);
}

void AgentMetrics::sync_ended(std::size_t rows_failed) {
  syncs_.Increment();
  if (rows_failed != 0) {
    sync_failures_.Increment();
  }
  rows_failing_.Set(static_cast<double>(rows_failed));
}

ReflectorMetrics& AgentMetrics::reflector(model::Kind kind) {
  auto found = reflectors_.find(kind);
  if (found == reflectors_.end()) {
    found = reflectors_.try_emplace(kind, registry_, kind).first;
  }
  return found->second;
}

void AgentMetrics::api_request_ended(std::string_view code, std::string_view method, std::string_view host) {
  RequestKey key{code, method, host};
  auto found = requests_.find(key);
  if (found == requests_.end()) {
    prometheus::Counter& requests = counter(
        registry_, "rest_client_requests_total", "Requests to the Kubernetes API, by status code, method and host.",
        {{"code", std::string(code)}, {"method", std::string(method)}, {"host", std::string(host)}});
    found = requests_.emplace(std::move(key), &requests).first;
  }
  found->second->Increment();
}

}  // namespace sp::metrics
