// SPDX-License-Identifier: Apache-2.0
#include "loader/sockets/stale_sockets.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "loader/kernel/map.h"
#include "maps/socket.h"

namespace sp::sockets {
namespace {

using Clock = std::chrono::steady_clock;
using Peers = kernel::Map<sp_sock_peer_key, sp_sock_peer_val>;
using Peer = std::pair<sp_sock_peer_key, sp_sock_peer_val>;

bool same_address(const sp_addr& a, const sp_addr& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

struct StaleSockets::State {
  Peers peers;
  sync::RowArray<sp_backend_val> backends;
  Namespaces namespaces;

  [[nodiscard]] bool stale(const sp_sock_peer_key& key, const sp_sock_peer_val& peer) const;
  // Stale entries by network namespace.
  Result<std::map<std::uint64_t, std::vector<Peer>>> find();
  Result<std::size_t> end_in(std::uint64_t netns, const std::vector<Peer>& stale_peers);
  Result<void> forget(const Peer& peer);
};

bool StaleSockets::State::stale(const sp_sock_peer_key& key, const sp_sock_peer_val& peer) const {
  if (key.way != SP_SOCK_TO_BACKEND || (peer.flags & SP_SOCK_CONNECTED) == 0) return false;
  return peer.backend_id >= backends.size() ||
         __atomic_load_n(&backends[peer.backend_id].generation, __ATOMIC_RELAXED) != peer.backend_generation;
}

Result<std::map<std::uint64_t, std::vector<Peer>>> StaleSockets::State::find() {
  std::map<std::uint64_t, std::vector<Peer>> found;
  SP_TRY(peers.walk([&](const sp_sock_peer_key& key, const sp_sock_peer_val& peer) {
    if (stale(key, peer)) found[peer.netns_cookie].emplace_back(key, peer);
  }));
  return found;
}

// Unless the socket has got another backend meanwhile.
Result<void> StaleSockets::State::forget(const Peer& peer) {
  SP_TRY_ASSIGN(now, peers.lookup(peer.first));
  if (!now || std::memcmp(&*now, &peer.second, sizeof *now) != 0) return {};
  return peers.erase(peer.first);
}

Result<std::size_t> StaleSockets::State::end_in(std::uint64_t netns, const std::vector<Peer>& stale_peers) {
  std::vector<ConnectedUdp> connected;
  Result<SockDiag> opened = namespaces.sockets_of(netns);
  // A namespace that is gone took its sockets along.
  if (!opened && opened.error().err != ENOENT) return std::move(opened).error();
  if (opened) {
    SP_TRY_ASSIGN(found, opened->connected_udp());
    connected = std::move(found);
  }
  std::map<std::uint64_t, const ConnectedUdp*> by_cookie;
  for (const ConnectedUdp& socket : connected) by_cookie[socket.cookie()] = &socket;

  std::size_t ended = 0;
  std::vector<sp_sock_peer_key> dead;
  for (const Peer& peer : stale_peers) {
    const auto socket = by_cookie.find(peer.first.cookie);
    if (socket == by_cookie.end()) {
      dead.push_back(peer.first);
      continue;
    }
    if (socket->second->peer_port() == peer.second.port && same_address(socket->second->peer(), peer.second.addr)) {
      SP_TRY_ASSIGN(was_there, opened->end(*socket->second));
      ended += was_there ? 1 : 0;
    }
    SP_TRY(forget(peer));
  }
  SP_TRY(peers.erase(dead));
  return ended;
}

StaleSockets::StaleSockets(std::unique_ptr<State> state) : state_(std::move(state)) {}
StaleSockets::StaleSockets(StaleSockets&&) noexcept = default;
StaleSockets& StaleSockets::operator=(StaleSockets&&) noexcept = default;
StaleSockets::~StaleSockets() = default;

Result<StaleSockets> StaleSockets::open(const std::filesystem::path& pin_path, sync::RowArray<sp_backend_val> backends,
                                        std::filesystem::path namespaces) {
  SP_TRY_ASSIGN(peers, Peers::open(pin_path, "sp_sock_peers", BPF_MAP_TYPE_LRU_HASH, kernel::Access::read_write));
  SP_TRY_ASSIGN(known, Namespaces::open(std::move(namespaces)));
  return StaleSockets(std::make_unique<State>(State{std::move(peers), backends, std::move(known)}));
}

StaleSockets::Pass StaleSockets::end(std::chrono::milliseconds budget) {
  const auto deadline = Clock::now() + budget;
  Pass pass;
  const auto found = state_->find();
  if (!found) {
    pass.problems.push_back(found.error().text());
    return pass;
  }
  if (found->empty()) return pass;
  state_->namespaces.refresh();
  for (auto entry = found->begin(); entry != found->end(); ++entry) {
    if (entry != found->begin() && Clock::now() >= deadline) {
      pass.unfinished = true;
      break;
    }
    const auto ended = state_->end_in(entry->first, entry->second);
    if (ended) {
      pass.ended += *ended;
    } else {
      pass.problems.push_back(ended.error().text());
    }
  }
  return pass;
}

}  // namespace sp::sockets
