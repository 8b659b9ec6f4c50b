// SPDX-License-Identifier: Apache-2.0
// AgentMetrics: how the agent itself fares: syncs, rows, the API server.
//
// Promises: label values are few: kinds of objects, tables, hosts and codes; never names of objects.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "loader/metrics/instruments.h"
#include "loader/model/object_id.h"

namespace sp::metrics {

// The watch of one kind of objects.
class ReflectorMetrics {
 public:
  ReflectorMetrics(prometheus::Registry& registry, model::Kind kind);

  void events_received(std::size_t events) { events_.Increment(static_cast<double>(events)); }
  void lists_begun(std::size_t lists) { lists_.Increment(static_cast<double>(lists)); }
  void watches_begun(std::size_t watches) { watches_.Increment(static_cast<double>(watches)); }
  void failed(std::size_t times) { failures_.Increment(static_cast<double>(times)); }
  // The server said something, if only a bookmark.
  void heard_at(std::chrono::system_clock::time_point time) { last_contact_.Set(to_seconds(time)); }
  void set_objects(std::size_t objects) { objects_.Set(static_cast<double>(objects)); }

 private:
  prometheus::Counter& events_;
  prometheus::Counter& lists_;
  prometheus::Counter& watches_;
  prometheus::Counter& failures_;
  prometheus::Gauge& last_contact_;
  prometheus::Gauge& objects_;
};

// Rows of one table of the data plane.
class TableMetrics {
 public:
  TableMetrics(prometheus::Registry& registry, const std::string& table);

  void written(std::size_t rows) { written_.Increment(static_cast<double>(rows)); }
  void erased(std::size_t rows) { erased_.Increment(static_cast<double>(rows)); }

 private:
  prometheus::Counter& written_;
  prometheus::Counter& erased_;
};

class AgentMetrics {
 public:
  AgentMetrics(prometheus::Registry& registry, const std::string& version, const std::string& build_id);

  // From the wake-up by a change to the last row that it led to.
  void programmed(std::chrono::nanoseconds took) { programming_.Observe(to_seconds(took)); }
  // A sync that left `rows` unwritten; 0 = it did everything.
  void sync_ended(std::size_t rows_failed);
  // Objects that were rejected, and contradictions between objects.
  void input_rejected(std::size_t complaints) { rejected_.Increment(static_cast<double>(complaints)); }
  // Connected ones whose backend has gone.
  void udp_sockets_ended(std::size_t sockets) { udp_ended_.Increment(static_cast<double>(sockets)); }
  void set_problems(std::size_t problems) { problems_.Set(static_cast<double>(problems)); }

  [[nodiscard]] ReflectorMetrics& reflector(model::Kind kind);
  TableMetrics frontends;
  TableMetrics services;
  TableMetrics backends;

  // rest_client_requests_total, as every Kubernetes client has it: `code` is "<error>" if no answer came.
  void api_request_ended(std::string_view code, std::string_view method, std::string_view host);

 private:
  using RequestKey = std::tuple<std::string, std::string, std::string>;

  prometheus::Registry& registry_;
  prometheus::Histogram& programming_;
  prometheus::Counter& syncs_;
  prometheus::Counter& sync_failures_;
  prometheus::Gauge& rows_failing_;
  prometheus::Counter& rejected_;
  prometheus::Counter& udp_ended_;
  prometheus::Gauge& problems_;
  std::map<model::Kind, ReflectorMetrics> reflectors_;
  std::map<RequestKey, prometheus::Counter*> requests_;
};

}  // namespace sp::metrics
