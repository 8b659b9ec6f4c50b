// SPDX-License-Identifier: Apache-2.0
// Console: a FakeApi led by lines of text, for when it is a program of its own.
#pragma once

#include <memory>
#include <string>

#include "tests/harness/fake_api/fake_api.h"
#include "tests/harness/fake_api/world.h"

namespace sp::fake_api {

class Console {
 public:
  // `api` must outlive the console.
  explicit Console(FakeApi& api) : api_(api) {}

  // Obeys one line and says "ok ..." or "error ...". Lines:
  //   put JSON | remove PLURAL NAMESPACE NAME (- for no namespace) | objects | fill SERVICES ENDPOINTS
  //   world SEED | step COUNT | mend                    a World and its changes
  //   stop | start | freeze | thaw | drop | reset | compact | history VERSION
  //   bookmark | finish | cut | cut-line | error        orders to all watches
  //   status CODE VERB RESOURCE TIMES (- = any)         injects a fault
  //   chaos SEED SHARE | pieces BYTES | behave
  //   token TOKEN | revoke TOKEN | deny VERB RESOURCE | permit VERB RESOURCE
  //   version | count VERB RESOURCE (- = any) | violations
  [[nodiscard]] std::string obey(const std::string& line);

 private:
  FakeApi& api_;
  std::unique_ptr<World> world_;
};

}  // namespace sp::fake_api
