// SPDX-License-Identifier: Apache-2.0
// Source: what every origin of objects promises to the agent: a Cluster that is whole at any time, what has changed in
// it, and a line for every input that could not be taken.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "loader/model/cluster.h"
#include "loader/model/object_id.h"

namespace sp::source {

// A rejected input. `text` is one finished line: origin, object and field as far as known, and what was expected:
// "web.yaml: document 2: Service default/web: spec.ports[0].nodePort: 70000 is not a port (1 to 65535)".
struct Complaint {
  std::string text;
  auto operator<=>(const Complaint&) const = default;
};

// What happened since the last refresh().
struct Update {
  std::vector<model::ObjectId> changed;  // appeared, differ or have gone; sorted, each once
  bool completed = false;                // cluster().complete became true
  std::vector<Complaint> complaints;     // new ones only: an input that stays bad is told once for each content
  // When the cluster's controllers saw what led to the changed EndpointSlices (their annotation
  // endpoints.kubernetes.io/last-change-trigger-time, R-106).
  std::vector<std::chrono::system_clock::time_point> triggers;

  [[nodiscard]] bool any() const { return completed || !changed.empty(); }
};

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // Becomes readable when refresh() has something to do. Constant over the object's life.
  [[nodiscard]] virtual int fd() const = 0;
  // Does what is due and never waits.
  [[nodiscard]] virtual Update refresh() = 0;
  // Everything in force: whole objects only.
  [[nodiscard]] virtual const model::Cluster& cluster() const = 0;

 protected:
  Source(Source&&) = default;
  Source& operator=(Source&&) = default;
};

}  // namespace sp::source
