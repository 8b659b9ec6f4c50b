// SPDX-License-Identifier: Apache-2.0
// http::Client with answers that are compressed, or say so: what handlers get, and what is said of broken ones.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>

#include "loader/http/client.h"
#include "loader/http/gunzip.h"
#include "tests/harness/fake_api/gzip.h"
#include "tests/harness/http_exchanges.h"
#include "tests/harness/web_server.h"

namespace sp::test {
namespace {

using fake_api::gzip;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Longer than any buffer on the way, and not the same all along.
std::string long_text() {
  std::string text;
  for (std::uint64_t i = 0; i < 60'000; ++i) text += "line " + std::to_string(i * i) + "\n";
  return text;
}

class HttpGzipTest : public HttpTest {
 protected:
  // What the client sees of an answer with this body.
  Seen get_body(const std::string& body, const std::string& encoding = "gzip") {
    const RawServer server([&](int socket) {
      asked = read_request_head(socket);
      write_all(socket, "HTTP/1.1 200 OK\r\nContent-Encoding: " + encoding +
                            "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    });
    peer = "127.0.0.1:" + std::to_string(server.port());
    connect({.url = server.url()});
    Seen seen;
    client->start({.target = "/", .takes_gzip = true}, {}, handlers_for(seen));
    EXPECT_TRUE(await([&seen] { return seen.ended(); }));
    client.reset();
    return seen;
  }
  void expect_refused(const Seen& seen, const std::string& why) {
    EXPECT_EQ(seen.failure(), http::Failure::encoding) << why;
    EXPECT_THAT(seen.text(), AllOf(HasSubstr("the answer of " + peer), HasSubstr(why)));
  }

  std::string asked;
  std::string peer;
};

TEST_F(HttpGzipTest, HandlersGetThePlainText) {
  const std::string text = long_text();
  const Seen seen = get_body(gzip(text));
  EXPECT_THAT(asked, HasSubstr("Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(seen.failure(), http::Failure::none) << seen.text();
  EXPECT_TRUE(seen.body == text);
}

TEST_F(HttpGzipTest, WhoDoesNotAskGetsNone) {
  const RawServer server([](int socket) {
    const std::string head = read_request_head(socket);
    write_all(socket, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + head);
  });
  connect({.url = server.url()});
  const Seen seen = get("/");
  EXPECT_THAT(seen.body, AllOf(HasSubstr("GET / HTTP"), testing::Not(HasSubstr("ncoding"))));
  client.reset();
}

TEST_F(HttpGzipTest, AServerThatDoesNotCompressIsFine) {
  const Seen seen = get_body("plain", "identity");
  EXPECT_EQ(seen.body, "plain");
  EXPECT_EQ(seen.failure(), http::Failure::none) << seen.text();
}

TEST_F(HttpGzipTest, WhatIsNoGzipIsRefused) {
  expect_refused(get_body("{\"kind\":\"ServiceList\"}, and so on"), "says that it is gzip, and is not");
}

TEST_F(HttpGzipTest, AFlippedBitIsRefused) {
  std::string packed = gzip(long_text());
  packed[packed.size() - 6] ^= 1;  // of the checksum
  expect_refused(get_body(packed), "does not match the checksum");
  packed = gzip(long_text());
  for (std::size_t at = packed.size() / 2; at < packed.size() / 2 + 64; ++at) packed[at] = '\xff';
  expect_refused(get_body(packed), "gzip");
}

TEST_F(HttpGzipTest, AnEndBeforeTheEndIsRefused) {
  const std::string packed = gzip(long_text());
  expect_refused(get_body(packed.substr(0, packed.size() / 2)), "ends before its gzip does");
  expect_refused(get_body(packed.substr(0, packed.size() - 1)), "ends before its gzip does");
}

TEST_F(HttpGzipTest, MoreThanTheEndIsRefused) {
  expect_refused(get_body(gzip(long_text()) + std::string(100, 'x')), "goes on after the end");
}

TEST_F(HttpGzipTest, AnEncodingThatNobodyAskedForIsRefused) {
  expect_refused(get_body("x", "br"), "has the Content-Encoding br, which nobody asked for");
}

TEST_F(HttpGzipTest, AHandlerMayCancelInTheMiddle) {
  const std::string packed = gzip(std::string(2'000'000, 'x'));
  const RawServer server([&](int socket) {
    read_request_head(socket);
    write_all(socket, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(packed.size()) +
                          "\r\n\r\n" + packed);
  });
  connect({.url = server.url()});
  Seen seen;
  http::Handlers handlers = handlers_for(seen);
  http::Client::Id id{};
  handlers.body = [&](std::string_view) {
    ++seen.pieces;
    client->cancel(id);
  };
  id = client->start({.target = "/", .takes_gzip = true}, {}, handlers);
  ASSERT_TRUE(await([&seen] { return seen.pieces > 0; }));
  EXPECT_FALSE(await([&seen] { return seen.pieces > 1 || seen.ended(); }, std::chrono::milliseconds(50)));
  client.reset();
}

TEST(Gunzip, GivesTheSameTextForEverySplit) {
  const std::string text = "a text, a text, a longer text, and 0123456789";
  const std::string packed = gzip(text);
  for (std::size_t step = 1; step <= packed.size(); ++step) {
    http::Gunzip gunzip;
    std::string plain;
    for (std::size_t at = 0; at < packed.size(); at += step) {
      const auto fed = gunzip.feed(std::string_view(packed).substr(at, step), [&plain](std::string_view piece) {
        plain += piece;
        return true;
      });
      ASSERT_TRUE(fed) << step;
    }
    EXPECT_EQ(plain, text) << step;
    EXPECT_TRUE(gunzip.finish()) << step;
  }
}

TEST(Gunzip, GivesABombInPieces) {
  const std::string packed = gzip(std::string(40'000'000, ' '));
  http::Gunzip gunzip;
  std::size_t longest = 0;
  std::size_t total = 0;
  const auto take = [&](std::string_view piece) {
    longest = std::max(longest, piece.size());
    total += piece.size();
    return true;
  };
  ASSERT_TRUE(gunzip.feed(packed, take));
  EXPECT_TRUE(gunzip.finish());
  EXPECT_EQ(total, 40'000'000U);
  EXPECT_LE(longest, 64U * 1024);
}

}  // namespace
}  // namespace sp::test
