// SPDX-License-Identifier: Apache-2.0
// Sandbox: a network and a mount namespace for the test process alone, with a BPF file system in a folder of its own.
//
// Promises: everything goes away with the process, however it ends, but for one empty folder under /tmp that the
// destructor removes. The whole process lives in it from construction on, so make one before any thread.
#pragma once

#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace sp::test {

class Sandbox {
 public:
  Sandbox() {
    char pattern[] = "/tmp/sp-sandbox-XXXXXX";
    if (::mkdtemp(pattern) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = pattern;
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) throw std::runtime_error("unshare");
    // Without this, mounts of ours would show up in the machine's namespace.
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      throw std::runtime_error("mount --make-private");
    if (::mount("bpf", folder_.c_str(), "bpf", 0, "mode=0700") != 0) throw std::runtime_error("mount bpffs");
    run("ip link set lo up");
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox() {
    ::umount2(folder_.c_str(), MNT_DETACH);
    std::error_code ignored;
    std::filesystem::remove(folder_, ignored);
  }

  // A folder on the BPF file system.
  [[nodiscard]] const std::filesystem::path& bpffs() const { return folder_; }

  // A shell command that must succeed.
  void run(const std::string& command) const {
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  }
  // What a shell command prints.
  [[nodiscard]] std::string output(const std::string& command) const {
    std::string text;
    FILE* pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
    ::pclose(pipe);
    return text;
  }

  // Makes a veth pair, both ends up, and gives the index of the first.
  std::uint32_t add_veth(const std::string& name, const std::string& peer) const {
    run("ip link add " + name + " type veth peer name " + peer + " && ip link set " + name + " up && ip link set " +
        peer + " up");
    return ::if_nametoindex(name.c_str());
  }

  // Makes a network namespace that goes away with the sandbox and that `ip` knows by `name`.
  void add_namespace(const std::string& name) {
    // `ip` keeps names in a folder that the whole machine sees.
    if (!has_names_) run("mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns");
    has_names_ = true;
    run("ip netns add " + name);
  }

 private:
  bool has_names_ = false;
  std::filesystem::path folder_;
};

}  // namespace sp::test
