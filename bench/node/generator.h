// SPDX-License-Identifier: Apache-2.0
// Generator: sends frames into a node's ingress device, as its driver would, and knows what came out at the far side.
//
// Promises: one thread, one CPU: what a frame costs until the far side has dropped it is in the time that is told
// (cpu_time.h). Throws std::runtime_error when the kernel refuses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bench/node/cpu_time.h"
#include "bench/node/stream.h"
#include "bench/yardstick.h"
// Behind the types that it speaks of.
#include "node.skel.h"

namespace sp::bench {

// Where frames enter.
struct Entrance {
  std::string netns;
  std::uint32_t ifindex = 0;
  leave way = LEAVE_TO_STACK;
  int program_fd = -1;  // of LEAVE_TO_PROGRAM
};

enum class Direction { request, reply };

class Generator {
 public:
  Generator();

  // What a stream does `packets` times, from its position on, which moves: nanoseconds that they cost.
  double run(stream& what, Direction direction, const Entrance& entrance, std::uint32_t packets);
  [[nodiscard]] seen far_side() const { return bpf_->bss->seen; }
  // From now on checksums are checked, and what requests became is learned.
  void inspect(bool on) { bpf_->bss->seen.inspects = on ? 1 : 0; }
  // Attaches the far side to devices of the namespace that the thread is in.
  void sink_wire(std::uint32_t ifindex) const;
  void sink_pod(std::uint32_t ifindex) const;

  [[nodiscard]] const CpuTime& cpu_time() const { return cpu_time_; }
  [[nodiscard]] node_bpf& bpf() { return *bpf_; }

 private:
  struct Destroy {
    void operator()(node_bpf* bpf) const { node_bpf::destroy(bpf); }
  };
  CpuTime cpu_time_;
  std::unique_ptr<node_bpf, Destroy> bpf_;
};

}  // namespace sp::bench
