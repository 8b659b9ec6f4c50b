// SPDX-License-Identifier: Apache-2.0
// PacketLog: packets that the packet path dropped or rejected, as log lines (I10).
//
// Promises: at most one line a reason and interval, with the number of those held back; the counters have them all.
#pragma once

#include <functional>
#include <string>

#include "loader/util/log.h"
#include "maps/event.h"

namespace sp::agent {

// "drop-no-route proto=TCP from=192.0.2.1:40000 to=[2001:db8::1]:80 device=eth0 bytes=60: no route to the next hop"
[[nodiscard]] std::string describe(const sp_event& event, const std::string& device);

// Drops are the operator's business (warn), a flow that finds no room (error), answers to clients only ours (debug).
[[nodiscard]] log::Level level_of(const sp_event& event);

class PacketLog {
 public:
  using Clock = log::Repeats::Clock;
  // `device_name` turns an ifindex into a name.
  explicit PacketLog(std::function<std::string(std::uint32_t)> device_name) : device_name_(std::move(device_name)) {}

  void add(const sp_event& event, Clock::time_point now);

 private:
  std::function<std::string(std::uint32_t)> device_name_;
  log::Repeats repeats_{std::chrono::seconds(10)};
};

}  // namespace sp::agent
