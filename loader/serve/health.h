// SPDX-License-Identifier: Apache-2.0
// Health: is this proxy keeping up, and should load balancers use this node? Pure; clocks are
// arguments.
//
// Promises: a family is unhealthy if, and only if, it has been applied once and a change has been waiting for twice the
// sync period since: a start that takes long is no illness, and restarting would not cure an API that is away. The age
// of the oldest waiting change counts, and only an apply clears it.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "loader/util/ip.h"

namespace sp::serve {

// One instant on both clocks: ages are told by the steady one, bodies show the wall's.
struct Moment {
  std::chrono::steady_clock::time_point steady;
  std::chrono::system_clock::time_point wall;

  [[nodiscard]] static Moment now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }
};

// What decides whether load balancers should use the node; from model::Node.
struct NodeState {
  bool deleting = false;
  bool autoscaled = false;
};

class Health {
 public:
  explicit Health(std::chrono::milliseconds sync_period) : timeout_(2 * sync_period) {}

  void queued(Family family, const Moment& now);
  // Everything that was queued so far is in force.
  void applied(Family family, const Moment& now);
  // Nothing: the Node object is not known, which makes the node ineligible.
  void set_node(const std::optional<NodeState>& node) { node_ = node; }

  // Over all families; what /livez and the servers of services ask.
  [[nodiscard]] bool healthy(const Moment& now) const;
  [[nodiscard]] bool node_eligible() const { return node_ && !node_->deleting && !node_->autoscaled; }

  struct Answer {
    int status = 200;
    std::string body;  // JSON
  };
  [[nodiscard]] Answer healthz(const Moment& now) const;
  // The same, whatever the node.
  [[nodiscard]] Answer livez(const Moment& now) const;

 private:
  struct FamilyState {
    std::optional<std::chrono::steady_clock::time_point> oldest_queued;
    std::optional<std::chrono::system_clock::time_point> last_applied;
  };
  [[nodiscard]] bool healthy(const FamilyState& family, const Moment& now) const;
  [[nodiscard]] std::string body(const Moment& now, bool answer_is_good, bool with_node) const;

  std::chrono::milliseconds timeout_;
  std::array<FamilyState, 2> families_;  // by Family
  std::optional<NodeState> node_;
};

// As Go writes a time.Time in UTC: RFC 3339, fractions without trailing zeros, at most nanoseconds.
[[nodiscard]] std::string rfc3339_text(std::chrono::system_clock::time_point time);

}  // namespace sp::serve
