// SPDX-License-Identifier: Apache-2.0
// Client over generations of connections: libcurl cannot be told to leave its connections alone, so renewing them means
// another set; the old one goes when its last exchange has ended.
#include "loader/http/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "loader/http/connections.h"
#include "loader/http/endpoint.h"
#include "loader/util/log.h"

namespace sp::http {
namespace {

class CurlClient : public Client {
 public:
  CurlClient(EventLoop& loop, Endpoint endpoint, Observer observer)
      : loop_(loop), endpoint_(std::make_shared<const Endpoint>(std::move(endpoint))), observer_(std::move(observer)) {}

  ~CurlClient() override {
    for (const auto& connections : generations_) {
      connections->close();
    }
  }

  // Adds the generation that new requests use; the last one is in use.
  [[nodiscard]] Result<void> open_generation() {
    SP_TRY_ASSIGN(connections, Connections::open(loop_, endpoint_, [this](const Connections& from) {
                    if (&from == generations_.back().get()) renew_connections();
                  }));
    generations_.push_back(std::move(connections));
    is_fresh_ = true;
    return {};
  }

  Id start(const Request& request, const Credentials& credentials, Handlers handlers) override {
    forget_idle_generations();
    const Id id{++last_id_};
    is_fresh_ = false;
    generations_.back()->add(id, request, credentials, std::move(handlers), observer_);
    return id;
  }

  void cancel(Id id) override {
    const auto drops = [id](const std::shared_ptr<Connections>& connections) { return connections->drop(id); };
    (void)std::any_of(generations_.begin(), generations_.end(), drops);
  }

  void renew_connections() override {
    if (is_fresh_) {
      return;
    }
    if (auto opened = open_generation(); !opened) {
      log::error("http", "{}: requests to {} stay on the connections that there are", opened.error().text(),
                 endpoint_->peer);
    }
    forget_idle_generations();
  }

 private:
  void forget_idle_generations() {
    const auto in_use = generations_.back();
    std::erase_if(generations_, [&in_use](const auto& one) { return one != in_use && one->idle(); });
  }

  EventLoop& loop_;
  std::shared_ptr<const Endpoint> endpoint_;
  Observer observer_;
  std::vector<std::shared_ptr<Connections>> generations_;
  std::uint64_t last_id_ = 0;
  bool is_fresh_ = true;  // the last generation has not been used
};

}  // namespace

Result<std::unique_ptr<Client>> Client::create(EventLoop& loop, Server server, Observer observer) {
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialized != CURLE_OK) {
    return Error{0, std::string("libcurl cannot be initialized: ") + curl_easy_strerror(initialized)};
  }
  SP_TRY_ASSIGN(endpoint, Endpoint::parse(std::move(server)));
  auto client = std::make_unique<CurlClient>(loop, std::move(endpoint), std::move(observer));
  SP_TRY(client->open_generation());
  return std::unique_ptr<Client>(std::move(client));
}

}  // namespace sp::http
