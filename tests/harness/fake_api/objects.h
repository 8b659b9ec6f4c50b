// SPDX-License-Identifier: Apache-2.0
// Objects: an API server's contents as a test writes them, whether the server is the fake or a real one.
#pragma once

#include <string>

#include "tests/harness/fake_api/resource.h"

namespace sp::fake_api {

class Objects {
 public:
  Objects() = default;
  Objects(const Objects&) = delete;
  Objects& operator=(const Objects&) = delete;
  virtual ~Objects() = default;

  // Creates or replaces, status included; the object carries apiVersion and kind.
  virtual void put_object(const Json& object) = 0;
  virtual void remove_object(const std::string& plural, const std::string& ns, const std::string& name) = 0;
};

}  // namespace sp::fake_api
