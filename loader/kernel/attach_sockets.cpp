// SPDX-License-Identifier: Apache-2.0
#include "loader/kernel/attach_sockets.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "loader/kernel/pinned_object.h"
#include "loader/kernel/requirements.h"
#include "loader/util/fd.h"
#include "maps/names.h"

namespace sp::kernel {
namespace {

namespace fs = std::filesystem;

struct SocketHook {
  const char* program;
  bpf_attach_type type;
};

// What shows the frontend comes first: no socket may talk to a backend and be told so. What tidies up is before both.
constexpr std::array kHooks{
    SocketHook{SP_PROG_RELEASE, BPF_CGROUP_INET_SOCK_RELEASE},
    SocketHook{SP_PROG_PEERNAME4, BPF_CGROUP_INET4_GETPEERNAME},
    SocketHook{SP_PROG_PEERNAME6, BPF_CGROUP_INET6_GETPEERNAME},
    SocketHook{SP_PROG_RECVMSG4, BPF_CGROUP_UDP4_RECVMSG},
    SocketHook{SP_PROG_RECVMSG6, BPF_CGROUP_UDP6_RECVMSG},
    SocketHook{SP_PROG_CONNECT4, BPF_CGROUP_INET4_CONNECT},
    SocketHook{SP_PROG_CONNECT6, BPF_CGROUP_INET6_CONNECT},
    SocketHook{SP_PROG_SENDMSG4, BPF_CGROUP_UDP4_SENDMSG},
    SocketHook{SP_PROG_SENDMSG6, BPF_CGROUP_UDP6_SENDMSG},
};

struct Cgroup {
  fs::path path;
  Fd fd;
  __u64 id = 0;  // as bpf_link_info has it: the directory's inode number
};

Result<Cgroup> open_cgroup(const fs::path& path) {
  Cgroup cgroup{path, Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC))};
  struct stat facts {};
  if (!cgroup.fd.valid() || ::fstat(cgroup.fd.get(), &facts) != 0) {
    return errno_error(errno, "cgroup " + path.string() + ": open: name a cgroup v2 directory with --cgroup");
  }
  cgroup.id = facts.st_ino;
  return cgroup;
}

Error attach_error(const Cgroup& cgroup, const char* program, int err) {
  const Error error = errno_error(err, fmt::format("cgroup {}: attach {}", cgroup.path.string(), program));
  if (error.err == EBADF) {
    return Error{0, fmt::format("cgroup {} is not of cgroup v2: name a directory under a mount of type cgroup2 with "
                                "--cgroup, usually /sys/fs/cgroup",
                                cgroup.path.string())};
  }
  if (error.err == EPERM) {
    return Error{0, fmt::format("cgroup {}: attach {}: not permitted: run as root, or with CAP_BPF and CAP_NET_ADMIN; "
                                "if privileges are there, another program holds this hook for itself: find it with "
                                "`bpftool cgroup tree`",
                                cgroup.path.string(), program)};
  }
  return explain_privileges(error);
}

Result<PinnedObject> open_link(const fs::path& path) {
  PinnedObject link;
  link.path = path;
  link.fd = Fd(bpf_obj_get(path.c_str()));
  if (!link.fd.valid() && errno != ENOENT) return errno_error(errno, "pin " + path.string() + ": open");
  return link;
}

Result<bool> is_link_of(const PinnedObject& link, const Cgroup& cgroup) {
  bpf_link_info info{};
  __u32 info_bytes = sizeof info;
  if (const int err = bpf_obj_get_info_by_fd(link.fd.get(), &info, &info_bytes); err < 0) {
    return errno_error(err, "link " + link.path.string() + ": read its description");
  }
  // A removed cgroup has left a link of cgroup 0.
  return info.type == BPF_LINK_TYPE_CGROUP && info.cgroup.cgroup_id == cgroup.id;
}

// True when the link was there already.
Result<bool> attach_hook(const fs::path& pin, const Cgroup& cgroup, const SocketHook& hook, int program_fd) {
  SP_TRY_ASSIGN(present, open_link(pin));
  if (present.fd.valid()) {
    SP_TRY_ASSIGN(same, is_link_of(present, cgroup));
    if (same) {
      if (const int err = bpf_link_update(present.fd.get(), program_fd, nullptr); err < 0) {
        return errno_error(err, "link " + pin.string() + ": replace its program");
      }
      return true;
    }
  }
  const Fd made(bpf_link_create(program_fd, cgroup.fd.get(), hook.type, nullptr));
  if (!made.valid()) return attach_error(cgroup, hook.program, errno);
  if (present.fd.valid()) SP_TRY(withdraw_link(present));
  SP_TRY(pin_object(made.get(), pin));
  return false;
}

}  // namespace

Result<bool> attach_socket_hooks(const fs::path& pin_path, const fs::path& cgroup_path, const bpf_object* programs) {
  SP_TRY_ASSIGN(cgroup, open_cgroup(cgroup_path));
  bool adopted = true;
  for (const SocketHook& hook : kHooks) {
    const bpf_program* program = bpf_object__find_program_by_name(programs, hook.program);
    if (program == nullptr) return Error{0, fmt::format("the embedded BPF object has no {}", hook.program)};
    SP_TRY_ASSIGN(present,
                  attach_hook(pin_path / SP_SOCKET_DIR / hook.program, cgroup, hook, bpf_program__fd(program)));
    adopted = adopted && present;
  }
  return adopted;
}

Result<std::size_t> withdraw_socket_hooks(const fs::path& pin_path) {
  std::error_code none;
  std::vector<fs::path> pins;
  for (const auto& entry : fs::directory_iterator(pin_path / SP_SOCKET_DIR, none)) pins.push_back(entry.path());
  for (const fs::path& pin : pins) {
    SP_TRY_ASSIGN(link, open_link(pin));
    if (link.fd.valid()) SP_TRY(withdraw_link(link));
  }
  return pins.size();
}

}  // namespace sp::kernel
