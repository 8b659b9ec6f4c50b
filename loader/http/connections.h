// SPDX-License-Identifier: Apache-2.0
// Connections: libcurl's connections to one server and the exchanges on them, driven by an event loop.
//
// Promises: handlers run from the loop only and may add, drop and close; after close() nothing is called any more.
// Owned by a shared_ptr, because a handler may let go of the owner while libcurl is at work.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "loader/http/certificate.h"
#include "loader/http/client.h"
#include "loader/http/endpoint.h"
#include "loader/http/exchange.h"
#include "loader/util/event_loop.h"
#include "loader/util/result.h"

namespace sp::http {

class Connections : public std::enable_shared_from_this<Connections> {
 public:
  // Called from the loop when an exchange has been silent for too long, before it is told so.
  using Suspect = std::function<void(const Connections& from)>;

  [[nodiscard]] static Result<std::shared_ptr<Connections>> open(EventLoop& loop,
                                                                 std::shared_ptr<const Endpoint> endpoint,
                                                                 Suspect suspect);
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections();

  // What cannot be sent ends from the loop.
  void add(Client::Id id, const Request& request, const Credentials& credentials, Handlers handlers, Observer observer);
  // True when `id` was there.
  bool drop(Client::Id id);
  void close();
  [[nodiscard]] bool idle() const { return exchanges_.empty(); }

 private:
  struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  // A request that could not be sent.
  struct Broken {
    Client::Id id;
    std::string text;
  };

  Connections(EventLoop& loop, std::shared_ptr<const Endpoint> endpoint, Suspect suspect);
  [[nodiscard]] Result<void> start();
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* data);
  static int on_timer(CURLM* multi, long delay_ms, void* self);

  void advance(curl_socket_t fd, int events);
  void settle();
  void finish_done();
  void finish_broken();
  void finish_silent();
  void attach(Exchange& exchange);
  void arm_silence();
  std::unique_ptr<Exchange> take(Client::Id id);
  void release();

  EventLoop& loop_;
  std::shared_ptr<const Endpoint> endpoint_;
  Suspect suspect_;
  Rejections rejections_;
  EventLoop::Timer curl_timer_{};
  EventLoop::Timer silence_timer_{};
  bool has_timers_ = false;
  EventLoop::Clock::time_point silence_check_ = EventLoop::Clock::time_point::max();  // max: none is due
  std::set<curl_socket_t> watched_;
  std::map<Client::Id, std::unique_ptr<Exchange>> exchanges_;
  // libcurl must not be called from its own callbacks: what handlers ask for meanwhile waits here.
  bool inside_ = false;
  bool closed_ = false;
  std::vector<Client::Id> added_;
  std::vector<Client::Id> dropped_;
  std::vector<Broken> broken_;
  // Last: it is destroyed first, and reports to the others as it goes.
  std::unique_ptr<CURLM, MultiDeleter> multi_;
};

}  // namespace sp::http
