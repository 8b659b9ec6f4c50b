// SPDX-License-Identifier: Apache-2.0
// Rig: the shipped programs and the yardstick, loaded side by side over tables of one size, and the clock.
//
// Promises: sp_flows* and bare_flows* of `family` have the same number of entries, all other maps of the shipped
// programs are as the agent makes them; time is that of this thread, so what others take of the machine is not in it.
#pragma once

#include <cstdint>
#include <memory>

#include "bench/prog/stream.h"
#include "tests/harness/testbed.h"
#include "yardstick.skel.h"

namespace sp::bench {

// The programs that replay one kind of packet: to nobody, and to a program under test.
struct Replayer {
  bpf_program* idle = nullptr;
  bpf_program* busy = nullptr;
};

class Rig {
 public:
  Rig(Family family, std::uint32_t flow_entries);

  [[nodiscard]] test::Testbed& bed() { return bed_; }
  // The first of 4M addresses behind the router.
  [[nodiscard]] Ip clients() const;
  [[nodiscard]] yardstick_bpf& yardstick() { return *yardstick_; }
  // `answered` when the program in `slot` may turn packets into longer ones.
  [[nodiscard]] Replayer replayer(Protocol protocol, replay_slot slot, bool answered = false) const;
  // The yardstick of the rig's family.
  [[nodiscard]] bpf_program* bare() const;
  [[nodiscard]] bpf_program* ours() { return bed_.bpf().progs.sp_xdp; }

  // Replays packet row.index of a stream; the row goes on by one.
  test::Outcome once(bpf_program* replayer, replay& row);
  // Nanoseconds of replaying one packet, the mean of `packets`. Throws when the last one did not leave by `action`.
  double time(bpf_program* replayer, replay& row, std::uint32_t packets, std::uint32_t action);

 private:
  struct Destroy {
    void operator()(yardstick_bpf* bpf) const { yardstick_bpf::destroy(bpf); }
  };
  void arm(replay_slot slot, const bpf_program* program);
  void keep_dispatched();
  void put(const replay& row);
  std::uint32_t run(bpf_program* replayer, replay& row, std::uint32_t packets, test::Bytes& out);

  Family family_;
  test::Testbed bed_;
  std::unique_ptr<yardstick_bpf, Destroy> yardstick_;
};

}  // namespace sp::bench
