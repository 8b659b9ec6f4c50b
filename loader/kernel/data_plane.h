// SPDX-License-Identifier: Apache-2.0
// DataPlane: the loaded programs, their pinned maps and their attachments, as the agent uses them.
//
// Promises: nothing is detached or unpinned when the object goes away (I6); opening a pin directory that an earlier
// agent left adopts its maps and replaces its programs in place; a pin directory of another ABI version is refused.
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "loader/sync/tables.h"
#include "loader/util/result.h"
#include "maps/config.h"
#include "maps/device.h"
#include "maps/event.h"
#include "maps/limits.h"
#include "maps/names.h"

namespace sp::kernel {

// Entries of the maps at creation. A pinned map keeps the size that it was created with.
struct Sizes {
  std::uint32_t flows4 = SP_MAX_FLOWS4;
  std::uint32_t flows6 = SP_MAX_FLOWS6;
  std::uint32_t embryos4 = SP_MAX_EMBRYOS4;
  std::uint32_t embryos6 = SP_MAX_EMBRYOS6;
  std::uint32_t frontends = SP_MAX_FRONTENDS;
  std::uint32_t services = SP_MAX_SERVICES;
  std::uint32_t slots = SP_MAX_SLOTS;
  std::uint32_t backends = SP_MAX_BACKENDS;
};

struct DataPlaneOptions {
  std::filesystem::path pin_path = SP_DEFAULT_PIN_PATH;
  Sizes sizes;
  // Packets from outside to Pods of this node take the way that the Pod's device has open (SP_DEVICE_PEER).
  bool local_delivery = false;
};

enum class XdpMode : std::uint8_t { native, generic };

struct Attachment {
  std::uint32_t ifindex = 0;
  std::string device;
  XdpMode mode = XdpMode::native;
  bool adopted = false;  // an earlier agent's link, its program replaced in place
};

struct CleanupReport {
  std::size_t links = 0;
  std::size_t maps = 0;
};

class DataPlane {
 public:
  // Loads the programs, creates or adopts the maps under pin_path (created when missing; bpffs is mounted on
  // /sys/fs/bpf when that is missing). Attaches nothing. Every error says what to do. One DataPlane at a time owns a
  // pin path; a second waits up to 3 s for the first to go, then is refused.
  [[nodiscard]] static Result<DataPlane> open(const DataPlaneOptions& options);

  DataPlane(DataPlane&&) noexcept;
  DataPlane& operator=(DataPlane&&) noexcept;
  ~DataPlane();

  // The loader-written maps; valid as long as this object.
  [[nodiscard]] sync::Tables tables();
  // The row of sp_config, shared with the packet path: aligned stores take effect at once. A fresh pin directory has
  // abi_version set, both epochs 1, and the rest zero.
  [[nodiscard]] sp_config_val& config();
  // Next hops that flows have cached may be wrong: each is looked up again with its flow's next packet.
  void bump_route_epoch();

  // Attaches XDP (native, else generic), tc ingress and tc egress to a device and pins the links. Idempotent; an
  // adopted link gets our program without a gap. A link whose device is gone is replaced.
  [[nodiscard]] Result<Attachment> attach(std::uint32_t ifindex, const std::string& device);
  // Takes our programs off a device. For devices that the operator removed from the list, never at exit.
  [[nodiscard]] Result<void> detach(std::uint32_t ifindex);
  // Ifindexes that have pinned links of attach(), ours or an earlier agent's.
  [[nodiscard]] std::vector<std::uint32_t> attached() const;

  // The programs of a device behind which Pods are: requests at its tc ingress, replies at its tc egress. As attach().
  [[nodiscard]] Result<void> attach_pods(std::uint32_t ifindex, const std::string& device);
  [[nodiscard]] Result<void> detach_pods(std::uint32_t ifindex);
  [[nodiscard]] std::vector<std::uint32_t> attached_pods() const;
  // The socket hooks, at a cgroup v2: for every process in it and below. Idempotent; adopts the links of an earlier
  // agent; links at another cgroup are replaced. True when all were adopted.
  [[nodiscard]] Result<bool> attach_sockets(const std::filesystem::path& cgroup);
  [[nodiscard]] Result<void> detach_sockets();

  // Row of sp_devices and, with SP_DEVICE_XDP_TX, of sp_tx_ports. Where XDP can transmit no longer, next hops that
  // flows have cached count as wrong.
  [[nodiscard]] Result<void> set_device(std::uint32_t ifindex, const sp_device_val& value);
  [[nodiscard]] Result<void> erase_device(std::uint32_t ifindex);

  // Walks a bounded part of the flow tables (about `budget` flows) in the kernel and removes pairs that are idle for
  // longer than config().timeouts. True when a full sweep over both families has ended; the next call starts anew.
  [[nodiscard]] Result<bool> age(std::size_t budget);
  // Flows that the last sweep found, IPv4 and IPv6.
  [[nodiscard]] const std::array<std::size_t, 2>& flow_population() const;

  // Ring of drops and rejects: readable fd, and a drain that never blocks. Returns the number of events.
  [[nodiscard]] int events_fd() const;
  std::size_t drain_events(const std::function<void(const sp_event&)>& visit);

 private:
  struct State;
  explicit DataPlane(std::unique_ptr<State> state);
  Result<void> stop_transmitting(std::uint32_t ifindex);
  std::unique_ptr<State> state_;
};

// Removes everything that an agent ever made under pin_path: links (which detaches), tc filters, maps, the directory.
// A missing directory is no error; an agent that still runs there is, after 3 s. Run it in the agent's network
// namespace, or tc filters of kernels without tcx stay.
[[nodiscard]] Result<CleanupReport> cleanup(const std::filesystem::path& pin_path);

}  // namespace sp::kernel
