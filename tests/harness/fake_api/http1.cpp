// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/http1.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace sp::fake_api {
namespace {

constexpr std::size_t kMaxHead = 64 * 1024;
constexpr std::size_t kMaxBody = 4 * 1024 * 1024;

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Result<HttpRequest> parse_head(std::string_view head) {
  HttpRequest request;
  const std::size_t line_end = head.find("\r\n");
  const std::string_view line = head.substr(0, line_end);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first || line.find(' ', first + 1) != last) {
    return Error{0, "malformed request line \"" + std::string(line) + "\""};
  }
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  if (line.substr(last + 1) != "HTTP/1.1") return Error{0, "not HTTP/1.1: \"" + std::string(line) + "\""};
  if (request.target.empty() || request.target.front() != '/')
    return Error{0, "target without path: " + request.target};
  for (std::string_view rest = head.substr(line_end + 2); !rest.empty();) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || colon == 0 || field[colon - 1] == ' ' || field.front() == ' ') {
      return Error{0, "malformed header \"" + std::string(field) + "\""};
    }
    const auto [at, fresh] = request.headers.emplace(lower(field.substr(0, colon)), trimmed(field.substr(colon + 1)));
    if (!fresh && (at->first == "host" || at->first == "content-length" || at->first == "authorization")) {
      return Error{0, "header twice: " + at->first};
    }
    if (!fresh) at->second += ", " + std::string(trimmed(field.substr(colon + 1)));
  }
  if (request.header("host").empty()) return Error{0, "missing required Host header"};
  return request;
}

class Http1Reply : public Reply {
 public:
  Http1Reply(Stream& stream, const Host& host) : stream_(stream), host_(host) {}

  void begin(int status, const Headers& headers, std::optional<std::size_t> length) override {
    chunked_ = !length;
    std::string head = "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason_phrase(status)) + "\r\n";
    for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
    head += length ? "Content-Length: " + std::to_string(*length) : "Transfer-Encoding: chunked";
    send(head + "\r\n\r\n");
  }
  void write(std::string_view bytes) override {
    if (bytes.empty()) return;
    if (!chunked_) {
      send(bytes);
      return;
    }
    std::array<char, 20> size{};
    const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    std::string chunk(size.data(), static_cast<std::size_t>(length));
    chunk.append(bytes);
    send(chunk += "\r\n");
  }
  void finish() override {
    if (chunked_) send("0\r\n\r\n");
    finished_ = true;
  }
  void cut() override { stream_.kill(false); }
  bool alive() override { return !host_.stopping && !stream_.peer_gone(); }
  [[nodiscard]] bool finished() const { return finished_; }

 private:
  void send(std::string_view bytes) {
    host_.gate();
    stream_.write(bytes);
  }

  Stream& stream_;
  const Host& host_;
  bool chunked_ = false;
  bool finished_ = false;
};

class Connection {
 public:
  Connection(Stream& stream, const std::atomic<bool>& stopping) : stream_(stream), stopping_(stopping) {}

  // Nothing = the connection ended between requests, or in one.
  std::optional<Result<HttpRequest>> next_request() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (buffer_.size() > kMaxHead) return Error{0, "request head too large"};
      if (!read_more()) return std::nullopt;
    }
    Result<HttpRequest> request = parse_head(std::string_view(buffer_).substr(0, end));
    buffer_.erase(0, end + 4);
    if (!request) return request;
    if (!request->header("transfer-encoding").empty()) return Error{0, "request body of unknown length"};
    const std::string text = request->header("content-length");
    std::size_t length = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const bool is_number = error == std::errc() && stop == text.data() + text.size();
    if (!text.empty() && (!is_number || length > kMaxBody)) return Error{0, "bad Content-Length " + text};
    if (request->header("expect") == "100-continue") stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
    while (buffer_.size() < length) {
      if (!read_more()) return std::nullopt;
    }
    request->body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    request->peer = stream_.peer();
    return request;
  }

 private:
  bool read_more() {
    std::array<char, 16384> block{};
    const std::size_t got = stopping_ ? 0 : stream_.read(block.data(), block.size());
    buffer_.append(block.data(), got);
    return got > 0;
  }

  Stream& stream_;
  const std::atomic<bool>& stopping_;
  std::string buffer_;
};

}  // namespace

void serve_http1(Stream& stream, const Handler& handler, const Host& host) {
  Connection connection(stream, host.stopping);
  while (auto request = connection.next_request()) {
    Http1Reply reply(stream, host);
    if (!*request) {
      const std::string text = "400 Bad Request: " + request->error().what;
      host.complain(text);
      reply.begin(400, {{"Content-Type", "text/plain; charset=utf-8"}, {"Connection", "close"}}, text.size());
      reply.write(text);
      break;
    }
    handler(**request, reply);
    if (!reply.finished() || (*request)->header("connection") == "close") break;
  }
  stream.close_politely();
}

}  // namespace sp::fake_api
