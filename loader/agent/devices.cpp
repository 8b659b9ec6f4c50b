// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/devices.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace sp::agent {
namespace {

bool same_row(const sp_device_val& left, const sp_device_val& right) {
  return std::memcmp(&left, &right, sizeof left) == 0;
}

}  // namespace

Devices::Devices(kernel::DataPlane& plane, std::vector<std::string> names) : plane_(plane), names_(std::move(names)) {}

Result<void> Devices::start(const node::Facts& facts, const std::vector<node::Device>& default_route) {
  const std::vector<std::uint32_t> earlier = plane_.attached();
  attached_ = {earlier.begin(), earlier.end()};
  const Wanted wanted = wanted_devices(names_, facts, default_route, attached_);
  SP_TRY(check_names(names_, facts));
  if (wanted.devices.empty()) {
    return Error{0, "no device has a default route: name the devices that face the clients with --device"};
  }
  withdraw_unnamed(wanted, facts);
  const std::vector<std::string> failures = follow(wanted, facts);
  if (carriers_.empty()) {
    return Error{0, fmt::format("{}", fmt::join(failures, "; "))};
  }
  failed_.update(failures);
  return {};
}

void Devices::withdraw_unnamed(const Wanted& wanted, const node::Facts& facts) {
  std::erase_if(attached_, [&](const std::uint32_t ifindex) {
    const auto same = [ifindex](const node::Device& device) { return device.ifindex == ifindex; };
    if (std::any_of(wanted.devices.begin(), wanted.devices.end(), same)) {
      return false;
    }
    const auto detached = plane_.detach(ifindex);
    const auto erased = plane_.erase_device(ifindex);
    const auto device = std::find_if(facts.devices.begin(), facts.devices.end(), same);
    log::info("device", "detached device={} ifindex={}{}", device == facts.devices.end() ? "(gone)" : device->name,
              ifindex, detached && erased ? "" : " error=" + (detached ? erased : detached).error().text());
    return true;
  });
}

void Devices::reconcile(const node::Facts& facts, const std::vector<node::Device>& default_route) {
  drop_vanished(facts);
  const Wanted wanted = wanted_devices(names_, facts, default_route, attached_);
  std::vector<std::string> missing;
  for (const std::string& name : wanted.missing) {
    missing.push_back(name + " is gone: it is attached again when it comes back");
  }
  if (names_.empty() && wanted.devices.empty()) {
    missing.emplace_back("no device has a default route: nothing is attached until one has");
  }
  missing_.update(std::move(missing));
  failed_.update(follow(wanted, facts));
}

std::vector<std::string> Devices::names() const {
  std::vector<std::string> names;
  for (const auto& [ifindex, carrier] : carriers_) {
    names.push_back(carrier.device.name);
  }
  return names;
}

std::vector<std::string> Devices::follow(const Wanted& wanted, const node::Facts& facts) {
  std::vector<std::string> failures;
  const auto note = [&failures](const Result<void>& result) {
    if (!result) {
      failures.push_back(result.error().text());
    }
  };
  wanted_.clear();
  for (const node::Device& device : wanted.devices) {
    wanted_.push_back(device.ifindex);
    const auto carrier = carriers_.find(device.ifindex);
    if (carrier == carriers_.end()) {
      note(attach(device, facts));
    } else {
      carrier->second.device = device;
    }
  }
  // After all attachments: whether a generic device may be transmitted to depends on the others.
  for (auto& [ifindex, carrier] : carriers_) {
    note(store_row(carrier, facts));
  }
  return failures;
}

Result<void> Devices::attach(const node::Device& device, const node::Facts& facts) {
  const bool adopted = attached_.contains(device.ifindex);
  Carrier carrier{.device = device};
  if (!adopted) {
    // The row comes first, or the first packets would find no address to leave with. An adopted device has its row.
    carrier.row = device_row(device, facts, true);
    SP_TRY(plane_.set_device(device.ifindex, carrier.row));
  }
  auto attachment = plane_.attach(device.ifindex, device.name);
  if (!attachment) {
    if (!adopted) {
      // Half an attachment is none. Best effort: the attachment's error is the one to report. An adopted device still
      // runs the earlier programs and keeps them.
      static_cast<void>(plane_.detach(device.ifindex));
      static_cast<void>(plane_.erase_device(device.ifindex));
    }
    return std::move(attachment).error();
  }
  carrier.mode = attachment->mode;
  carriers_[device.ifindex] = carrier;
  attached_.insert(device.ifindex);
  log::info("device", "attached device={} ifindex={} mode={} adopted={}", device.name, device.ifindex,
            carrier.mode == kernel::XdpMode::native ? "native" : "generic", attachment->adopted ? "yes" : "no");
  return {};
}

Result<void> Devices::store_row(Carrier& carrier, const node::Facts& facts) {
  const sp_device_val row = device_row(carrier.device, facts, can_transmit(carrier.mode));
  if (same_row(row, carrier.row)) {
    return {};
  }
  SP_TRY(plane_.set_device(carrier.device.ifindex, row));
  carrier.row = row;
  return {};
}

void Devices::drop_vanished(const node::Facts& facts) {
  std::erase_if(carriers_, [this, &facts](const auto& entry) {
    const std::uint32_t ifindex = entry.first;
    const bool exists = std::any_of(facts.devices.begin(), facts.devices.end(),
                                    [ifindex](const node::Device& device) { return device.ifindex == ifindex; });
    if (exists) {
      return false;
    }
    // The kernel has taken the programs off already; what is left are a dead pin and a row that nothing leads to.
    attached_.erase(ifindex);
    const auto detached = plane_.detach(ifindex);
    const auto erased = plane_.erase_device(ifindex);
    log::warn("device", "lost device={} ifindex={}{}", entry.second.device.name, ifindex,
              detached && erased ? "" : " error=" + (detached ? erased : detached).error().text());
    return true;
  });
}

bool Devices::can_transmit(kernel::XdpMode mode) const {
  // A driver without native XDP has no ndo_xdp_xmit, so a native program cannot redirect to it; a generic one can.
  return mode == kernel::XdpMode::native || std::none_of(carriers_.begin(), carriers_.end(), [](const auto& entry) {
           return entry.second.mode == kernel::XdpMode::native;
         });
}

}  // namespace sp::agent
