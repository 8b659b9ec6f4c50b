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
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "loader/kube/api.h"
#include "loader/model/object_id.h"
#include "loader/util/event_loop.h"
#include "loader/util/log.h"

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

  // `loop` and `api` must outlive the recorder.
  [[nodiscard]] static Result<std::unique_ptr<EventRecorder>> create(EventLoop& loop, Api& api, std::string node_name);
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
    http::Request request;
    std::string text;  // for messages
    bool second_try = false;
    bool waiting = false;  // for the retry
    int status = 0;
    std::string answer;
  };

  EventRecorder(EventLoop& loop, Api& api, std::string node_name);
  void send(std::uint64_t number);
  void end_of(std::uint64_t number, const http::End& end);
  void retry();
  [[nodiscard]] std::string body_of(const Event& event, const std::string& ns, const std::string& name) const;

  EventLoop& loop_;
  Api& api_;
  std::string node_name_;
  EventLoop::Timer retry_timer_{};
  std::map<std::uint64_t, Pending> pending_;
  std::uint64_t next_ = 0;
  log::Repeats repeats_;
  bool failing_ = false;
  std::uint64_t posted_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace sp::kube
