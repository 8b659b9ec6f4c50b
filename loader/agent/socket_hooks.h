// SPDX-License-Identifier: Apache-2.0
// SocketHooks: processes of this node get their backend when they dial, and are told when it has gone.
//
// Promises: what fails is said once and tried again; without hooks, the packet path serves those processes. Never
// detached at exit (I6). A pass over stale sockets is short, and passes take a tenth of the time at most.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "loader/kernel/data_plane.h"
#include "loader/metrics/agent_metrics.h"
#include "loader/sockets/stale_sockets.h"
#include "loader/util/event_loop.h"
#include "loader/util/notices.h"
#include "loader/util/result.h"

namespace sp::agent {

class SocketHooks {
 public:
  // `cgroup` as in RunOptions. Everything must outlive this, and this must outlive the loop's run().
  SocketHooks(EventLoop& loop, kernel::DataPlane& plane, metrics::AgentMetrics& metrics, std::filesystem::path pin_path,
              std::filesystem::path cgroup);
  SocketHooks(const SocketHooks&) = delete;
  SocketHooks& operator=(const SocketHooks&) = delete;

  // Once rows are in force. An earlier agent may have ended before it told every socket.
  [[nodiscard]] Result<void> start();
  // Attaches if that has not worked yet. Cheap otherwise.
  void look();
  // Backends have stopped serving: connected UDP sockets that talk to them end.
  void end_stale();

 private:
  [[nodiscard]] std::optional<std::string> attach();
  void pass();

  EventLoop& loop_;
  kernel::DataPlane& plane_;
  metrics::AgentMetrics& metrics_;
  std::filesystem::path pin_path_;
  std::filesystem::path cgroup_;
  bool wanted_ = false;  // started, and not with --cgroup none
  bool attached_ = false;
  std::optional<sockets::StaleSockets> stale_;
  EventLoop::Timer timer_{};
  EventLoop::Clock::time_point next_pass_{};
  Notices attach_notices_{log::Level::warn, "sockets"};
  Notices stale_notices_{log::Level::warn, "sockets"};
};

}  // namespace sp::agent
