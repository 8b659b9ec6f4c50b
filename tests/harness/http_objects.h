// SPDX-License-Identifier: Apache-2.0
// HttpObjects: writes objects to an API server by its REST API, status by way of the subresource, as an administrator
// and the cluster's controllers together would.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/harness/fake_api/objects.h"

namespace httplib {
class Client;
}

namespace sp::test {

class HttpObjects : public fake_api::Objects {
 public:
  // `url` is https://HOST:PORT; the certificate is not verified: the client's tests do that.
  HttpObjects(const std::string& url, std::string token);
  ~HttpObjects() override;

  void put_object(const fake_api::Json& object) override;
  void remove_object(const std::string& plural, const std::string& ns, const std::string& name) override;
  [[nodiscard]] std::vector<fake_api::Json> list(const std::string& plural) const;
  // The answer's code; 0 = none.
  [[nodiscard]] int get(const std::string& target) const;

 private:
  struct Answer {
    int status = 0;
    std::string body;
  };
  [[nodiscard]] Answer send(const std::string& method, const std::string& target, const std::string& body = "") const;
  // Throws unless the answer is a success.
  void demand(const std::string& method, const std::string& target, const fake_api::Json& object) const;

  const std::unique_ptr<httplib::Client> client_;  // keeps its connection
  const std::string token_;
};

}  // namespace sp::test
