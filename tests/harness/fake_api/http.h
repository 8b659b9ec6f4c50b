// SPDX-License-Identifier: Apache-2.0
// One HTTP exchange as the fake API server sees it, whatever carries it: the request, and the ways to answer it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/util/result.h"

namespace sp::fake_api {

// Who the client's verified certificate says it is; empty = none.
struct PeerCertificate {
  std::string common_name;
  std::vector<std::string> organizations;
};

struct HttpRequest {
  std::string method;
  std::string target;                          // as it came: path and query, percent-encoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  PeerCertificate peer;

  [[nodiscard]] std::string header(const std::string& lower_name) const;
  [[nodiscard]] std::string_view path() const;
};

using Query = std::vector<std::pair<std::string, std::string>>;
// The query part of a target, decoded, in its order. An error names what is malformed.
[[nodiscard]] Result<Query> parse_query(std::string_view target);

using Headers = std::vector<std::pair<std::string, std::string>>;

// The answer under way. All calls from the thread that serves the request; what cannot be sent any more is dropped.
class Reply {
 public:
  Reply() = default;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  virtual ~Reply() = default;

  // `length` = that many bytes follow; nothing = as many as are written until finish().
  virtual void begin(int status, const Headers& headers, std::optional<std::size_t> length) = 0;
  virtual void write(std::string_view bytes) = 0;
  virtual void finish() = 0;
  // Ends the exchange where it stands: the client sees an answer that is cut off.
  virtual void cut() = 0;
  // False when the client has gone or the server is stopping.
  [[nodiscard]] virtual bool alive() = 0;
};

using Handler = std::function<void(const HttpRequest&, Reply&)>;

[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace sp::fake_api
