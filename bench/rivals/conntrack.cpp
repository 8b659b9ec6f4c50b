// SPDX-License-Identifier: Apache-2.0
#include "bench/rivals/conntrack.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "loader/util/fd.h"
#include "tests/harness/netns.h"

namespace sp::bench {

namespace {

std::uint64_t number_in(const char* path) {
  std::uint64_t number = 0;
  std::ifstream(path) >> number;
  return number;
}

// Columns by name, since kernels add some; one line for each CPU, in hexadecimal.
std::map<std::string, std::uint64_t> column_sums() {
  std::ifstream file("/proc/thread-self/net/stat/nf_conntrack");
  std::string line;
  std::getline(file, line);
  std::istringstream heading(line);
  std::vector<std::string> names;
  for (std::string name; heading >> name;) names.push_back(name);
  std::map<std::string, std::uint64_t> sums;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string word;
    for (std::size_t i = 0; i < names.size() && words >> word; ++i) sums[names[i]] += std::stoull(word, nullptr, 16);
  }
  return sums;
}

}  // namespace

Result<Conntrack> read_conntrack(const std::string& netns) {
  SP_TRY_ASSIGN(inside, test::NetnsScope::enter(netns));
  auto sums = column_sums();
  if (sums.empty()) return Error{0, "network namespace " + netns + ": the kernel tells nothing of conntrack"};
  return Conntrack{.entries = number_in("/proc/sys/net/netfilter/nf_conntrack_count"),
                   .limit = number_in("/proc/sys/net/netfilter/nf_conntrack_max"),
                   .dropped = sums["drop"],
                   .early_dropped = sums["early_drop"],
                   .insert_failed = sums["insert_failed"]};
}

Result<void> empty_conntrack(const std::string& netns) {
  SP_TRY_ASSIGN(inside, test::NetnsScope::enter(netns));
  const Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  // A deletion that names no connection means all of them.
  struct {
    nlmsghdr header;
    nfgenmsg body;
  } message{{.nlmsg_len = sizeof message,
             .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8U | IPCTNL_MSG_CT_DELETE,
             .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
             .nlmsg_seq = 1,
             .nlmsg_pid = 0},
            {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = 0}};
  struct {
    nlmsghdr header;
    nlmsgerr body;
    std::array<char, 256> rest;
  } answer{};
  if (!fd.valid() || ::send(fd.get(), &message, sizeof message, 0) < 0 ||
      ::recv(fd.get(), &answer, sizeof answer, 0) < 0) {
    return errno_error(errno, "network namespace " + netns + ": empty conntrack");
  }
  if (answer.body.error != 0) return errno_error(answer.body.error, "network namespace " + netns + ": empty conntrack");
  return {};
}

}  // namespace sp::bench
