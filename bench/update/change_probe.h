// SPDX-License-Identifier: Apache-2.0
// ChangeProbe: how long after its watch event packets see a changed endpoint.
//
// The clock runs from the order to write a prepared event line to the watch's connection until the word of sp_services
// that packets read has another value, which this process sees in the map's memory, as packets do: the server's
// wake-up, TLS on both sides, the agent's wake-up, JSON, compile step and every store are inside.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/kernel/reader.h"
#include "tests/harness/fake_api/scale.h"
#include "tests/harness/lab_api.h"

namespace sp::bench {

class ChangeProbe {
 public:
  // Once the agent is ready. `api` must outlive it.
  [[nodiscard]] static Result<ChangeProbe> open(const std::string& pin_path, test::LabApi& api,
                                                const fake_api::Scale& scale);

  // Gives the first endpoint of Service `index` another address and waits until packets get it. Milliseconds.
  [[nodiscard]] Result<double> change(unsigned index);
  // The line of the event that gives it `address`, as the server writes it.
  [[nodiscard]] std::string event_line(unsigned index, const std::string& address) const;
  // Addresses that it gave so far.
  [[nodiscard]] unsigned changes() const { return changes_; }

 private:
  ChangeProbe(kernel::Reader reader, test::LabApi& api, const fake_api::Scale& scale, std::vector<std::uint32_t> ids)
      : reader_(std::move(reader)), api_(api), scale_(scale), ids_(std::move(ids)) {}
  [[nodiscard]] bool has_backend(std::uint32_t id, const std::string& address) const;

  kernel::Reader reader_;
  test::LabApi& api_;
  fake_api::Scale scale_;
  std::vector<std::uint32_t> ids_;  // of services, by index
  unsigned changes_ = 0;
};

}  // namespace sp::bench
