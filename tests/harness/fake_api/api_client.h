// SPDX-License-Identifier: Apache-2.0
// ApiClient: a plain HTTP client for tests of the fake API server itself. It shares nothing with the agent's client, so
// that the server is held against the documentation and not against us.
#pragma once

#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/harness/fake_api/resource.h"

namespace sp::fake_api {

struct Answer {
  int status = 0;
  httplib::Headers headers;
  Json body;  // discarded when it is no JSON
  std::string text;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class ApiClient {
 public:
  explicit ApiClient(std::string url, httplib::Headers headers = {})
      : url_(std::move(url)), headers_(std::move(headers)) {}

  [[nodiscard]] Answer get(const std::string& target) const { return answer_of(client()->Get(target, headers_)); }
  [[nodiscard]] Answer post(const std::string& target, const std::string& body,
                            const std::string& type = "application/json") const {
    return answer_of(client()->Post(target, headers_, body, type));
  }
  [[nodiscard]] Answer patch(const std::string& target, const std::string& body, const std::string& type) const {
    return answer_of(client()->Patch(target, headers_, body, type));
  }
  [[nodiscard]] Answer remove(const std::string& target) const { return answer_of(client()->Delete(target, headers_)); }

  [[nodiscard]] std::unique_ptr<httplib::Client> client() const {
    auto result = std::make_unique<httplib::Client>(url_);
    result->set_read_timeout(10);
    return result;
  }
  [[nodiscard]] const httplib::Headers& headers() const { return headers_; }

 private:
  static Answer answer_of(const httplib::Result& result) {
    if (!result) return {};
    return {result->status, result->headers, Json::parse(result->body, nullptr, false), result->body};
  }

  const std::string url_;
  const httplib::Headers headers_;
};

// A watch under way, read by a thread of its own.
class WatchReader {
 public:
  WatchReader(const ApiClient& api, const std::string& target) : client_(api.client()) {
    thread_ = std::thread([this, target, headers = api.headers()] {
      const auto result = client_->Get(
          target, headers,
          [this](const httplib::Response& head) {
            const std::lock_guard guard(lock_);
            status_ = head.status;
            changed_.notify_all();
            return true;
          },
          [this](const char* bytes, std::size_t count) {
            take(std::string_view(bytes, count));
            return true;
          });
      const std::lock_guard guard(lock_);
      over_ = true;
      clean_ = static_cast<bool>(result);
      changed_.notify_all();
    });
  }
  ~WatchReader() {
    client_->stop();
    thread_.join();
  }
  WatchReader(const WatchReader&) = delete;
  WatchReader& operator=(const WatchReader&) = delete;

  // The next event, in its order; null when the time is up or the watch is over.
  Json next(std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
    std::unique_lock guard(lock_);
    changed_.wait_for(guard, timeout, [this] { return over_ || read_ < lines_.size(); });
    return read_ < lines_.size() ? Json::parse(lines_[read_++], nullptr, false) : Json();
  }
  // "ADDED default/web"
  std::string next_text(std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
    const Json event = next(timeout);
    if (!event.is_object()) return "";
    const Json& object = event["object"];
    return event["type"].get<std::string>() + " " +
           key_of(field_text(object, "metadata.namespace"), field_text(object, "metadata.name"));
  }
  // Waits for the end. True = it was announced, so the answer is complete.
  bool ended_cleanly() {
    std::unique_lock guard(lock_);
    changed_.wait_for(guard, std::chrono::seconds(10), [this] { return over_; });
    return over_ && clean_;
  }
  [[nodiscard]] bool over() {
    const std::lock_guard guard(lock_);
    return over_;
  }
  [[nodiscard]] int status() {
    const std::lock_guard guard(lock_);
    return status_;
  }
  // Waits until the server has begun to answer: from then on the watch is under way.
  [[nodiscard]] bool begun() {
    std::unique_lock guard(lock_);
    return changed_.wait_for(guard, std::chrono::seconds(5), [this] { return over_ || status_ != 0; }) && status_ != 0;
  }
  // What came behind the last whole line.
  [[nodiscard]] std::string rest() {
    const std::lock_guard guard(lock_);
    return buffer_;
  }

 private:
  void take(std::string_view bytes) {
    const std::lock_guard guard(lock_);
    buffer_.append(bytes);
    for (std::size_t end = 0; (end = buffer_.find('\n')) != std::string::npos;) {
      lines_.push_back(buffer_.substr(0, end));
      buffer_.erase(0, end + 1);
    }
    changed_.notify_all();
  }

  std::unique_ptr<httplib::Client> client_;
  std::thread thread_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::string buffer_;
  std::vector<std::string> lines_;
  std::size_t read_ = 0;
  int status_ = 0;
  bool over_ = false;
  bool clean_ = false;
};

}  // namespace sp::fake_api
