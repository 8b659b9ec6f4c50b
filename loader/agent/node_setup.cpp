// SPDX-License-Identifier: Apache-2.0
#include "loader/agent/node_setup.h"

#include <sys/sysinfo.h>

#include <chrono>
#include <optional>
#include <vector>

#include "loader/host/setup.h"
#include "loader/util/log.h"

namespace sp::agent {
namespace {

// kube-proxy's 0 leaves the kernel's value alone.
std::optional<std::chrono::seconds> timeout(proxy::Duration duration) {
  if (duration <= proxy::Duration::zero()) {
    return std::nullopt;
  }
  return std::chrono::ceil<std::chrono::seconds>(duration);
}

std::vector<host::Setting> wanted(const Settings& settings) {
  const proxy::Conntrack& conntrack = settings.proxy.conntrack;
  return host::conntrack_settings({.max = proxy::conntrack_max(settings.proxy, static_cast<unsigned>(::get_nprocs())),
                                   .tcp_established = timeout(conntrack.tcp_established_timeout),
                                   .tcp_close_wait = timeout(conntrack.tcp_close_wait_timeout),
                                   .tcp_be_liberal = conntrack.tcp_be_liberal,
                                   .udp = timeout(conntrack.udp_timeout),
                                   .udp_stream = timeout(conntrack.udp_stream_timeout)});
}

void report(const host::Outcome& outcome) {
  for (const std::string& changed : outcome.changed) {
    log::info("host", "set {}", changed);
  }
  for (const std::string& warning : outcome.warnings) {
    log::warn("host", "{}", warning);
  }
  for (const std::string& error : outcome.errors) {
    log::error("host", "{}", error);
  }
  if (outcome.without_conntrack) {
    log::info("host", "nf_conntrack is not loaded: its settings are left out");
  }
}

}  // namespace

void set_up_node(const Settings& settings) {
  report(host::apply_settings(wanted(settings)));
  if (const auto set = host::set_oom_score(settings.proxy.oom_score_adj); !set) {
    log::warn("host", "{}", set.error().text());
  }
}

Result<void> init_node(const RunOptions& options, const Settings& settings) {
  const host::Outcome outcome = host::init(wanted(settings), options.pin_path);
  report(outcome);
  if (!outcome.errors.empty()) {
    return Error{0, "--init-only could not do everything: " + outcome.errors.front()};
  }
  return {};
}

}  // namespace sp::agent
