// SPDX-License-Identifier: Apache-2.0
#include "loader/serve/service_health.h"

#include <cstdint>
#include <string>
#include <utility>

#include "loader/util/json.h"
#include "loader/util/log.h"

namespace sp::serve {

struct ServiceHealth::Listener {
  std::uint32_t local_endpoints = 0;
  std::string last_error;              // empty = none
  std::unique_ptr<HttpServer> server;  // null = could not listen
};

ServiceHealth::ServiceHealth(EventLoop& loop, Hooks hooks, std::chrono::milliseconds retry)
    : loop_(loop), hooks_(std::move(hooks)), retry_(retry) {}

ServiceHealth::~ServiceHealth() {
  loop_.remove(timer_);
}

Result<std::unique_ptr<ServiceHealth>> ServiceHealth::create(EventLoop& loop, Hooks hooks,
                                                             std::chrono::milliseconds retry) {
  // The callback refers to the object, and the object cannot be without its timer.
  auto self = std::make_shared<ServiceHealth*>(nullptr);
  SP_TRY_ASSIGN(timer, loop.add_timer([self] { (*self)->open_missing(); }));
  std::unique_ptr<ServiceHealth> servers(new ServiceHealth(loop, std::move(hooks), retry));
  servers->timer_ = timer;
  *self = servers.get();
  return servers;
}

void ServiceHealth::reconcile(const compile::HealthCheckTable& wanted,
                              const std::optional<std::vector<Ip>>& addresses) {
  std::map<Place, std::uint32_t> places;
  const std::vector<Ip> everywhere{Ip::v4(0), Ip{}};
  for (const auto& [service, check] : wanted) {
    for (const Ip& ip : addresses ? *addresses : everywhere) {
      if (const auto& count = check.local_endpoints[static_cast<std::size_t>(ip.family())]) {
        places[{service, ip, check.port}] = *count;
      }
    }
  }
  // What goes, goes first: a port may move from one Service to another.
  std::erase_if(wanted_, [&](const auto& entry) { return !places.contains(entry.first); });
  for (const auto& [place, count] : places) {
    auto& listener = wanted_[place];
    if (!listener) {
      listener = std::make_unique<Listener>();
    }
    listener->local_endpoints = count;
  }
  open_missing();
}

void ServiceHealth::open_missing() {
  bool failing = false;
  for (auto& [place, listener] : wanted_) {
    if (listener->server) {
      continue;
    }
    const BindAddress address{place.ip, place.port, BindAddress::Reach::one_family};
    auto server = HttpServer::listen(loop_, address, [this, key = place](std::string_view) { return answer(key); });
    if (server) {
      listener->server = std::move(server).value();
      listener->last_error.clear();
      log::debug("health", "listens for Service {} address={}", place.service.text(), address.text());
      continue;
    }
    failing = true;
    std::string error = server.error().text();
    if (error != listener->last_error) {
      listener->last_error = std::move(error);
      if (hooks_.cannot_listen) {
        hooks_.cannot_listen(place.service, server.error());
      }
    }
  }
  if (failing) {
    loop_.start_once(timer_, retry_);
  } else {
    loop_.cancel(timer_);
  }
}

std::size_t ServiceHealth::listening() const {
  std::size_t open = 0;
  for (const auto& [place, listener] : wanted_) {
    open += listener->server ? 1 : 0;
  }
  return open;
}

Response ServiceHealth::answer(const Place& place) const {
  const std::uint32_t count = wanted_.at(place)->local_endpoints;
  const bool healthy = !hooks_.proxy_healthy || hooks_.proxy_healthy();
  JsonWriter json;
  json.begin_object();
  json.key("service");
  json.begin_object();
  json.key("namespace");
  json.string(place.service.ns);
  json.key("name");
  json.string(place.service.name);
  json.end_object();
  json.key("localEndpoints");
  json.number(count);
  json.key("serviceProxyHealthy");
  json.boolean(healthy);
  json.end_object();
  return {
      .status = count > 0 && healthy ? 200 : 503,
      .content_type = "application/json",
      .body = json.text(),
      .headers = {{"X-Content-Type-Options", "nosniff"}, {"X-Load-Balancing-Endpoint-Weight", std::to_string(count)}}};
}

}  // namespace sp::serve
