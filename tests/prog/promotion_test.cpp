// SPDX-License-Identifier: Apache-2.0
// While one CPU moves a pair from the embryos to the flow table, others meet packets of it: each of them is translated,
// and none opens the flow a second time. Two threads run the program at once, a little further apart with each try.
#include <bpf/bpf.h>

#include <atomic>
#include <functional>
#include <thread>

#include "../harness/remote_backend.h"

namespace sp::test {
namespace {

constexpr unsigned kTries = 4000;

class Promotion : public RemoteBackendTest {
 protected:
  // Calls `first` here and `second` in another thread, `lag` turns of a loop later.
  class Pair {
   public:
    explicit Pair(std::function<void()> second) : second_(std::move(second)), thread_([this] { serve(); }) {}
    ~Pair() {
      turn_ = kEnd;
      thread_.join();
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    template <typename First>
    void run(const First& first, unsigned lag) {
      lag_ = lag;
      done_ = false;
      turn_ = kGo;
      while (turn_ != kSeen) std::this_thread::yield();
      first();
      while (!done_) std::this_thread::yield();
    }

   private:
    enum Turn { kWait, kGo, kSeen, kEnd };
    void serve() {
      while (turn_ != kEnd) {
        Turn go = kGo;
        if (!turn_.compare_exchange_strong(go, kSeen)) {
          std::this_thread::yield();
          continue;
        }
        for (unsigned i = lag_; i > 0; --i) static_cast<void>(turn_.load());
        second_();
        done_ = true;
      }
    }
    std::function<void()> second_;
    std::atomic<Turn> turn_{kWait};
    std::atomic<bool> done_{false};
    std::atomic<unsigned> lag_{0};
    std::thread thread_;
  };

  void forget_pairs() {
    auto& maps = bed.bpf().maps;
    for (bpf_map* map : {maps.sp_flows4, maps.sp_flows6, maps.sp_embryos4, maps.sp_embryos6}) {
      Bytes key(bpf_map__key_size(map));
      while (bpf_map_get_next_key(bpf_map__fd(map), nullptr, key.data()) == 0)
        bpf_map_delete_elem(bpf_map__fd(map), key.data());
    }
  }
  [[nodiscard]] Packet segment(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack) const {
    Packet packet = from_client(at.node, kNodePort);
    packet.flags = flags;
    packet.seq = seq;
    packet.ack = ack;
    return packet;
  }
};
SP_BOTH_FAMILIES(Promotion);

TEST_P(Promotion, ARepliesSegmentIsTranslatedWhileTheHandshakeEnds) {
  expose();
  Packet reply;
  Outcome out;
  Pair threads([&] { out = bed.xdp(reply); });
  for (unsigned i = 0; i < kTries; ++i) {
    const std::uint16_t port = source_port(bed.xdp(segment(kSyn, 1000, 0)).frame);
    Packet synack = from_backend(port);
    synack.flags = kSyn | kAck;
    synack.seq = 5000;
    synack.ack = 1001;
    bed.xdp(synack);
    reply = from_backend(port);
    reply.flags = kAck;
    reply.seq = 5001;
    reply.ack = 1001;
    threads.run([&] { bed.xdp(segment(kAck, 1001, 5001)); }, i % 512);
    ASSERT_EQ(out.action, XDP_TX) << "try " << i;
    ASSERT_EQ(out.frame, untranslated(reply).bytes()) << "try " << i;
    forget_pairs();
  }
}

TEST_P(Promotion, APodsReplyIsTranslatedWhereItLeavesWhileTheHandshakeEnds) {
  expose(at.local_pod);
  Packet reply;
  reply.src = at.local_pod;
  reply.sport = kPodPort;
  reply.dst = at.client;
  reply.dport = segment(0, 0, 0).sport;
  reply.ack = 1001;
  Packet want = reply;
  want.src = at.node;
  want.sport = kNodePort;
  want.seq = 5001;
  want.flags = kAck;
  Outcome out;
  Pair threads([&] { out = bed.egress(reply); });
  for (unsigned i = 0; i < kTries; ++i) {
    bed.xdp(segment(kSyn, 1000, 0));
    reply.seq = 5000;
    reply.flags = kSyn | kAck;
    bed.egress(reply);
    reply.seq = 5001;
    reply.flags = kAck;
    threads.run([&] { bed.xdp(segment(kAck, 1001, 5001)); }, i % 512);
    ASSERT_EQ(out.frame, want.bytes()) << "try " << i;
    forget_pairs();
  }
}

TEST_P(Promotion, ARequestKeepsItsPortWhileTheFirstReplyIsUnderWay) {
  expose(Protocol::udp);
  const Packet request = from_client(at.node, kNodePort, Protocol::udp);
  Outcome out;
  Pair threads([&] { out = bed.xdp(request); });
  bed.counts();
  for (unsigned i = 0; i < kTries; ++i) {
    const std::uint16_t port = source_port(bed.xdp(request).frame);
    Packet reply = from_backend(port);
    reply.protocol = Protocol::udp;
    threads.run([&] { bed.xdp(reply); }, i % 512);
    ASSERT_EQ(source_port(out.frame), port) << "try " << i;
    forget_pairs();
  }
  EXPECT_EQ(bed.counts().at("flow-new"), kTries);
}

}  // namespace
}  // namespace sp::test
