// SPDX-License-Identifier: Apache-2.0
// http::Client over TLS: whom it trusts, what it shows, and what it says when that fails.
#include <gmock/gmock.h>
#include <httplib.h>

#include "loader/http/client.h"
#include "tests/harness/certificates.h"
#include "tests/harness/http_exchanges.h"
#include "tests/harness/web_server.h"

namespace sp::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class HttpTlsTest : public HttpTest {
 protected:
  static void route(httplib::Server& server) {
    server.Get("/", [](const httplib::Request& request, httplib::Response& answer) {
      answer.set_content(request.get_header_value("Host"), "text/plain");
    });
  }
  // What a client that trusts `authority` sees of a server with `order`'s certificate; `change` adjusts the client.
  Seen get_from(const CertificateOrder& order, const std::function<void(http::Server&)>& change = {}) {
    const WebServer server({.identity = authority.issue(order)}, route);
    port = server.port();
    http::Server settings{.url = server.url(), .ca_pem = authority.pem(), .ca_origin = "/etc/kubernetes/pki/ca.crt"};
    if (change) change(settings);
    connect(settings);
    Seen seen = get("/");
    client.reset();
    return seen;
  }

  Authority authority{"kubernetes"};
  CertificateOrder good{.common_name = "kube-apiserver", .names = {"127.0.0.1"}};
  int port = 0;
};

TEST_F(HttpTlsTest, ACertificateOfTheAuthorityIsTrusted) {
  const Seen seen = get_from(good);
  EXPECT_EQ(seen.status(), 200) << seen.text();
  EXPECT_EQ(seen.body, "127.0.0.1:" + std::to_string(port));
}

TEST_F(HttpTlsTest, AnotherAuthorityIsNamedWithTheExpectedOne) {
  const Authority other("some other cluster");
  const Seen seen = get_from(good, [&](http::Server& server) { server.ca_pem = other.pem(); });
  EXPECT_EQ(seen.failure(), http::Failure::tls);
  EXPECT_THAT(seen.text(), AllOf(HasSubstr("CN=kube-apiserver of 127.0.0.1:"), HasSubstr("issued by CN=kubernetes"),
                                 HasSubstr("not signed by the authority in /etc/kubernetes/pki/ca.crt"),
                                 HasSubstr("expected an issuer CN=some other cluster")));
}

TEST_F(HttpTlsTest, TheSystemsAuthoritiesDoNotCountBesideAConfiguredOne) {
  const Seen seen = get_from(good, [](http::Server& server) { server.ca_pem.clear(); });
  EXPECT_EQ(seen.failure(), http::Failure::tls);
  EXPECT_THAT(seen.text(), HasSubstr("the system's certificate authorities"));
}

TEST_F(HttpTlsTest, AnExpiredCertificateIsComparedWithTheClock) {
  const Seen seen = get_from({.common_name = "old", .names = {"127.0.0.1"}, .begins = -48h, .ends = -24h});
  EXPECT_EQ(seen.failure(), http::Failure::tls);
  EXPECT_THAT(seen.text(), AllOf(HasSubstr("CN=old of 127.0.0.1:"), HasSubstr(" expired at 20"),
                                 HasSubstr("the clock of this machine says 20"), HasSubstr("renew"), HasSubstr("Z")));
}

TEST_F(HttpTlsTest, ACertificateOfTheFutureHintsAtTheClock) {
  const Seen seen = get_from({.common_name = "new", .names = {"127.0.0.1"}, .begins = 24h, .ends = 48h});
  EXPECT_EQ(seen.failure(), http::Failure::tls);
  EXPECT_THAT(seen.text(), AllOf(HasSubstr("is valid from 20"), HasSubstr("set the clock")));
}

TEST_F(HttpTlsTest, ACertificateForAnotherNameIsRefused) {
  const Seen seen = get_from({.common_name = "kube-apiserver", .names = {"kubernetes", "192.0.2.1"}});
  EXPECT_EQ(seen.failure(), http::Failure::tls);
  EXPECT_THAT(seen.text(), AllOf(HasSubstr("is not for 127.0.0.1"), HasSubstr("tls-server-name")));
}

TEST_F(HttpTlsTest, TlsServerNameIsVerifiedInPlaceOfTheHost) {
  const auto kubernetes = [](http::Server& server) { server.tls_server_name = "kubernetes.default.svc"; };
  const Seen seen = get_from({.common_name = "k", .names = {"kubernetes.default.svc"}}, kubernetes);
  EXPECT_EQ(seen.status(), 200) << seen.text();
  EXPECT_EQ(seen.body, "127.0.0.1:" + std::to_string(port)) << "HTTP names the real host";
  const Seen refused = get_from(good, kubernetes);
  EXPECT_EQ(refused.failure(), http::Failure::tls);
  EXPECT_THAT(refused.text(), HasSubstr("is not for kubernetes.default.svc"));
}

TEST_F(HttpTlsTest, SkipVerifyTrustsAnybody) {
  const Seen seen =
      get_from({.common_name = "old", .names = {"nowhere"}, .begins = -48h, .ends = -24h}, [](http::Server& server) {
        server.skip_verify = true;
        server.ca_pem.clear();
      });
  EXPECT_EQ(seen.status(), 200) << seen.text();
}

TEST_F(HttpTlsTest, AnAuthorityWithoutACertificateIsRefusedAtOnce) {
  const auto created = http::Client::create(
      loop, {.url = "https://192.0.2.1", .ca_pem = "not PEM", .ca_origin = "/etc/kubernetes/pki/ca.crt"});
  ASSERT_FALSE(created);
  EXPECT_THAT(created.error().text(), HasSubstr("/etc/kubernetes/pki/ca.crt contains no certificate"));
}

TEST_F(HttpTlsTest, PlainHttpOnTheOtherEndIsGuessed) {
  const WebServer plain({}, route);
  connect({.url = "https://127.0.0.1:" + std::to_string(plain.port()), .ca_pem = authority.pem()});
  const Seen seen = get("/");
  client.reset();
  EXPECT_EQ(seen.failure(), http::Failure::tls);
  EXPECT_THAT(seen.text(), AllOf(HasSubstr("does not speak TLS"), HasSubstr("http://")));
}

TEST_F(HttpTlsTest, TlsOnTheOtherEndIsGuessed) {
  // What a TLS server says to "GET / HTTP/1.1": a fatal alert.
  const RawServer tls([](int socket) {
    read_request_head(socket);
    write_all(socket, std::string("\x15\x03\x01\x00\x02\x02\x46", 7));
  });
  connect({.url = tls.url()});
  const Seen seen = get("/");
  EXPECT_EQ(seen.failure(), http::Failure::protocol);
  EXPECT_THAT(seen.text(), HasSubstr("https://"));
}

TEST_F(HttpTlsTest, AServerThatHangsUpInTheHandshakeIsNoCertificateProblem) {
  const RawServer server([](int) {});
  connect({.url = "https://127.0.0.1:" + std::to_string(server.port()), .ca_pem = authority.pem()});
  const Seen seen = get("/");
  EXPECT_EQ(seen.failure(), http::Failure::connect) << seen.text();
}

// A server that wants certificates of `authority` from its clients.
class HttpClientCertificateTest : public HttpTlsTest {
 protected:
  HttpClientCertificateTest() { connect({.url = server_.url(), .ca_pem = authority.pem()}); }
  ~HttpClientCertificateTest() override { client.reset(); }

  static http::Credentials with(const Identity& identity) {
    return {.certificate = http::ClientCertificate{identity.certificate_pem, identity.key_pem}};
  }
  WebServer server_{{.identity = authority.issue(good), .client_authority_pem = authority.pem()}, route};
};

TEST_F(HttpClientCertificateTest, IsShown) {
  const Seen seen = get("/", with(authority.issue({.common_name = "system:kube-proxy"})));
  EXPECT_EQ(seen.status(), 200) << seen.text();
}

TEST_F(HttpClientCertificateTest, IsMissed) {
  const Seen seen = get("/");
  EXPECT_EQ(seen.failure(), http::Failure::tls) << seen.text();
  EXPECT_THAT(seen.text(), HasSubstr("without a client certificate: configure one"));
}

TEST_F(HttpClientCertificateTest, OfAnotherClusterIsRefused) {
  const Seen seen = get("/", with(Authority("other").issue({.common_name = "system:kube-proxy"})));
  EXPECT_EQ(seen.failure(), http::Failure::tls) << seen.text();
  EXPECT_THAT(seen.text(), HasSubstr("our client certificate"));
}

TEST_F(HttpClientCertificateTest, WithoutItsKeyCannotBeUsed) {
  Identity mixed = authority.issue({.common_name = "one"});
  mixed.key_pem = authority.issue({.common_name = "two"}).key_pem;
  const Seen seen = get("/", with(mixed));
  EXPECT_EQ(seen.failure(), http::Failure::tls) << seen.text();
  EXPECT_THAT(seen.text(), HasSubstr("the key that belongs to it"));
}

TEST_F(HttpClientCertificateTest, ThatWasRenewedIsShownOnANewConnection) {
  EXPECT_EQ(get("/", with(authority.issue({.common_name = "first"}))).status(), 200);
  const Seen seen = get("/", with(Authority("other").issue({.common_name = "second"})));
  EXPECT_EQ(seen.failure(), http::Failure::tls) << "the connection of another identity was used";
}

}  // namespace
}  // namespace sp::test
