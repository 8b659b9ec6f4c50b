// SPDX-License-Identifier: Apache-2.0
// Exchange: one request and its answer, on one handle of libcurl.
//
// Promises: `end` is called once and last, and nothing after mute(). It belongs to a Connections, which drives it.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "loader/http/certificate.h"
#include "loader/http/client.h"
#include "loader/http/endpoint.h"
#include "loader/http/gunzip.h"
#include "loader/http/head_reader.h"
#include "loader/util/event_loop.h"
#include "loader/util/result.h"

namespace sp::http {

class Exchange {
 public:
  using Clock = EventLoop::Clock;

  // `endpoint` and `rejections` outlive it.
  Exchange(Client::Id id, const Endpoint& endpoint, Rejections& rejections, Handlers handlers, Observer observer);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Once, before it is driven.
  [[nodiscard]] Result<void> prepare(const Request& request, const Credentials& credentials);

  [[nodiscard]] Client::Id id() const { return id_; }
  [[nodiscard]] CURL* easy() const { return easy_.get(); }
  // When it counts as silent, unless a byte comes.
  [[nodiscard]] Clock::time_point deadline() const { return last_byte_ + max_silence_; }
  void mute() { muted_ = true; }

  // How it ended.
  void finish(CURLcode code);
  void finish_silent();
  void fail(End end);

 private:
  struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct ListDeleter {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, ListDeleter>;

  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self);
  static CURLcode on_tls(CURL* easy, void* ssl_ctx, void* rejections);

  // Hands the body on as handlers want it. False: the exchange is over.
  [[nodiscard]] bool take_body(std::string_view bytes);
  [[nodiscard]] bool hand_on(std::string_view bytes);
  void set_request(const Request& request);
  void set_peer();
  void set_credentials(const Credentials& credentials);
  [[nodiscard]] Result<void> set_headers(const Request& request, const Credentials& credentials);
  // PRETRANSFER: the connection, TLS included, was ready for the request.
  [[nodiscard]] bool reached(CURLINFO moment) const;
  void report(int status);
  template <typename T>
  void set(CURLoption option, T value);

  Client::Id id_;
  const Endpoint& endpoint_;
  Rejections& rejections_;
  Handlers handlers_;
  Observer observer_;
  std::string method_;
  std::string body_;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  List headers_;
  List connect_to_;
  HeadReader head_;
  std::unique_ptr<Gunzip> gunzip_;  // of an answer that is compressed
  std::optional<Error> undecodable_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point last_byte_ = begun_;
  std::chrono::milliseconds max_silence_{};
  CURLcode setting_ = CURLE_OK;  // the first option that failed
  bool shows_certificate_ = false;
  bool muted_ = false;
  // Last: freed first, while all that it points to is still there.
  std::unique_ptr<CURL, EasyDeleter> easy_;
};

}  // namespace sp::http
