// SPDX-License-Identifier: Apache-2.0
// SynFlood: one CPU that sends SYNs of spoofed clients into a node, as fast as the node takes them, from start() until
// the object dies.
//
// Frames enter at the node's external device as a driver would hand them over: the XDP program of the device runs on
// them, or the stack gets them. They share no queue with other traffic, as on a NIC with a queue for each CPU.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "bench/flood/syn.h"
#include "loader/util/fd.h"
#include "tests/harness/lab.h"
// Behind the types that it speaks of.
#include "flood.skel.h"

namespace sp::bench {

struct FloodPlan {
  test::Host node;
  std::uint16_t port = 0;     // of the node
  bool runs_program = false;  // the one at the node's device
  unsigned cpu = 0;
};

class SynFlood {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SynFlood>> start(const FloodPlan& plan);
  SynFlood(const SynFlood&) = delete;
  SynFlood& operator=(const SynFlood&) = delete;
  ~SynFlood();

  // Frames so far; an error if the kernel has refused one.
  [[nodiscard]] Result<std::uint64_t> sent() const;

 private:
  explicit SynFlood(FloodPlan plan) : plan_(std::move(plan)), bpf_(flood_bpf::open_and_load()) {}
  Result<void> aim();
  Result<void> take_program();
  void send();

  struct Destroy {
    void operator()(flood_bpf* bpf) const { flood_bpf::destroy(bpf); }
  };
  FloodPlan plan_;
  std::unique_ptr<flood_bpf, Destroy> bpf_;
  unsigned ifindex_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<int> error_ = 0;
  std::thread thread_;
};

}  // namespace sp::bench
