// SPDX-License-Identifier: Apache-2.0
// Gatekeeper: who a client is, and what that user may do. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/harness/fake_api/http.h"
#include "tests/harness/fake_api/resource.h"
#include "tests/harness/fake_api/status.h"

namespace sp::fake_api {

struct Right {
  std::string verb;      // "list"; "*" = every verb
  std::string resource;  // "services"; "*" = every resource
  auto operator<=>(const Right&) const = default;
};

class Gatekeeper {
 public:
  // Without any token and with no certificate asked for, everybody is "system:anonymous" and welcome.
  void accept_token(const std::string& token, const std::string& user);
  // A token that is expired: 401 from now on.
  void revoke_token(const std::string& token);
  // A verified client certificate counts as its common name.
  void accept_certificates(bool accept);
  // Only these from now on; nothing = everything.
  void restrict_to(std::optional<std::vector<Right>> rights);
  // Stronger than what restrict_to() allows.
  void deny(const Right& right);
  void permit(const Right& right);  // takes a deny() back

  // The user's name, or nothing: 401.
  [[nodiscard]] std::optional<std::string> user_of(const HttpRequest& request) const;
  // Nothing = allowed. `name`: of the object, or of the one object that a list is for.
  [[nodiscard]] std::optional<Status> refusal(const std::string& user, const std::string& verb, const Place& place,
                                              const std::string& name) const;

 private:
  mutable std::mutex lock_;
  std::map<std::string, std::string> tokens_;
  bool open_ = true;  // no token was ever accepted
  bool certificates_ = false;
  std::optional<std::vector<Right>> rights_;
  std::vector<Right> denied_;
};

// What the ClusterRole system:node-proxier of a cluster grants, and reading Pods, which it does not.
[[nodiscard]] std::vector<Right> node_proxier_rights();

}  // namespace sp::fake_api
