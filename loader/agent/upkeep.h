// SPDX-License-Identifier: Apache-2.0
// Upkeep: what is looked at every few seconds because nobody tells when it changes: sysctls, full tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/agent/config.h"
#include "loader/kernel/reader.h"
#include "loader/node/facts.h"
#include "loader/util/notices.h"

namespace sp::agent {

class Upkeep {
 public:
  // Both must outlive the object.
  Upkeep(const kernel::Reader& reader, const Config& config) : reader_(reader), config_(config) {}

  // Logs what is wrong when it begins and when it is over. `devices`: those that carry our programs.
  void look(const std::vector<std::string>& devices, const node::Facts& facts);

 private:
  void look_at_flow_tables();

  const kernel::Reader& reader_;
  const Config& config_;
  Notices host_notices_{log::Level::warn, "host"};
  Notices table_notices_{log::Level::error, "flows"};
  std::optional<std::uint64_t> flows_full_;  // the counter, when it was last read
};

}  // namespace sp::agent
