// SPDX-License-Identifier: Apache-2.0
// SocketBed: a node for tests of socket hooks. The shipped programs, attached to a cgroup that the test process lives
// in; backends are plain sockets at addresses of `lo`, frontends have addresses that nothing could reach without hooks.
//
// Promises: hooks see the sockets of this process alone; the cgroup is gone when the object is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loader/kernel/data_plane.h"
#include "loader/kernel/map.h"
#include "loader/kernel/reader.h"
#include "loader/util/fd.h"
#include "loader/util/ip.h"
#include "maps/network.h"
#include "tests/harness/sandbox.h"

namespace sp::test {

// The cgroup v2 root of this machine; empty when it has none.
[[nodiscard]] std::filesystem::path cgroup_root();

// A cgroup of its own; with `join`, the process is in it until the object dies.
class Cgroup {
 public:
  explicit Cgroup(const std::string& name);
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;
  ~Cgroup();
  void join();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::filesystem::path home_;
};

struct Door {
  Ip ip;
  std::uint16_t port = 0;
  auto operator<=>(const Door&) const = default;
};
void PrintTo(const Door& door, std::ostream* out);

// A socket whose calls return errno, 0 when they worked. IPv4 addresses are mapped on AF_INET6.
class Sock {
 public:
  Sock(int family, Protocol protocol);
  [[nodiscard]] static Sock listening(const Door& door, Protocol protocol);

  [[nodiscard]] int connect(const Door& to);
  [[nodiscard]] int bind(const Door& at);
  [[nodiscard]] int send(const std::string& text, const std::optional<Door>& to = {});
  [[nodiscard]] Door local() const;
  [[nodiscard]] Door peer() const;
  [[nodiscard]] std::uint64_t cookie() const;
  // One datagram and who sent it; waits for two seconds at most.
  struct Heard {
    int error = 0;
    std::string text;
    Door from;
  };
  [[nodiscard]] Heard receive();
  // The next connection of a listening TCP socket; throws after two seconds without one.
  [[nodiscard]] Sock accept();

 private:
  Sock(Fd fd, int family) : fd_(std::move(fd)), family_(family) {}
  Fd fd_;
  int family_;
};

// A network namespace with the same addresses on `lo` as the node, and no name.
class Pod {
 public:
  Pod();
  // The test process in the namespace, until the object dies.
  class Visit {
   public:
    explicit Visit(const Pod& pod);
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit();

   private:
    Fd home_;
  };
  // Gives it a name in `folder`, as container runtimes do in /run/netns.
  void name(const std::filesystem::path& file) const;

 private:
  Fd netns_;
};

class SocketBed {
 public:
  SocketBed();

  struct Service {
    std::uint32_t id = 0;
    std::vector<std::uint32_t> backends;
  };
  Service add_service(const std::vector<Door>& backends, std::uint32_t flags = 0);
  void add_frontend(const Door& door, Protocol protocol, const Service& service, sp_scope scope = SP_SCOPE_HOST,
                    std::uint16_t flags = 0);
  // The backend stops serving: its service has the others from now on.
  void retire(const Service& service, std::uint32_t backend);
  [[nodiscard]] static sp_networks_val no_networks();
  void set_networks(const sp_networks_val& networks);
  void set_service_ip(const Ip& ip, std::optional<sp_service_ip> what);
  // No frontends, no networks; counters as they are now count as zero.
  void clear();
  // What moved since the last call or clear(), by reason.
  [[nodiscard]] std::map<std::string, std::uint64_t> counts();

  [[nodiscard]] kernel::DataPlane& plane() { return *plane_; }
  [[nodiscard]] const std::filesystem::path& pin_path() const { return pin_path_; }
  [[nodiscard]] const Sandbox& sandbox() const { return sandbox_; }
  // Where datagrams of this socket to `door` go; nothing when no hook has sent one or connected it. From any thread.
  [[nodiscard]] std::optional<Door> backend_of(const Sock& sock, const Door& door) const {
    return backend_of(sock.cookie(), door);
  }
  [[nodiscard]] std::optional<Door> backend_of(std::uint64_t cookie, const Door& door) const;

 private:
  Sandbox sandbox_;
  Cgroup cgroup_;
  std::filesystem::path pin_path_;
  std::optional<kernel::DataPlane> plane_;
  std::optional<kernel::Reader> reader_;
  std::vector<sp_counter_val> last_counters_;
  std::uint32_t next_service_ = 1;
  std::uint32_t next_backend_ = 1;
  std::uint32_t next_slot_ = 0;
};

// The one bed of a test program, made on first use.
[[nodiscard]] SocketBed& socket_bed();

inline const Ip kNode4 = *Ip::parse("10.0.0.1");
inline const Ip kNode6 = *Ip::parse("fd00::1");

}  // namespace sp::test
