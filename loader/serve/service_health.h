// SPDX-License-Identifier: Apache-2.0
// ServiceHealth: the listeners on spec.healthCheckNodePort, by which load balancers find the nodes with endpoints
//
//
// Promises: after reconcile() there is a listener for each wanted (service, address, port) and no other; one whose port
// stays is not touched, only its count; what could not be opened is tried again with the next reconcile() and every 5
// s. Not thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "loader/compile/health_checks.h"
#include "loader/serve/http_server.h"

namespace sp::serve {

class ServiceHealth {
 public:
  // As RetryingServer.
  static constexpr std::chrono::seconds kRetry{5};

  struct Hooks {
    std::function<bool()> proxy_healthy;  // empty = yes
    // For the log and the Warning event on the Service; called once for each cause, not with each attempt.
    std::function<void(const model::ObjectKey& service, const Error& error)> cannot_listen;
  };
  // `loop` must outlive the object.
  [[nodiscard]] static Result<std::unique_ptr<ServiceHealth>> create(EventLoop& loop, Hooks hooks,
                                                                     std::chrono::milliseconds retry = kRetry);
  ServiceHealth(const ServiceHealth&) = delete;
  ServiceHealth& operator=(const ServiceHealth&) = delete;
  ~ServiceHealth();

  // `addresses`: where nodePorts answer if the operator restricted that (empty: nowhere); nothing: everywhere.
  void reconcile(const compile::HealthCheckTable& wanted,
                 const std::optional<std::vector<Ip>>& addresses = std::nullopt);

  [[nodiscard]] std::size_t listening() const;
  // Wanted, and not open.
  [[nodiscard]] std::size_t failing() const { return wanted_.size() - listening(); }

 private:
  struct Place {
    model::ObjectKey service;
    Ip ip;
    std::uint16_t port = 0;
    auto operator<=>(const Place&) const = default;
  };
  struct Listener;

  ServiceHealth(EventLoop& loop, Hooks hooks, std::chrono::milliseconds retry);
  void open_missing();
  [[nodiscard]] Response answer(const Place& place) const;

  EventLoop& loop_;
  Hooks hooks_;
  std::chrono::milliseconds retry_;
  EventLoop::Timer timer_{};
  std::map<Place, std::unique_ptr<Listener>> wanted_;
};

}  // namespace sp::serve
