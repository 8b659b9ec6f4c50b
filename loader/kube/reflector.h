// SPDX-License-Identifier: Apache-2.0
// Reflector: keeps an ObjectSink equal to one resource of the API: list, watch, go on where the watch ended, list again
// where that is not possible.
//
// Promises: while nothing can be heard nothing changes; a list after the first one is a difference; failures are waited
// out with a growing random delay, or for as long as the server asks; problem() says what is wrong in one line that
// stays the same for as long as it has one cause. Ends only with its destructor.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "loader/kube/list_exchange.h"
#include "loader/kube/reflector_context.h"
#include "loader/kube/resources.h"
#include "loader/kube/watch_exchange.h"

namespace sp::kube {

class Reflector {
 public:
  // `context` and `sink` must outlive the reflector. It lists as soon as the loop turns.
  [[nodiscard]] static Result<std::unique_ptr<Reflector>> create(ReflectorContext& context, Resource resource,
                                                                 ObjectSink& sink);
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;
  ~Reflector();

  // One list was complete.
  [[nodiscard]] bool listed() const { return stats_.listed; }
  // As listed(), or the server has said that there is nothing for us to see (403, 404).
  [[nodiscard]] bool answered() const { return stats_.listed || denied_; }
  // What is wrong now; empty when nothing is.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // Something that is as it is, such as a resource that an old server does not have.
  [[nodiscard]] const std::string& remark() const { return remark_; }
  [[nodiscard]] ResourceStats stats() const;

 private:
  enum class Next { list_any, list_latest, watch };

  Reflector(ReflectorContext& context, Resource resource, ObjectSink& sink);
  [[nodiscard]] Result<void> open();
  void go_on();
  void take_list_end(const Outcome& outcome);
  void take_watch_end(const Outcome& outcome);
  void take_alive();
  [[nodiscard]] Next after_watch(const Outcome& outcome);
  void fail(const Outcome& outcome);
  [[nodiscard]] Backoff::Delay delay_after(const Outcome& outcome);
  void give_up_list();

  ReflectorContext& context_;
  Resource resource_;
  ObjectSink& sink_;
  ResourceStats stats_;
  Backoff backoff_;
  ListExchange list_;
  std::unique_ptr<WatchExchange> watch_;
  EventLoop::Timer retry_timer_{};
  EventLoop::Timer list_limit_timer_{};
  EventLoop::Timer recovered_timer_{};
  Next next_ = Next::list_any;
  bool denied_ = false;
  bool refused_ = false;             // the last answer was a 401
  bool problem_is_of_list_ = false;  // so a list is what ends it
  std::string problem_;
  std::string remark_;
  std::string bad_version_;  // after which a watch said what cannot be read
};

}  // namespace sp::kube
