// SPDX-License-Identifier: Apache-2.0
// Faults: what goes wrong with which request, by order of a test or at random from a seed. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "tests/harness/fake_api/http.h"
#include "tests/harness/fake_api/status.h"

namespace sp::fake_api {

using Millis = std::chrono::milliseconds;

struct Fault {
  enum class What : std::uint8_t {
    status,       // answers `status`; `page` instead of a Status when set, as a load balancer in front would
    hang,         // never answers
    cut,          // sends `after_bytes` of the body, then the connection dies
    stall,        // sends `after_bytes` of the body, then nothing more, for ever
    garbage,      // sends `after_bytes` of the body, then `text` in between
    error_event,  // `after` the begin of a watch: an ERROR event with `status`, and the end
  };
  What what = What::status;
  std::string verb = {};      // "list", "watch", "get", ...; "continue" = a list's later pages; empty = any
  std::string resource = {};  // "services"; empty = any
  unsigned times = 1;         // that many requests meet it; 0 = until clear()
  Status status = {503, "ServiceUnavailable", "the server is currently unable to handle the request"};
  std::optional<unsigned> retry_after_s = {};
  std::string page = {};
  std::size_t after_bytes = 0;
  std::string text = "}{\"type\":";
  Millis after{0};
};

// How bodies travel, faults or not.
struct Wire {
  std::size_t max_piece = 0;  // bytes; each piece has a random length up to it. 0 = as the server wrote them
  Millis max_delay{0};        // random, before each piece
};

// Random faults.
struct Chaos {
  std::uint64_t seed = 1;
  double share = 0.3;                   // of requests that meet a fault
  std::size_t max_after_bytes = 20000;  // for cut, stall and garbage
  Millis max_after{2000};               // for error_event
  double stall_share = 0.1;             // of faults that are silence, which costs a client its patience
};

class FaultPlan {
 public:
  void inject(const Fault& fault);
  void set_chaos(const std::optional<Chaos>& chaos);
  void set_wire(const Wire& wire);
  // No faults, no chaos, no wire: the server behaves.
  void clear();

  // The fault that a request meets.
  [[nodiscard]] std::optional<Fault> next(const std::string& verb, const std::string& resource, bool later_page);
  [[nodiscard]] Wire wire() const;
  [[nodiscard]] std::uint64_t random();
  [[nodiscard]] std::uint64_t injected() const;

 private:
  std::optional<Fault> roll(const std::string& verb);

  mutable std::mutex lock_;
  std::list<Fault> faults_;
  std::optional<Chaos> chaos_;
  Wire wire_;
  std::mt19937_64 random_{1};
  std::uint64_t injected_ = 0;
};

// `inner` as a fault and a wire want it.
class ShapedReply : public Reply {
 public:
  ShapedReply(Reply& inner, const Wire& wire, std::optional<Fault> fault, std::uint64_t seed)
      : inner_(inner), wire_(wire), fault_(std::move(fault)), random_(seed) {}

  void begin(int status, const Headers& headers, std::optional<std::size_t> length) override;
  void write(std::string_view bytes) override;
  void finish() override;
  void cut() override;
  bool alive() override { return !over_ && inner_.alive(); }
  // Says nothing until the client or the server gives up.
  void fall_silent();

 private:
  void write_pieces(std::string_view bytes);
  void strike();

  Reply& inner_;
  const Wire wire_;
  std::optional<Fault> fault_;
  std::mt19937_64 random_;
  std::size_t sent_ = 0;
  bool over_ = false;
};

}  // namespace sp::fake_api
