// SPDX-License-Identifier: Apache-2.0
// Watches: from which state they begin, what they say of each change, and how they end.
#include "tests/harness/fake_api/service.h"
#include "tests/harness/fake_api/service_call.h"

namespace sp::fake_api {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{50};             // how long a client may have gone unnoticed
constexpr std::chrono::milliseconds kBeforeTheEnd{2'000};  // a last bookmark comes that long before the time is up

std::string event_line(std::string_view type, const std::string& object) {
  return R"({"type":")" + std::string(type) + R"(","object":)" + object + "}\n";
}

std::string bookmark_line(const Resource& resource, Version version, bool ends_list) {
  Json meta = {{"resourceVersion", std::to_string(version)}, {"creationTimestamp", nullptr}};
  if (ends_list) meta["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  return event_line("BOOKMARK", R"({"kind":")" + std::string(resource.kind) + R"(","apiVersion":")" +
                                    resource.api_version() + R"(","metadata":)" + meta.dump() + "," +
                                    std::string(resource.empty_fields) + "}");
}

// One watch under way.
class Watch {
 public:
  Watch(Service& service, const Resource& resource, const std::string& ns, const ListOptions& options, Reply& reply)
      : service_(service),
        resource_(resource),
        ns_(ns),
        options_(options),
        settings_(service.settings()),
        reply_(reply),
        orders_seen_(service.orders().mark()),
        began_(Clock::now()) {
    deadline_ = began_ + options.timeout.value_or(settings_.default_timeout);
    schedule_bookmark();
  }

  void send_initial_state(bool told_end) {
    auto [table, version] = service_.store().now(resource_);
    for (const auto& [key, object] : table) {
      if (selects(object)) reply_.write(event_line("ADDED", object->typed_text()));
    }
    position_ = version;
    if (told_end && options_.bookmarks) reply_.write(bookmark_line(resource_, version, true));
  }

  void run(Version from, const std::optional<Fault>& fault) {
    position_ = from;
    while (reply_.alive() && !over_) {
      send_news();
      obey_orders();
      if (over_) return;
      const auto now = Clock::now();
      if (fault && fault->what == Fault::What::error_event && now >= began_ + fault->after) {
        return end_with(event_line("ERROR", fault->status.text()));
      }
      if (now >= deadline_) return end_with("");
      if (now >= next_bookmark_) send_bookmark();
      service_.store().await(seen_, std::min(now + kLook, deadline_));
    }
  }

  [[nodiscard]] Version position() const { return position_; }

 private:
  [[nodiscard]] bool selects(const ObjectPtr& object) const {
    return object != nullptr && (ns_.empty() || field_text(object->value, "metadata.namespace") == ns_) &&
           options_.selects(object->value);
  }

  void send_news() {
    const Store::News news = service_.store().since(resource_, position_);
    for (const Change& change : news.changes) {
      const std::string line = line_of(change);
      if (!line.empty()) reply_.write(line);
    }
    seen_ = news.until;
    position_ = std::max(position_, news.until);
  }

  // What the change looks like through the selectors: an object that no longer matches is deleted, in the state in
  // which it last matched, under the version of the change.
  [[nodiscard]] std::string line_of(const Change& change) const {
    const bool was = selects(change.before);
    const bool is = selects(change.after);
    if (is) return event_line(was ? "MODIFIED" : "ADDED", change.after->typed_text());
    return was ? event_line("DELETED", change.before->at(change.version)->typed_text()) : "";
  }

  void send_bookmark() {
    // A position ahead of the store is one of another server's history: there is nothing to say yet.
    if (position_ <= seen_) reply_.write(bookmark_line(resource_, position_, false));
    schedule_bookmark();
  }

  void schedule_bookmark() {
    const auto now = Clock::now();
    next_bookmark_ = now + settings_.bookmark_interval;
    const auto last = deadline_ - kBeforeTheEnd;
    if (last > now) next_bookmark_ = std::min(next_bookmark_, last);
    if (!options_.bookmarks || !settings_.bookmarks) next_bookmark_ = Clock::time_point::max();
  }

  void obey_orders() {
    for (const WatchOrder& order : service_.orders().take(orders_seen_, resource_.plural)) {
      if (!over_) obey(order);
    }
  }

  void obey(const WatchOrder& order) {
    using What = WatchOrder::What;
    if (order.what == What::bookmark && options_.bookmarks) reply_.write(bookmark_line(resource_, position_, false));
    if (order.what == What::raw) reply_.write(order.text);
    if (order.what == What::finish) end_with("");
    if (order.what == What::error) end_with(event_line("ERROR", order.status.text()));
    if (order.what == What::cut_line) reply_.write(R"({"type":"MODIFIED","object":{"kind":")");
    if (order.what == What::cut || order.what == What::cut_line) reply_.cut();
    if (order.what == What::stall) {
      while (reply_.alive()) service_.store().await(service_.store().version(), Clock::now() + kLook);
    }
    over_ = over_ || order.what == What::cut || order.what == What::cut_line || order.what == What::stall;
  }

  void end_with(const std::string& line) {
    if (!line.empty()) reply_.write(line);
    reply_.finish();
    over_ = true;
  }

  Service& service_;
  const Resource& resource_;
  const std::string& ns_;
  const ListOptions& options_;
  const Settings settings_;
  Reply& reply_;
  std::size_t orders_seen_;
  const Clock::time_point began_;
  Clock::time_point deadline_;
  Clock::time_point next_bookmark_;
  Version position_ = 0;  // everything up to here has been told
  Version seen_ = 0;      // the store's version when it was last asked
  bool over_ = false;
};

}  // namespace

void Service::serve_watch(Call& call, const ListOptions& options) {
  const bool from_any = options.version.value_or(0) == 0;
  const bool initial = options.send_initial_events.value_or(from_any);
  const bool streams_list = options.send_initial_events == true;
  Watch watch(*this, call.resource(), call.place.ns, options, call.reply);
  if (streams_list && options.version.value_or(0) > store_.version()) {
    return refuse(call, too_large_version(*options.version, store_.version()));
  }
  const bool is_expired = !from_any && !streams_list && store_.compacted(*options.version);
  const Status too_old = expired("too old resource version: " + std::to_string(options.version.value_or(0)) + " (" +
                                 std::to_string(store_.version()) + ")");
  if (is_expired && settings().expired_as_status) return refuse(call, too_old);
  Version from = from_any ? store_.version() : *options.version;
  // A server sends the head of a watch at once, long before there may be an event.
  call.reply.begin(200, answer_headers(settings(), "application/json"), std::nullopt);
  if (is_expired) {
    call.reply.write(event_line("ERROR", too_old.text()));
    return call.reply.finish();
  }
  if (initial) {
    watch.send_initial_state(streams_list);
    from = watch.position();
  }
  // A version that lies in the future is another history's: the real server waits until it comes to pass.
  watch.run(from, call.fault);
}

}  // namespace sp::fake_api
