// SPDX-License-Identifier: Apache-2.0
// Reader: the pinned maps of an agent, read-only, for `status`, `get` and metrics.
//
// Promises: loads no program, changes nothing, needs no running agent. What packets change meanwhile is read as it is:
// a walk over flows is no snapshot. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "loader/kernel/data_plane.h"
#include "loader/util/result.h"
#include "maps/backend.h"
#include "maps/config.h"
#include "maps/device.h"
#include "maps/flow.h"
#include "maps/service.h"
#include "maps/stats.h"

namespace sp::kernel {

template <typename K, typename V>
using Visit = std::function<void(const K&, const V&)>;
template <typename K, typename V>
using Rows = std::vector<std::pair<K, V>>;

struct Usage {
  std::uint64_t used = 0;
  std::uint64_t max = 0;
};

// One of our programs at one device, from its pin.
struct AttachedProgram {
  std::uint32_t ifindex = 0;
  std::string program;  // SP_PROG_*
  std::uint32_t program_id = 0;
  bool device_gone = false;
  bool by_link = true;              // false: a tc filter under clsact
  std::optional<XdpMode> xdp_mode;  // nothing: not XDP, or the device is not in this network namespace
};

// The big arrays count as resident memory of whoever maps them, 25 MB at the default sizes: the agent leaves them out
// here. Its sync/ has what is in use.
enum class Arrays : std::uint8_t { mapped, left_out };

class Reader {
 public:
  // A pin path where no agent has run, and maps of another ABI version, are Errors that say so.
  [[nodiscard]] static Result<Reader> open(const std::filesystem::path& pin_path, Arrays arrays = Arrays::mapped);

  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  // Shared memory: changes under the reader. Valid as long as this object. Row 0 of services and backends is unused;
  // the three arrays are empty when they were left out.
  [[nodiscard]] const sp_config_val& config() const;
  [[nodiscard]] std::span<const sp_service_val> services() const;
  [[nodiscard]] std::span<const __u64> slots() const;
  [[nodiscard]] std::span<const sp_backend_val> backends() const;

  [[nodiscard]] Result<Rows<sp_frontend_key, sp_frontend_val>> frontends() const;
  [[nodiscard]] std::uint32_t max_frontends() const;
  // By service id.
  [[nodiscard]] Result<Rows<__u32, sp_service_name>> service_names() const;
  [[nodiscard]] Result<Rows<__u32, sp_device_val>> devices() const;

  [[nodiscard]] Result<void> walk_flows4(const Visit<sp_flow4_key, sp_flow4_val>& visit) const;
  [[nodiscard]] Result<void> walk_flows6(const Visit<sp_flow6_key, sp_flow6_val>& visit) const;
  [[nodiscard]] Result<void> walk_embryos4(const Visit<sp_flow4_key, sp_embryo4_val>& visit) const;
  [[nodiscard]] Result<void> walk_embryos6(const Visit<sp_flow6_key, sp_embryo6_val>& visit) const;
  [[nodiscard]] Result<std::optional<sp_flow4_val>> find_flow4(const sp_flow4_key& key) const;
  [[nodiscard]] Result<std::optional<sp_flow6_val>> find_flow6(const sp_flow6_key& key) const;
  // Counts by walking: about a tenth of a second for a million flows.
  [[nodiscard]] Result<Usage> flows4_usage() const;
  [[nodiscard]] Result<Usage> flows6_usage() const;
  [[nodiscard]] Result<Usage> embryos4_usage() const;
  [[nodiscard]] Result<Usage> embryos6_usage() const;

  // Summed over CPUs; by enum sp_reason, always SP_REASON_MAX_ rows.
  [[nodiscard]] Result<std::vector<sp_counter_val>> counters() const;
  // Summed over CPUs, by service id.
  [[nodiscard]] Result<std::vector<sp_service_stats_val>> service_stats() const;
  // The same without the end of the table that no service has had yet: reading it costs 16 bytes a row and CPU.
  // `services_in_use` is the number of services now.
  [[nodiscard]] Result<std::vector<sp_service_stats_val>> used_service_stats(std::size_t services_in_use) const;

  // Entries that the maps have room for.
  [[nodiscard]] Result<Sizes> sizes() const;

  // What attach() made, and what attach_pods() made; each sorted by ifindex and program.
  [[nodiscard]] Result<std::vector<AttachedProgram>> attached() const;
  [[nodiscard]] Result<std::vector<AttachedProgram>> attached_pods() const;

 private:
  struct State;
  explicit Reader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sp::kernel
