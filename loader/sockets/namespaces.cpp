// SPDX-License-Identifier: Apache-2.0
#include "loader/sockets/namespaces.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "loader/util/netns_visit.h"

namespace sp::sockets {
namespace {

namespace fs = std::filesystem;

Error visit_error(int err) {
  if (err == EPERM || err == EACCES) {
    return Error{0,
                 "sockets of Pods cannot be reached: connected UDP sockets stay with backends that are gone: give "
                 "the agent CAP_SYS_ADMIN (setns)"};
  }
  return errno_error(err, "enter a network namespace (setns)");
}

}  // namespace

// Both, so that a name that is taken again right now is never taken for the old one.
Result<Namespaces::Place> Namespaces::open_place(const fs::path& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!fd.valid() || ::fstat(fd.get(), &facts) != 0) return errno_error(errno, path.string());
  return Place{std::move(fd), {facts.st_ino, facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec}};
}

Result<Namespaces> Namespaces::open(fs::path folder) {
  SP_TRY_ASSIGN(home, open_own_netns());
  SP_TRY_ASSIGN(here, SockDiag::open());
  SP_TRY_ASSIGN(cookie, here.netns_cookie());
  Namespaces namespaces(std::move(folder), std::move(home));
  namespaces.home_cookie_ = cookie;
  return namespaces;
}

Result<SockDiag> Namespaces::visit(const Fd& place) const {
  const auto there = NetnsVisit::enter(place, home_);
  return there ? SockDiag::open() : visit_error(there.error().err);
}

void Namespaces::refresh() {
  problem_.clear();
  std::map<fs::path, Seen> seen;
  std::error_code ended;
  for (fs::directory_iterator entry(folder_, ended), end; !ended && entry != end; entry.increment(ended)) {
    const auto place = open_place(entry->path());
    if (!place) continue;
    const auto& [fd, identity] = *place;
    if (const auto known = named_.find(entry->path()); known != named_.end() && known->second.identity == identity) {
      seen.insert(*known);
      continue;
    }
    const auto sockets = visit(fd);
    // A file that was left behind is no namespace: EINVAL. Nobody is in there.
    if (!sockets) {
      if (sockets.error().err != EINVAL) problem_ = sockets.error().text();
      continue;
    }
    if (const auto cookie = sockets->netns_cookie()) seen[entry->path()] = {identity, *cookie};
  }
  if (ended) {
    problem_ = errno_error(ended.value(), folder_.string() +
                                              ": sockets of Pods cannot be reached: mount it into the "
                                              "agent's container, if it has one")
                   .text();
  }
  named_ = std::move(seen);
}

Result<SockDiag> Namespaces::sockets_of(std::uint64_t cookie) {
  if (cookie == home_cookie_) return SockDiag::open();
  const auto found =
      std::find_if(named_.begin(), named_.end(), [cookie](const auto& entry) { return entry.second.cookie == cookie; });
  if (found == named_.end()) {
    return problem_.empty() ? Error{ENOENT, "network namespace unknown"} : Error{0, problem_};
  }
  SP_TRY_ASSIGN(place, open_place(found->first));
  SP_TRY_ASSIGN(sockets, visit(place.fd));
  SP_TRY_ASSIGN(actual, sockets.netns_cookie());
  if (actual != cookie) return Error{ENOENT, "network namespace gone"};
  return sockets;
}

}  // namespace sp::sockets
