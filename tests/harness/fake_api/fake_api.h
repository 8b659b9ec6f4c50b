// SPDX-License-Identifier: Apache-2.0
// FakeApi: a Kubernetes API server in this process, for tests: strict about what clients send, and able to misbehave.
//
// Promises: lists, watches, versions and errors are as the Kubernetes API's documentation has them, not as our client
// happens to need them. What a real server would refuse is refused, and stands in violations() besides, with what a
// real server silently ignores: tests end with EXPECT_THAT(api->violations(), IsEmpty()).
// It listens in the network namespace of the thread that calls start() or restart(). Any thread may call anything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/harness/fake_api/http_server.h"
#include "tests/harness/fake_api/objects.h"
#include "tests/harness/fake_api/service.h"

namespace sp::fake_api {

class FakeApi : public Objects {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;        // 0 = any that is free
    std::optional<ServerTls> tls;  // nothing = http://
  };
  [[nodiscard]] static Result<std::unique_ptr<FakeApi>> start(const Options& options);
  ~FakeApi() override;
  FakeApi(const FakeApi&) = delete;
  FakeApi& operator=(const FakeApi&) = delete;

  // "https://127.0.0.1:40123"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

  // Objects. Aborts for a kind that it does not serve: a mistake of the test.
  Version put(const Json& object);
  Version put(const std::string& json);
  bool remove(const std::string& plural, const std::string& ns, const std::string& name);
  void put_object(const Json& object) override { put(object); }
  void remove_object(const std::string& plural, const std::string& ns, const std::string& name) override {
    remove(plural, ns, name);
  }
  // Everything there is, each with apiVersion and kind, as a file of manifests could hold it.
  [[nodiscard]] std::vector<Json> objects() const;
  [[nodiscard]] std::vector<Json> objects(const std::string& plural) const;
  [[nodiscard]] Version version() const { return service_.store().version(); }

  // Who may come in, and what for.
  [[nodiscard]] Gatekeeper& gatekeeper() { return service_.gatekeeper(); }
  // Certificates from now on, for new connections.
  [[nodiscard]] Result<void> use_tls(const std::optional<ServerTls>& tls) { return server_.use_tls(tls); }

  // How it behaves, and misbehaves.
  [[nodiscard]] Settings settings() const { return service_.settings(); }
  void set_settings(const Settings& settings) { service_.set_settings(settings); }
  void inject(const Fault& fault) { service_.faults().inject(fault); }
  void set_wire(const Wire& wire) { service_.faults().set_wire(wire); }
  void set_chaos(const std::optional<Chaos>& chaos) { service_.faults().set_chaos(chaos); }
  [[nodiscard]] std::uint64_t faults_met() const { return service_.faults().injected(); }
  // Acts on every watch that is under way.
  void order(const WatchOrder& order);
  // Nothing goes wrong any more: no faults, no chaos, no wire, not frozen.
  void behave();

  // Only the present state is known from now on: older versions are "Expired".
  void compact() { service_.store().compact(); }
  // Accepts connections and says nothing at all, as a machine that hangs.
  void freeze(bool on) { server_.freeze(on); }
  void drop_connections(bool reset = false) { server_.drop_connections(reset); }
  // Connections end and are refused until restart(), on the same port and with the same state.
  void stop(bool reset = false) { server_.stop(reset); }
  [[nodiscard]] Result<void> restart() { return server_.start(); }
  // Another cluster's state: nothing in it, versions from `first` on, maybe lower than before.
  void reset_history(Version first) { service_.store().reset(first); }

  [[nodiscard]] Journal& journal() { return service_.journal(); }
  [[nodiscard]] std::vector<std::string> violations() const { return service_.journal().violations(); }
  [[nodiscard]] std::size_t connection_count() const { return server_.connection_count(); }

 private:
  explicit FakeApi(const Options& options);

  const Options options_;
  mutable Service service_;
  HttpServer server_;
};

}  // namespace sp::fake_api
