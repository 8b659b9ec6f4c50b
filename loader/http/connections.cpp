// SPDX-License-Identifier: Apache-2.0
#include "loader/http/connections.h"

#include <cerrno>
#include <utility>

namespace sp::http {

Connections::Connections(EventLoop& loop, std::shared_ptr<const Endpoint> endpoint, Suspect suspect)
    : loop_(loop), endpoint_(std::move(endpoint)), suspect_(std::move(suspect)), multi_(curl_multi_init()) {}

Connections::~Connections() {
  release();
}

Result<std::shared_ptr<Connections>> Connections::open(EventLoop& loop, std::shared_ptr<const Endpoint> endpoint,
                                                       Suspect suspect) {
  std::shared_ptr<Connections> connections(new Connections(loop, std::move(endpoint), std::move(suspect)));
  SP_TRY(connections->start());
  return connections;
}

Result<void> Connections::start() {
  if (!multi_) {
    return errno_error(ENOMEM, "connections to " + endpoint_->peer);
  }
  SP_TRY_ASSIGN(curl_timer, loop_.add_timer([this] { advance(CURL_SOCKET_TIMEOUT, 0); }));
  auto silence_timer = loop_.add_timer([this] { finish_silent(); });
  if (!silence_timer) {
    loop_.remove(curl_timer);
    return std::move(silence_timer).error();
  }
  curl_timer_ = curl_timer;
  silence_timer_ = *silence_timer;
  has_timers_ = true;
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, &Connections::on_socket);
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, &Connections::on_timer);
  curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  return {};
}

int Connections::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  auto& connections = *static_cast<Connections*>(self);
  if (what == CURL_POLL_REMOVE) {
    connections.watched_.erase(fd);
    connections.loop_.forget(fd);
    return 0;
  }
  const auto interest = what == CURL_POLL_IN    ? EventLoop::Interest::read
                        : what == CURL_POLL_OUT ? EventLoop::Interest::write
                                                : EventLoop::Interest::read_write;
  // Without events, libcurl finds out by itself which ones there are; to read is the only common case.
  const int events = what == CURL_POLL_IN ? CURL_CSELECT_IN : 0;
  const auto ready = [&connections, fd, events] { connections.advance(fd, events); };
  if (!connections.loop_.watch(fd, ready, interest)) {
    return -1;  // ends all exchanges, with an error
  }
  connections.watched_.insert(fd);
  return 0;
}

int Connections::on_timer(CURLM*, long delay_ms, void* self) {
  auto& connections = *static_cast<Connections*>(self);
  if (!connections.has_timers_) {
    return 0;
  }
  if (!connections.broken_.empty()) {
    delay_ms = 0;
  }
  if (delay_ms < 0) {
    connections.loop_.cancel(connections.curl_timer_);
  } else {
    connections.loop_.start_once(connections.curl_timer_, std::chrono::milliseconds(delay_ms));
  }
  return 0;
}

void Connections::add(Client::Id id, const Request& request, const Credentials& credentials, Handlers handlers,
                      Observer observer) {
  auto made = std::make_unique<Exchange>(id, *endpoint_, rejections_, std::move(handlers), std::move(observer));
  Exchange& exchange = *made;
  exchanges_.emplace(id, std::move(made));
  if (auto prepared = exchange.prepare(request, credentials); !prepared) {
    broken_.push_back({id, prepared.error().text()});
    loop_.start_once(curl_timer_, std::chrono::nanoseconds::zero());
  } else if (inside_) {
    added_.push_back(id);
  } else {
    attach(exchange);
  }
}

void Connections::attach(Exchange& exchange) {
  if (const CURLMcode code = curl_multi_add_handle(multi_.get(), exchange.easy()); code != CURLM_OK) {
    broken_.push_back({exchange.id(), std::string("request cannot be sent: ") + curl_multi_strerror(code)});
    loop_.start_once(curl_timer_, std::chrono::nanoseconds::zero());
  }
  arm_silence();
}

bool Connections::drop(Client::Id id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) {
    return false;
  }
  found->second->mute();
  if (inside_) {
    dropped_.push_back(id);
  } else {
    take(id);
  }
  return true;
}

void Connections::close() {
  closed_ = true;
  for (const auto& [id, exchange] : exchanges_) {
    exchange->mute();
  }
  if (!inside_) {
    release();
  }
}

void Connections::advance(curl_socket_t fd, int events) {
  const auto keep = shared_from_this();
  int running = 0;
  inside_ = true;
  curl_multi_socket_action(multi_.get(), fd, events, &running);
  inside_ = false;
  settle();
}

void Connections::settle() {
  if (closed_) {
    return release();
  }
  for (const Client::Id id : std::exchange(dropped_, {})) {
    take(id);
  }
  for (const Client::Id id : std::exchange(added_, {})) {
    if (const auto found = exchanges_.find(id); found != exchanges_.end()) {
      attach(*found->second);
    }
  }
  finish_done();
  finish_broken();
}

void Connections::finish_done() {
  int left = 0;
  while (!closed_) {
    const CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
    if (message == nullptr) {
      return;
    }
    if (message->msg != CURLMSG_DONE) {
      continue;
    }
    // Taking the exchange away frees the message.
    const CURLcode code = message->data.result;
    Exchange* done = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &done);
    const std::unique_ptr<Exchange> exchange = take(done->id());
    exchange->finish(code);
  }
}

void Connections::finish_broken() {
  while (!closed_ && !broken_.empty()) {
    const Broken broken = std::move(broken_.back());
    broken_.pop_back();
    if (const std::unique_ptr<Exchange> exchange = take(broken.id)) {
      exchange->fail({Failure::protocol, broken.text});
    }
  }
}

void Connections::finish_silent() {
  const auto keep = shared_from_this();
  const auto now = EventLoop::Clock::now();
  silence_check_ = EventLoop::Clock::time_point::max();
  std::vector<Client::Id> silent;
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange->deadline() <= now) {
      silent.push_back(id);
    }
  }
  for (const Client::Id id : silent) {
    if (closed_) {
      return;
    }
    // Another one's handler may have dropped it.
    if (const std::unique_ptr<Exchange> exchange = take(id)) {
      suspect_(*this);
      exchange->finish_silent();
    }
  }
  arm_silence();
}

// Bytes only move deadlines back, so the timer is not touched for each of them: it looks again when it expires.
void Connections::arm_silence() {
  if (closed_) {
    return;
  }
  auto first = EventLoop::Clock::time_point::max();
  for (const auto& [id, exchange] : exchanges_) {
    first = std::min(first, exchange->deadline());
  }
  if (first < silence_check_) {
    silence_check_ = first;
    loop_.start_once(silence_timer_, std::max(first - EventLoop::Clock::now(), EventLoop::Clock::duration::zero()));
  }
}

std::unique_ptr<Exchange> Connections::take(Client::Id id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) {
    return nullptr;
  }
  auto exchange = std::move(found->second);
  exchanges_.erase(found);
  if (exchange->easy() != nullptr) {
    curl_multi_remove_handle(multi_.get(), exchange->easy());
  }
  return exchange;
}

void Connections::release() {
  if (!std::exchange(has_timers_, false)) {
    return;
  }
  closed_ = true;
  loop_.remove(curl_timer_);
  loop_.remove(silence_timer_);
  while (!exchanges_.empty()) {
    take(exchanges_.begin()->first);
  }
  for (const curl_socket_t fd : std::exchange(watched_, {})) {
    loop_.forget(fd);
  }
  curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, nullptr);
  multi_.reset();
}

}  // namespace sp::http
