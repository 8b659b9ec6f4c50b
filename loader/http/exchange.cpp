// SPDX-License-Identifier: Apache-2.0
#include "loader/http/exchange.h"

#include <cerrno>
#include <utility>

#include "loader/http/failure.h"

namespace sp::http {
Exchange::Exchange(Client::Id id, const Endpoint& endpoint, Rejections& rejections, Handlers handlers,
                   Observer observer)
    : id_(id),
      endpoint_(endpoint),
      rejections_(rejections),
      handlers_(std::move(handlers)),
      observer_(std::move(observer)),
      easy_(curl_easy_init()) {}

Result<void> Exchange::prepare(const Request& request, const Credentials& credentials) {
  if (!easy_) {
    return errno_error(ENOMEM, "request to " + endpoint_.peer);
  }
  max_silence_ = request.max_silence;
  set_request(request);
  set_peer();
  set_credentials(credentials);
  SP_TRY(set_headers(request, credentials));
  if (setting_ != CURLE_OK) {
    return Error{0, "request to " + endpoint_.peer + ": libcurl refuses an option (" + curl_easy_strerror(setting_) +
                        "): expected libcurl 7.88 or later with OpenSSL"};
  }
  return {};
}

std::size_t Exchange::on_header(char* data, std::size_t, std::size_t size, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  if (exchange.muted_) {
    return 0;
  }
  exchange.last_byte_ = Clock::now();
  if (exchange.head_.take({data, size})) {
    exchange.report(exchange.head_.head().status);
    if (exchange.handlers_.head) exchange.handlers_.head(exchange.head_.head());
  }
  return exchange.muted_ ? 0 : size;
}

std::size_t Exchange::on_body(char* data, std::size_t, std::size_t size, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  if (exchange.muted_) {
    return 0;
  }
  exchange.last_byte_ = Clock::now();
  return exchange.take_body({data, size}) ? size : 0;
}

bool Exchange::take_body(std::string_view bytes) {
  const std::string& encoding = head_.head().content_encoding;
  if (encoding.empty() || encoding == "identity") {
    return hand_on(bytes);
  }
  if (encoding != "gzip") {
    undecodable_ = Error{0, "has the Content-Encoding " + encoding + ", which nobody asked for"};
    return false;
  }
  if (!gunzip_) {
    gunzip_ = std::make_unique<Gunzip>();
  }
  if (auto fed = gunzip_->feed(bytes, [this](std::string_view plain) { return hand_on(plain); }); !fed) {
    undecodable_ = std::move(fed).error();
    return false;
  }
  return !muted_;
}

bool Exchange::hand_on(std::string_view bytes) {
  if (handlers_.body) handlers_.body(bytes);
  return !muted_;
}

bool Exchange::reached(CURLINFO moment) const {
  curl_off_t after_us = 0;
  curl_easy_getinfo(easy_.get(), moment, &after_us);
  return after_us > 0;
}

void Exchange::report(int status) {
  if (const Observer observer = std::exchange(observer_, nullptr)) {
    observer({method_, status, Clock::now() - begun_});
  }
}

void Exchange::fail(End end) {
  report(0);
  if (!std::exchange(muted_, true) && handlers_.end) {
    handlers_.end(end);
  }
}

void Exchange::finish(CURLcode code) {
  // HTTP without a head would have been an error: this one is for HTTP/2 streams that end at once.
  if (code == CURLE_OK && !head_.complete()) {
    code = CURLE_GOT_NOTHING;
  }
  if (code == CURLE_OK && gunzip_) {
    if (auto whole = gunzip_->finish(); !whole) {
      undecodable_ = std::move(whole).error();
    }
  }
  if (undecodable_) {
    return fail(End{Failure::encoding, "the answer of " + endpoint_.peer + " " + undecodable_->what});
  }
  if (code == CURLE_OK) {
    return fail(End{});
  }
  long os_error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &os_error);
  Trouble trouble{.code = code,
                  .detail = detail_.data(),
                  .os_error = static_cast<int>(os_error),
                  .connected = reached(CURLINFO_PRETRANSFER_TIME_T),
                  .shook_hands = reached(CURLINFO_APPCONNECT_TIME_T),
                  .answered = head_.complete(),
                  .shows_own = shows_certificate_};
  if (trouble.detail.empty()) {
    trouble.detail = curl_easy_strerror(code);
  }
  fail(explain(endpoint_, trouble, rejections_.last()));
}

void Exchange::finish_silent() {
  fail(explain_silence(endpoint_, max_silence_, reached(CURLINFO_PRETRANSFER_TIME_T)));
}

}  // namespace sp::http
