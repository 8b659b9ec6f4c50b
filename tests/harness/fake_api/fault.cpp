// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/fault.h"

#include <algorithm>
#include <thread>

namespace sp::fake_api {

void FaultPlan::inject(const Fault& fault) {
  const std::lock_guard guard(lock_);
  faults_.push_back(fault);
}

void FaultPlan::set_chaos(const std::optional<Chaos>& chaos) {
  const std::lock_guard guard(lock_);
  chaos_ = chaos;
  if (chaos) random_.seed(chaos->seed);
}

void FaultPlan::set_wire(const Wire& wire) {
  const std::lock_guard guard(lock_);
  wire_ = wire;
}

void FaultPlan::clear() {
  const std::lock_guard guard(lock_);
  faults_.clear();
  chaos_.reset();
  wire_ = {};
}

Wire FaultPlan::wire() const {
  const std::lock_guard guard(lock_);
  return wire_;
}

std::uint64_t FaultPlan::random() {
  const std::lock_guard guard(lock_);
  return random_();
}

std::uint64_t FaultPlan::injected() const {
  const std::lock_guard guard(lock_);
  return injected_;
}

std::optional<Fault> FaultPlan::next(const std::string& verb, const std::string& resource, bool later_page) {
  const std::lock_guard guard(lock_);
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    const bool right_verb = fault->verb.empty() || fault->verb == verb || (fault->verb == "continue" && later_page);
    if (!right_verb || (!fault->resource.empty() && fault->resource != resource)) continue;
    Fault result = *fault;
    if (fault->times != 0 && --fault->times == 0) faults_.erase(fault);
    ++injected_;
    return result;
  }
  std::optional<Fault> random = chaos_ ? roll(verb) : std::nullopt;
  if (random) ++injected_;
  return random;
}

std::optional<Fault> FaultPlan::roll(const std::string& verb) {
  std::uniform_real_distribution<double> share(0, 1);
  if (share(random_) >= chaos_->share) return std::nullopt;
  static const std::vector<Status> statuses = {
      {429, "TooManyRequests", "the server has received too many requests and has asked us to try again later"},
      {500, "InternalError", "Internal error occurred: etcdserver: leader changed"},
      {503, "ServiceUnavailable", "the server is currently unable to handle the request"},
      {504, "Timeout", "Timeout: request did not complete within the allotted timeout"},
      expired("too old resource version"),
  };
  // Wherever they land, no text that is JSON becomes other JSON: that would be a lie, which no client can see through.
  static const std::vector<std::string> garbage = {
      "}{\"type\":", std::string("\0\0\0", 3), "\n\n", "nul\n", "{\"type\":\"ADDED\",\"object\":{\"metadata\":7}}\n}",
      "\xff\xfe"};
  const auto below = [this](std::uint64_t bound) { return bound == 0 ? 0 : random_() % bound; };
  Fault fault;
  fault.after_bytes = below(chaos_->max_after_bytes);
  fault.after = Millis(below(static_cast<std::uint64_t>(chaos_->max_after.count())));
  fault.status = statuses[below(statuses.size())];
  fault.text = garbage[below(garbage.size())];
  if (fault.status.code == 429) fault.retry_after_s = 1;
  if (share(random_) < chaos_->stall_share) {
    fault.what = below(2) == 0 ? Fault::What::hang : Fault::What::stall;
    return fault;
  }
  static const std::vector<Fault::What> kinds = {Fault::What::status, Fault::What::cut, Fault::What::garbage,
                                                 Fault::What::error_event};
  fault.what = kinds[below(verb == "watch" ? 4 : 3)];
  if (fault.what == Fault::What::status && below(4) == 0) fault.page = "<html><body>502 Bad Gateway</body></html>";
  return fault;
}

void ShapedReply::begin(int status, const Headers& headers, std::optional<std::size_t> length) {
  // What is cut into pieces is of no length known before: inserted text would break the promise.
  inner_.begin(status, headers, fault_ && fault_->what == Fault::What::garbage ? std::nullopt : length);
}

void ShapedReply::write(std::string_view bytes) {
  if (over_) return;
  const bool strikes = fault_ && fault_->what != Fault::What::status && fault_->what != Fault::What::error_event;
  if (!strikes || sent_ + bytes.size() <= fault_->after_bytes) {
    write_pieces(bytes);
    return;
  }
  const std::size_t before = fault_->after_bytes - sent_;
  write_pieces(bytes.substr(0, before));
  strike();
  if (!over_) write_pieces(bytes.substr(before));
}

void ShapedReply::strike() {
  const Fault fault = *std::exchange(fault_, std::nullopt);
  if (fault.what == Fault::What::garbage) {
    inner_.write(fault.text);
  } else if (fault.what == Fault::What::cut) {
    cut();
  } else {
    fall_silent();
  }
}

void ShapedReply::write_pieces(std::string_view bytes) {
  sent_ += bytes.size();
  if (wire_.max_piece == 0 && wire_.max_delay == Millis(0)) {
    inner_.write(bytes);
    return;
  }
  while (!bytes.empty() && inner_.alive()) {
    const std::size_t bound = wire_.max_piece == 0 ? bytes.size() : wire_.max_piece;
    const std::size_t piece = std::min<std::size_t>(bytes.size(), 1 + random_() % bound);
    if (wire_.max_delay > Millis(0)) {
      std::this_thread::sleep_for(Millis(random_() % (static_cast<std::uint64_t>(wire_.max_delay.count()) + 1)));
    }
    inner_.write(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
  }
}

void ShapedReply::finish() {
  if (!over_) inner_.finish();
}

void ShapedReply::cut() {
  over_ = true;
  inner_.cut();
}

void ShapedReply::fall_silent() {
  while (inner_.alive()) std::this_thread::sleep_for(Millis(20));
  over_ = true;
}

}  // namespace sp::fake_api
