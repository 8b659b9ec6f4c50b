// SPDX-License-Identifier: Apache-2.0
// WatchExchange: one watch of a resource, from a resourceVersion on, into an ObjectSink.
//
// Promises: never goes back in time: an event older than the last one is not applied; a silent connection is told from
// an idle one; memory is that of one event. It ends by itself, or with a failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "loader/kube/line_assembler.h"
#include "loader/kube/object_sink.h"
#include "loader/kube/outcome.h"
#include "loader/kube/probe.h"
#include "loader/kube/reflector_context.h"

namespace sp::kube {

class WatchExchange {
 public:
  using Clock = std::chrono::steady_clock;
  // Called from the loop, as the last thing: it may begin() again.
  using Done = std::function<void(const Outcome&)>;
  // The server has accepted the watch, or has sent another event.
  using Alive = std::function<void()>;

  [[nodiscard]] static Result<std::unique_ptr<WatchExchange>> create(ReflectorContext& context,
                                                                     const Resource& resource, ObjectSink& sink,
                                                                     ResourceStats& stats, Done done, Alive alive);
  WatchExchange(const WatchExchange&) = delete;
  WatchExchange& operator=(const WatchExchange&) = delete;
  ~WatchExchange();

  void begin(std::string resource_version);
  // Where the next watch goes on: everything up to here has been applied.
  [[nodiscard]] const std::string& resource_version() const { return resource_version_; }
  // The server's history and ours do not fit together any more: a list is needed.
  [[nodiscard]] bool needs_list() const { return needs_list_; }
  [[nodiscard]] std::chrono::nanoseconds age() const { return Clock::now() - started_; }

 private:
  WatchExchange(ReflectorContext& context, const Resource& resource, ObjectSink& sink, ResourceStats& stats, Done done,
                Alive alive);
  void take_head(const http::Head& head);
  void take_bytes(std::string_view bytes);
  void take_end(const ApiEnd& end);
  [[nodiscard]] Result<void> take_event(std::string& line);
  [[nodiscard]] Result<void> take_object(std::string_view type, simdjson::dom::element object);
  [[nodiscard]] Result<void> take_bookmark(simdjson::dom::element object);
  void check();
  void begin_probe();
  void take_probe(const ApiEnd& end, const std::string& version);
  void arm_check();
  // Ends the watch from our side.
  void cut(const Outcome& outcome);
  void stop();

  ReflectorContext& context_;
  const Resource& resource_;
  ObjectSink& sink_;
  ResourceStats& stats_;
  Done done_;
  Alive alive_;
  EventLoop::Timer check_timer_{};
  std::optional<Api::Id> exchange_;
  Probe probe_;
  std::string resource_version_;
  bool needs_list_ = false;
  bool late_bookmark_ = false;
  std::optional<Outcome> error_event_;
  http::Head head_;
  std::string error_body_;
  LineAssembler lines_{kMaxObjectBytes};
  Clock::time_point started_;
  Clock::time_point deadline_;
  Clock::time_point quiet_since_;
  unsigned silences_ = 0;  // that a probe has excused
};

}  // namespace sp::kube
