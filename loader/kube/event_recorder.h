// SPDX-License-Identifier: Apache-2.0
// EventRecorder: tells the cluster what it should know about this node, as Events (events.k8s.io/v1) that
// `kubectl describe` shows (service-semantics 5.5).
//
// Promises: post() never blocks and never fails; an Event that the server did not take is sent once more and then
// dropped; the same Event is posted at most once in kRepeatAfter. Called from the loop's thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "loader/kube/api.h"
#include "loader/model/object_id.h"
#include "loader/util/event_loop.h"
#include "loader/util/log.h"
#include "loader/util/notices.h"

namespace sp::kube {

struct Event {
  enum class Type : std::uint8_t { normal, warning };

  Type type = Type::normal;
  std::string reason;  // "Starting": one word in camel case
  std::string action;  // "StartKubeProxy"
  std::string note;    // for people, at most 1 kB
  // What it is about; a Service is in its own namespace, a Node in none.
  model::ObjectId regarding;
  std::string uid;  // of that object; empty for a Node: its name, which is what kubelet and kube-proxy write
};

class EventRecorder {
 public:
  static constexpr std::chrono::minutes kRepeatAfter{10};
  // More than that under way are not begun.
  static constexpr std::size_t kMaxPending = 32;

  // `loop` and `api` must outlive the recorder.
  [[nodiscard]] static Result<std::unique_ptr<EventRecorder>> create(
      EventLoop& loop, Api& api, std::string node_name,
      std::chrono::milliseconds second_try_after = std::chrono::seconds(10));
  EventRecorder(const EventRecorder&) = delete;
  EventRecorder& operator=(const EventRecorder&) = delete;
  ~EventRecorder();

  void post(Event event);
  // About this node: Normal Starting, action StartKubeProxy.
  void post_starting();
  // Warning FailedToStartServiceHealthcheck, action Listen, on the Service.
  void post_health_check_failure(const model::Meta& service, std::string note);

  [[nodiscard]] std::uint64_t posted() const { return posted_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  struct Pending {
    Api::Id exchange = 0;  // 0 = none, waits for its second try
    http::Request request;
    bool second_try = false;
    int status = 0;
    std::string answer;
  };

  EventRecorder(EventLoop& loop, Api& api, std::string node_name, std::chrono::milliseconds second_try_after);
  [[nodiscard]] std::string body_of(const Event& event, const std::string& ns) const;
  void send(std::uint64_t number);
  void take_end(std::uint64_t number, const ApiEnd& end);
  void retry();

  EventLoop& loop_;
  Api& api_;
  std::string node_name_;
  std::chrono::milliseconds second_try_after_;
  EventLoop::Timer retry_timer_{};
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t next_ = 0;
  log::Repeats repeats_{kRepeatAfter};
  Notices failures_{log::Level::warn, "events"};
  std::uint64_t posted_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace sp::kube
