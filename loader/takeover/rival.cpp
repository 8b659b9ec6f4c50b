// SPDX-License-Identifier: Apache-2.0
// A kube-proxy that still runs: its process where /proc shows it, else its health port. A container with a PID
// namespace of its own sees the node's sockets, but not the node's processes.
#include <spdlog/fmt/fmt.h>

#include <cctype>
#include <fstream>
#include <sstream>

#include "loader/takeover/takeover.h"

namespace sp::takeover {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWhatToDo =
    "its rules will come back: delete its DaemonSet (kubectl -n kube-system delete daemonset kube-proxy), or start the "
    "node's agent with it disabled (k3s: --disable-kube-proxy)";

fs::path network_namespace(const fs::path& process) {
  std::error_code error;
  fs::path link = fs::read_symlink(process / "ns/net", error);
  return error ? fs::path() : link;
}

std::string first_word(const fs::path& file) {
  std::ifstream stream(file);
  std::string word;
  stream >> word;
  return word;
}

// The process's id, or nothing.
std::string find_process(const fs::path& proc) {
  const fs::path ours = network_namespace(proc / "self");
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(proc, error)) {
    const std::string pid = entry.path().filename().string();
    if (std::isdigit(static_cast<unsigned char>(pid.front())) == 0) continue;
    if (first_word(entry.path() / "comm") == "kube-proxy" && network_namespace(entry.path()) == ours) return pid;
  }
  return {};
}

// Rows: "sl local:port remote:port state ...", addresses and ports in hexadecimal; 0A is LISTEN.
bool somebody_listens(const fs::path& table, std::uint16_t port) {
  std::ifstream stream(table);
  const std::string ending = fmt::format(":{:04X}", port);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::string number;
    std::string local;
    std::string remote;
    std::string state;
    if (words >> number >> local >> remote >> state && state == "0A" && local.ends_with(ending)) return true;
  }
  return false;
}

}  // namespace

std::string running_kube_proxy(const fs::path& proc, std::uint16_t health_port) {
  if (const std::string pid = find_process(proc); !pid.empty()) {
    return fmt::format("kube-proxy is still running as process {}: {}", pid, kWhatToDo);
  }
  for (const char* table : {"net/tcp", "net/tcp6"}) {
    if (health_port != 0 && somebody_listens(proc / table, health_port)) {
      return fmt::format("port {} is taken, so a kube-proxy seems to be running: {}", health_port, kWhatToDo);
    }
  }
  return {};
}

}  // namespace sp::takeover
