// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/watch_exchange.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace sp::kube {
namespace {

// A version as a number; nothing for one that is none, which is compared with nothing then.
std::optional<std::uint64_t> number_of(std::string_view version) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  return error == std::errc{} && end == version.data() + version.size() ? std::optional(number) : std::nullopt;
}

bool is_older(std::string_view version, std::string_view than) {
  const auto left = number_of(version);
  const auto right = number_of(than);
  return left && right && *left < *right;
}

std::string_view version_of(simdjson::dom::element object) {
  std::string_view version;
  return object["metadata"]["resourceVersion"].get(version) == simdjson::SUCCESS ? version : std::string_view();
}

}  // namespace

Result<std::unique_ptr<WatchExchange>> WatchExchange::create(ReflectorContext& context, const Resource& resource,
                                                             ObjectSink& sink, ResourceStats& stats, Done done,
                                                             Alive alive) {
  std::unique_ptr<WatchExchange> watch(
      new WatchExchange(context, resource, sink, stats, std::move(done), std::move(alive)));
  SP_TRY_ASSIGN(timer, context.loop.add_timer([self = watch.get()] { self->check(); }));
  watch->check_timer_ = timer;
  return watch;
}

WatchExchange::WatchExchange(ReflectorContext& context, const Resource& resource, ObjectSink& sink,
                             ResourceStats& stats, Done done, Alive alive)
    : context_(context),
      resource_(resource),
      sink_(sink),
      stats_(stats),
      done_(std::move(done)),
      alive_(std::move(alive)),
      probe_(context, resource, [this](const ApiEnd& end, const std::string& version) { take_probe(end, version); }) {}

WatchExchange::~WatchExchange() {
  stop();
  context_.loop.remove(check_timer_);
}

void WatchExchange::begin(std::string resource_version) {
  stop();
  resource_version_ = std::move(resource_version);
  needs_list_ = late_bookmark_ = false;
  error_event_.reset();
  head_ = {};
  error_body_.clear();
  lines_ = LineAssembler(kMaxObjectBytes);
  silences_ = 0;
  const Timing& timing = context_.timing;
  const auto range = static_cast<double>((timing.watch_longest - timing.watch_shortest).count());
  const auto timeout = timing.watch_shortest + std::chrono::seconds(std::lround(range * context_.random()));
  started_ = quiet_since_ = Clock::now();
  deadline_ = started_ + timeout + timing.watch_grace;
  ++stats_.watches;

  http::Request request;
  request.target = resource_.path + "?" + resource_.selector + (resource_.selector.empty() ? "" : "&") +
                   "watch=1&allowWatchBookmarks=true&resourceVersion=" + query_encoded(resource_version_) +
                   "&timeoutSeconds=" + std::to_string(timeout.count());
  // Silence is judged here, where a probe can excuse it.
  request.max_silence = timeout + 2 * timing.watch_grace;
  ApiHandlers handlers;
  handlers.head = [this](const http::Head& head) { take_head(head); };
  handlers.body = [this](std::string_view bytes) { take_bytes(bytes); };
  handlers.end = [this](const ApiEnd& end) { take_end(end); };
  exchange_ = context_.api.start(std::move(request), std::move(handlers));
  arm_check();
}

void WatchExchange::take_head(const http::Head& head) {
  head_ = head;
  quiet_since_ = Clock::now();
  stats_.last_contact = quiet_since_;
  if (head.status == 200) {
    alive_();
  }
}

void WatchExchange::take_bytes(std::string_view bytes) {
  quiet_since_ = Clock::now();
  stats_.last_contact = quiet_since_;
  silences_ = 0;
  if (probe_.is_running()) {
    probe_.cancel();
    arm_check();
  }
  if (head_.status != 200) {
    error_body_.append(bytes.substr(0, kMaxErrorBytes - std::min(kMaxErrorBytes, error_body_.size())));
    return;
  }
  const Result<void> taken = lines_.feed(bytes, [this](std::string& line) { return take_event(line); });
  if (!taken) {
    cut(error_event_ ? *error_event_ : content_outcome(resource_, "watch", taken.error().what));
  }
}

Result<void> WatchExchange::take_event(std::string& line) {
  const auto event = context_.parser.parse(line);
  if (!event) {
    return Error{0, "has a line that is no JSON: " + event.error().what};
  }
  std::string_view type;
  simdjson::dom::element object;
  if ((*event)["type"].get(type) != simdjson::SUCCESS || (*event)["object"].get(object) != simdjson::SUCCESS ||
      !object.is_object()) {
    return Error{0, "has a line without type and object"};
  }
  if (type == "BOOKMARK") {
    return take_bookmark(object);
  }
  if (type == "ERROR") {
    error_event_ = outcome_of_error_event(resource_, object);
    return Error{0, "is an error"};
  }
  return take_object(type, object);
}

Result<void> WatchExchange::take_object(std::string_view type, simdjson::dom::element object) {
  const std::string_view version = version_of(object);
  if (is_older(version, resource_version_)) {
    needs_list_ = true;
    return Error{0, "has an event of version " + std::string(version) + " after version " + resource_version_};
  }
  if (type == "ADDED") {
    ++stats_.added;
    sink_.put(object);
  } else if (type == "MODIFIED") {
    ++stats_.modified;
    sink_.put(object);
  } else if (type == "DELETED") {
    ++stats_.deleted;
    sink_.remove(object);
  } else {
    return Error{0, "has an event of unknown type " + std::string(type)};
  }
  if (!version.empty()) {
    resource_version_ = version;
  }
  alive_();
  return {};
}

// A replica of the server that lags behind may begin with an old bookmark. A second one means that the server's history
// is another one, as after a restore from a backup.
Result<void> WatchExchange::take_bookmark(simdjson::dom::element object) {
  ++stats_.bookmarks;
  const std::string_view version = version_of(object);
  if (!is_older(version, resource_version_)) {
    if (!version.empty()) {
      resource_version_ = version;
    }
    late_bookmark_ = false;
    alive_();
    return {};
  }
  if (!std::exchange(late_bookmark_, true)) {
    return {};
  }
  needs_list_ = true;
  return Error{0, "has bookmarks of version " + std::string(version) + " after version " + resource_version_};
}

void WatchExchange::take_end(const ApiEnd& end) {
  exchange_.reset();
  stop();
  if (end.access || end.failure != http::Failure::none) {
    done_(outcome_of_end(resource_, "watch", end));
  } else if (head_.status != 200) {
    done_(outcome_of_status(resource_, "watch", head_, std::move(error_body_), context_.parser));
  } else {
    done_(lines_.in_line() ? content_outcome(resource_, "watch", "ends within a line") : Outcome{});
  }
}

void WatchExchange::arm_check() {
  const auto next = std::min(deadline_, quiet_since_ + context_.timing.silence);
  context_.loop.start_once(check_timer_, std::max(next - Clock::now(), Clock::duration::zero()));
}

void WatchExchange::check() {
  const auto now = Clock::now();
  if (now >= deadline_) {
    cut({});
  } else if (probe_.is_running()) {
    context_.api.renew_connections();
    cut(outcome_of_end({false, http::Failure::silent, "the server answers neither a watch nor a list"}));
  } else if (now - quiet_since_ < context_.timing.silence) {
    arm_check();
  } else if (silences_ > 0) {
    // The server is there, but what stands in between may have lost this connection. To go on with another one costs
    // next to nothing.
    context_.api.renew_connections();
    cut({});
  } else {
    begin_probe();
  }
}

void WatchExchange::begin_probe() {
  probe_.begin();
  context_.loop.start_once(check_timer_, context_.timing.probe_limit);
}

void WatchExchange::take_probe(const ApiEnd& end, const std::string& version) {
  if (end.access || end.failure != http::Failure::none) {
    context_.api.renew_connections();
    cut(outcome_of_end(end));
    return;
  }
  if (is_older(version, resource_version_)) {
    needs_list_ = true;
    cut(content_outcome(resource_, "watch",
                        "is silent, as the server is at version " + version + " and we are at " + resource_version_ +
                            ": it was restored from a backup"));
    return;
  }
  ++silences_;
  quiet_since_ = Clock::now();
  arm_check();
}

void WatchExchange::cut(const Outcome& outcome) {
  const Outcome copy = outcome;  // may be a member, and begin() resets it
  stop();
  done_(copy);
}

void WatchExchange::stop() {
  context_.loop.cancel(check_timer_);
  if (exchange_) {
    context_.api.cancel(*std::exchange(exchange_, std::nullopt));
  }
  probe_.cancel();
}

}  // namespace sp::kube
