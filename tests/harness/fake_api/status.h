// SPDX-License-Identifier: Apache-2.0
// Status: the error objects of the API (meta/v1 Status), with the words of the real server.
#pragma once

#include <optional>
#include <string>

#include "tests/harness/fake_api/resource.h"

namespace sp::fake_api {

struct Status {
  int code = 500;
  std::string reason;
  std::string message;
  Json details = nullptr;
  std::string next = {};  // metadata.continue: the token that an expired list may go on with

  [[nodiscard]] std::string text() const;
};

[[nodiscard]] Status bad_request(const std::string& message);
[[nodiscard]] Status unauthorized();
[[nodiscard]] Status not_found_path();
[[nodiscard]] Status not_found(const Resource& resource, const std::string& name);
[[nodiscard]] Status already_exists(const Resource& resource, const std::string& name);
[[nodiscard]] Status method_not_allowed();
[[nodiscard]] Status not_acceptable();
[[nodiscard]] Status unsupported_media_type(const std::string& accepted);
// `field`: `why`, of an object of `kind` ("ListOptions.meta.k8s.io") called `name`.
[[nodiscard]] Status invalid(const std::string& kind, const std::string& name, const std::string& field,
                             const std::string& why);
[[nodiscard]] Status expired(const std::string& message);
[[nodiscard]] Status too_large_version(std::uint64_t asked, std::uint64_t current);

}  // namespace sp::fake_api
