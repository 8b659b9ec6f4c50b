// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/event_recorder.h"

#include <spdlog/fmt/chrono.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "loader/source/field.h"
#include "loader/util/json.h"

namespace sp::kube {
namespace {

// Dashboards and tests of clusters look for Events of this reporter.
constexpr const char* kReporter = "kube-proxy";
// The API refuses longer ones.
constexpr std::size_t kMaxNote = 1000;
constexpr std::size_t kMaxAnswer = 4096;

// "2024-05-01T12:00:00.000000Z", the API's MicroTime.
std::string micro_time(std::chrono::system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time - seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                     micros.count());
}

bool is_kept_for_second_try(const ApiEnd& end, int status) {
  return end.access || end.failure != http::Failure::none || status == 401 || status == 429 || status >= 500;
}

}  // namespace

Result<std::unique_ptr<EventRecorder>> EventRecorder::create(EventLoop& loop, Api& api, std::string node_name,
                                                             std::chrono::milliseconds second_try_after) {
  std::unique_ptr<EventRecorder> recorder(new EventRecorder(loop, api, std::move(node_name), second_try_after));
  SP_TRY_ASSIGN(timer, loop.add_timer([self = recorder.get()] { self->retry(); }));
  recorder->retry_timer_ = timer;
  return recorder;
}

EventRecorder::EventRecorder(EventLoop& loop, Api& api, std::string node_name,
                             std::chrono::milliseconds second_try_after)
    : loop_(loop), api_(api), node_name_(std::move(node_name)), second_try_after_(second_try_after) {}

EventRecorder::~EventRecorder() {
  for (const auto& [number, pending] : pending_) {
    api_.cancel(pending.exchange);
  }
  loop_.remove(retry_timer_);
}

void EventRecorder::post_starting() {
  post({Event::Type::normal, "Starting", "StartKubeProxy", "", {model::Kind::node, {"", node_name_}}, ""});
}

void EventRecorder::post_health_check_failure(const model::Meta& service, std::string note) {
  post({Event::Type::warning,
        "FailedToStartServiceHealthcheck",
        "Listen",
        std::move(note),
        {model::Kind::service, model::key_of(service)},
        service.uid});
}

void EventRecorder::post(Event event) {
  const std::string about = event.reason + " of " + event.regarding.text();
  if (!repeats_.admit(about + event.note, log::Repeats::Clock::now()) || pending_.size() >= kMaxPending) {
    ++dropped_;
    return;
  }
  // An Event lives where the object does; those about objects of no namespace in "default".
  const std::string ns = event.regarding.key.ns.empty() ? "default" : event.regarding.key.ns;
  Pending pending;
  pending.request.method = "POST";
  pending.request.target = "/apis/events.k8s.io/v1/namespaces/" + ns + "/events";
  pending.request.content_type = "application/json";
  pending.request.body = body_of(event, ns);
  const std::uint64_t number = next_++;
  pending_.emplace(number, std::move(pending));
  send(number);
}

std::string EventRecorder::body_of(const Event& event, const std::string& ns) const {
  const auto now = std::chrono::system_clock::now();
  const auto text = [](JsonWriter& json, std::string_view key, std::string_view value) {
    json.key(key);
    json.string(value);
  };
  const bool of_node = event.regarding.kind == model::Kind::node;
  JsonWriter json;
  json.begin_object();
  text(json, "apiVersion", "events.k8s.io/v1");
  text(json, "kind", "Event");
  json.key("metadata");
  json.begin_object();
  text(json, "name", fmt::format("{}.{:x}", event.regarding.key.name, now.time_since_epoch().count()));
  text(json, "namespace", ns);
  json.end_object();
  text(json, "eventTime", micro_time(now));
  text(json, "reportingController", kReporter);
  text(json, "reportingInstance", node_name_);
  text(json, "action", event.action);
  text(json, "reason", event.reason);
  json.key("regarding");
  json.begin_object();
  text(json, "apiVersion", event.regarding.kind == model::Kind::endpoint_slice ? "discovery.k8s.io/v1" : "v1");
  text(json, "kind", model::to_string(event.regarding.kind));
  text(json, "name", event.regarding.key.name);
  if (!event.regarding.key.ns.empty()) {
    text(json, "namespace", event.regarding.key.ns);
  }
  text(json, "uid", event.uid.empty() && of_node ? event.regarding.key.name : event.uid);
  json.end_object();
  text(json, "note", source::printable(event.note, kMaxNote));
  text(json, "type", event.type == Event::Type::normal ? "Normal" : "Warning");
  json.end_object();
  return json.text();
}

void EventRecorder::send(std::uint64_t number) {
  Pending& pending = pending_.at(number);
  pending.status = 0;
  pending.answer.clear();
  ApiHandlers handlers;
  handlers.head = [this, number](const http::Head& head) { pending_.at(number).status = head.status; };
  handlers.body = [this, number](std::string_view bytes) {
    std::string& answer = pending_.at(number).answer;
    answer.append(bytes.substr(0, kMaxAnswer - std::min(kMaxAnswer, answer.size())));
  };
  handlers.end = [this, number](const ApiEnd& end) { take_end(number, end); };
  pending.exchange = api_.start(pending.request, std::move(handlers));
}

void EventRecorder::take_end(std::uint64_t number, const ApiEnd& end) {
  Pending& pending = pending_.at(number);
  pending.exchange = 0;
  const bool failed = end.access || end.failure != http::Failure::none;
  if (!failed && pending.status >= 200 && pending.status < 300) {
    ++posted_;
    pending_.erase(number);
    failures_.update({});
    return;
  }
  if (!pending.second_try && is_kept_for_second_try(end, pending.status)) {
    pending.second_try = true;
    loop_.start_once(retry_timer_, second_try_after_);
    return;
  }
  ++dropped_;
  std::string why =
      failed ? end.text : "status " + std::to_string(pending.status) + " " + source::printable(pending.answer, 300);
  if (pending.status == 403) {
    why = "forbidden: give this user a ClusterRole with create of events.events.k8s.io";
  }
  pending_.erase(number);
  failures_.update({"Events cannot be posted, traffic does not depend on them: " + why});
}

void EventRecorder::retry() {
  std::vector<std::uint64_t> waiting;
  for (const auto& [number, pending] : pending_) {
    if (pending.exchange == 0) {
      waiting.push_back(number);
    }
  }
  for (const std::uint64_t number : waiting) {
    send(number);
  }
}

}  // namespace sp::kube
