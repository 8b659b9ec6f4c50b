// SPDX-License-Identifier: Apache-2.0
// Service: the API behind the HTTP: authentication, authorisation, and the verbs on resources.
//
// The behaviour is that of the Kubernetes documentation ("API concepts") and of the real server where the documentation
// leaves it open; differences are said where they are made.
#pragma once

#include <mutex>

#include "tests/harness/fake_api/fault.h"
#include "tests/harness/fake_api/gatekeeper.h"
#include "tests/harness/fake_api/gzip.h"
#include "tests/harness/fake_api/http.h"
#include "tests/harness/fake_api/journal.h"
#include "tests/harness/fake_api/options.h"
#include "tests/harness/fake_api/settings.h"
#include "tests/harness/fake_api/store.h"
#include "tests/harness/fake_api/watch_orders.h"

namespace sp::fake_api {

class Service {
 public:
  // Answers one request. From any number of threads.
  void serve(const HttpRequest& request, Reply& reply);

  [[nodiscard]] Store& store() { return store_; }
  [[nodiscard]] Journal& journal() { return journal_; }
  [[nodiscard]] FaultPlan& faults() { return faults_; }
  [[nodiscard]] Gatekeeper& gatekeeper() { return gatekeeper_; }
  [[nodiscard]] WatchOrders& orders() { return orders_; }
  [[nodiscard]] Settings settings() const;
  void set_settings(const Settings& settings);

 private:
  struct Call;  // one request, understood
  void serve_resource(Call& call);
  void serve_verb(Call& call);
  void serve_list(Call& call, const ListOptions& options);
  void serve_watch(Call& call, const ListOptions& options);
  void serve_get(Call& call);
  void serve_write(Call& call);
  bool serve_without_identity(Call& call);

  void answer(Call& call, int code, const std::string& body, Headers more = {});
  void refuse(Call& call, const Status& status);

  Store store_;
  Journal journal_;
  FaultPlan faults_;
  Gatekeeper gatekeeper_;
  WatchOrders orders_;
  PackedBodies packed_;
  mutable std::mutex settings_lock_;
  Settings settings_;
};

}  // namespace sp::fake_api
