// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/reflector.h"

#include <algorithm>
#include <utility>

namespace sp::kube {
namespace {

using std::chrono::milliseconds;

// After the end that every watch has: time enough for nodes not to come back together.
constexpr double kResumeSpreadMs = 100;
// The first 401 is what an expired token gives; Access looks for a fresh one at once.
constexpr milliseconds kAfterRefusal{100};
// A server that asks for more than that is asked again all the same.
constexpr std::chrono::seconds kLongestRetryAfter{300};

}  // namespace

Result<std::unique_ptr<Reflector>> Reflector::create(ReflectorContext& context, Resource resource, ObjectSink& sink) {
  std::unique_ptr<Reflector> reflector(new Reflector(context, std::move(resource), sink));
  SP_TRY(reflector->open());
  return reflector;
}

Reflector::Reflector(ReflectorContext& context, Resource resource, ObjectSink& sink)
    : context_(context),
      resource_(std::move(resource)),
      sink_(sink),
      backoff_(context.timing.backoff_first, context.timing.backoff_longest, context.random),
      list_(context, resource_, sink, stats_, [this](const Outcome& outcome) { take_list_end(outcome); }) {}

Result<void> Reflector::open() {
  SP_TRY_ASSIGN(watch, WatchExchange::create(
                           context_, resource_, sink_, stats_,
                           [this](const Outcome& outcome) { take_watch_end(outcome); }, [this] { take_alive(); }));
  SP_TRY_ASSIGN(retry, context_.loop.add_timer([this] { go_on(); }));
  SP_TRY_ASSIGN(limit, context_.loop.add_timer([this] { give_up_list(); }));
  SP_TRY_ASSIGN(recovered, context_.loop.add_timer([this] { problem_.clear(); }));
  watch_ = std::move(watch);
  retry_timer_ = retry;
  list_limit_timer_ = limit;
  recovered_timer_ = recovered;
  context_.loop.start_once(retry_timer_, milliseconds::zero());
  return {};
}

Reflector::~Reflector() {
  for (const EventLoop::Timer timer : {retry_timer_, list_limit_timer_, recovered_timer_}) {
    context_.loop.remove(timer);
  }
}

ResourceStats Reflector::stats() const {
  ResourceStats stats = stats_;
  stats.objects = sink_.size();
  stats.rejected = sink_.rejected();
  return stats;
}

void Reflector::go_on() {
  if (next_ == Next::watch) {
    watch_->begin(std::string(watch_->resource_version()));
    return;
  }
  stats_.relists += stats_.listed ? 1 : 0;
  context_.loop.start_once(list_limit_timer_, context_.timing.list_limit);
  list_.begin(next_ == Next::list_any ? ListExchange::Freshness::any : ListExchange::Freshness::latest);
}

void Reflector::give_up_list() {
  list_.cancel();
  take_list_end(outcome_of_end({false, http::Failure::silent, "a list has not ended in time"}));
}

void Reflector::take_list_end(const Outcome& outcome) {
  context_.loop.cancel(list_limit_timer_);
  if (outcome.failure) {
    problem_is_of_list_ = true;
    next_ = outcome.failure == Cause::gone ? Next::list_latest : next_;
    if (outcome.failure == Cause::server && outcome.is_final && !resource_.older_selector.empty()) {
      resource_.selector = std::exchange(resource_.older_selector, {});
    }
    fail(outcome);
    return;
  }
  stats_.listed = true;
  refused_ = false;
  remark_.clear();
  if (problem_is_of_list_) {
    problem_.clear();
  }
  next_ = Next::watch;
  watch_->begin(list_.resource_version());
}

void Reflector::take_alive() {
  if (!std::exchange(stats_.synced, true)) {
    refused_ = false;
    context_.loop.start_once(recovered_timer_, context_.timing.recovered);
  }
}

void Reflector::take_watch_end(const Outcome& outcome) {
  stats_.synced = false;
  context_.loop.cancel(recovered_timer_);
  if (watch_->age() >= context_.timing.settled) {
    backoff_.reset();
  }
  next_ = after_watch(outcome);
  if (outcome.failure) {
    problem_is_of_list_ = false;
    fail(outcome);
    return;
  }
  const bool good = watch_->age() >= context_.timing.watch_too_short;
  const milliseconds soon(static_cast<milliseconds::rep>(kResumeSpreadMs * context_.random()));
  context_.loop.start_once(retry_timer_, good ? soon : backoff_.next());
}

Reflector::Next Reflector::after_watch(const Outcome& outcome) {
  // What fails twice at one version would fail for ever: a list leads past it.
  const bool stuck = outcome.failure == Cause::content || outcome.failure == Cause::server;
  const bool again = stuck && bad_version_ == watch_->resource_version();
  bad_version_ = stuck && !again ? watch_->resource_version() : "";
  const bool in_vain = outcome.failure == Cause::gone || outcome.is_final || again || watch_->needs_list();
  return in_vain ? Next::list_latest : Next::watch;
}

void Reflector::fail(const Outcome& outcome) {
  const Cause cause = *outcome.failure;
  ++stats_.failures.at(static_cast<std::size_t>(cause));
  denied_ = cause == Cause::forbidden || cause == Cause::not_found || denied_;
  if (cause == Cause::not_found && resource_.may_be_unknown) {
    remark_ = outcome.text;
    problem_.clear();
  } else if (cause != Cause::gone) {
    problem_ = outcome.text;
  }
  context_.loop.start_once(retry_timer_, delay_after(outcome));
}

Backoff::Delay Reflector::delay_after(const Outcome& outcome) {
  const Backoff::Delay delay = backoff_.next();
  if (outcome.failure == Cause::unauthorized) {
    context_.api.refused();
    return std::exchange(refused_, true) ? delay : std::min(delay, kAfterRefusal);
  }
  if (outcome.failure == Cause::not_found && resource_.may_be_unknown) {
    return context_.timing.unknown_again + delay;
  }
  if (outcome.retry_after) {
    // Not earlier than asked for, and not all at once.
    const milliseconds asked = std::min(*outcome.retry_after, kLongestRetryAfter);
    return asked + delay;
  }
  return delay;
}

}  // namespace sp::kube
