// SPDX-License-Identifier: Apache-2.0
// Probe: asks whether the server is there and how far its history is, by a list of one object.
//
// Not GET /version, because that does not see a server that was restored from a backup: its versions begin again below
// ours, and it keeps a watch from "the future" open without a word.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "loader/kube/list_splitter.h"
#include "loader/kube/reflector_context.h"
#include "loader/kube/resources.h"

namespace sp::kube {

class Probe {
 public:
  // `version` is the server's latest one; empty when it did not say. Called from the loop, as the last thing.
  using Done = std::function<void(const ApiEnd& end, const std::string& version)>;

  Probe(ReflectorContext& context, const Resource& resource, Done done)
      : context_(context), resource_(resource), done_(std::move(done)) {}
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() { cancel(); }

  void begin();
  void cancel();
  [[nodiscard]] bool is_running() const { return exchange_.has_value(); }

 private:
  void take_end(const ApiEnd& end);
  [[nodiscard]] std::string version();

  ReflectorContext& context_;
  const Resource& resource_;
  Done done_;
  std::optional<Api::Id> exchange_;
  ListSplitter splitter_{kMaxObjectBytes};
  bool readable_ = true;
};

}  // namespace sp::kube
