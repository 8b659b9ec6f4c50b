// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/service.h"

#include <array>
#include <ctime>

#include "tests/harness/fake_api/discovery.h"
#include "tests/harness/fake_api/gzip.h"
#include "tests/harness/fake_api/service_call.h"

namespace sp::fake_api {
namespace {

// Go's HTTP library announces the length of what fits into its first buffer and sends the rest in chunks.
constexpr std::size_t kAnnouncedLength = 2048;
// The real server compresses from here on, if the client wants it.
constexpr std::size_t kCompressedLength = 128 * 1024;

std::string http_date(std::chrono::seconds skew) {
  const std::time_t now = std::time(nullptr) + skew.count();
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text.data();
}

// What authorisation calls the request; empty = no such method there.
std::string verb_of(const HttpRequest& request, const Place& place, bool watches) {
  if (place.status) return request.method == "PUT" ? "update" : request.method == "PATCH" ? "patch" : "";
  if (request.method == "GET") return !place.name.empty() ? "get" : watches ? "watch" : "list";
  if (request.method == "POST") return place.name.empty() ? "create" : "";
  if (place.name.empty()) return "";
  if (request.method == "PUT") return "update";
  if (request.method == "PATCH") return "patch";
  return request.method == "DELETE" ? "delete" : "";
}

bool asks_to_watch(const Query& query) {
  for (const auto& [name, value] : query) {
    if (name == "watch") return value != "false" && value != "0" && !value.empty();
  }
  return false;
}

bool has_parameter(const Query& query, std::string_view wanted) {
  for (const auto& [name, value] : query) {
    if (name == wanted && !value.empty()) return true;
  }
  return false;
}

// JSON without a transformation ("as=Table") must be among what the client takes.
bool accepts_json(const std::string& accept) {
  if (accept.empty()) return true;
  for (std::string_view rest = accept; !rest.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    std::string_view range = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!range.empty() && range.front() == ' ') range.remove_prefix(1);
    const std::string_view type = range.substr(0, std::min(range.find_first_of("; "), range.size()));
    const bool transformed = range.find("as=") != std::string_view::npos;
    if (!transformed && (type == "application/json" || type == "application/*" || type == "*/*")) return true;
  }
  return false;
}

}  // namespace

Headers answer_headers(const Settings& settings, const std::string& content_type) {
  return {{"Audit-Id", "5a11f0a7-0000-4000-8000-00000000a0d1"},
          {"Cache-Control", "no-cache, private"},
          {"Content-Type", content_type},
          {"Date", http_date(settings.clock_skew)}};
}

Settings Service::settings() const {
  const std::lock_guard guard(settings_lock_);
  return settings_;
}

void Service::set_settings(const Settings& settings) {
  const std::lock_guard guard(settings_lock_);
  settings_ = settings;
}

void Service::answer(Call& call, int code, const std::string& body, Headers more) {
  const bool is_text = body.empty() || body.front() != '{';
  Headers headers = answer_headers(settings(), is_text ? "text/plain; charset=utf-8" : "application/json");
  headers.insert(headers.end(), more.begin(), more.end());
  const bool compress = code == 200 && body.size() > kCompressedLength &&
                        call.request.header("accept-encoding").find("gzip") != std::string::npos;
  if (compress) {
    headers.emplace_back("Content-Encoding", "gzip");
    headers.emplace_back("Vary", "Accept-Encoding");
  }
  const std::string packed = compress ? packed_.of(body) : std::string();
  const std::string& sent = compress ? packed : body;
  const bool announced = sent.size() < kAnnouncedLength;
  call.reply.begin(code, headers, announced ? std::optional(sent.size()) : std::nullopt);
  call.reply.write(sent);
  call.reply.finish();
}

void Service::refuse(Call& call, const Status& status) {
  Headers more;
  if (status.details.is_object() && status.details.contains("retryAfterSeconds")) {
    more.emplace_back("Retry-After", status.details["retryAfterSeconds"].dump());
  }
  answer(call, status.code, status.text(), more);
}

void Service::serve(const HttpRequest& request, Reply& reply) {
  const auto place = parse_place(request.path());
  const auto query = parse_query(request.target);
  const std::string resource = place ? std::string(place->resource->plural) : std::string(request.path());
  const std::string verb =
      place ? verb_of(request, *place, query && asks_to_watch(*query)) : std::string(request.method);
  const std::optional<std::string> user = gatekeeper_.user_of(request);
  journal_.note({verb, resource, request.target, user.value_or(""), request.body, {}});

  auto fault = faults_.next(verb, resource, query && has_parameter(*query, "continue"));
  ShapedReply shaped(reply, faults_.wire(), fault, faults_.random());
  Call call{request, shaped, place.value_or(Place()), query ? *query : Query(), verb, user.value_or(""), fault};
  if (fault && fault->what == Fault::What::hang) return shaped.fall_silent();
  if (fault && fault->what == Fault::What::status) {
    Headers more;
    if (fault->retry_after_s) more.emplace_back("Retry-After", std::to_string(*fault->retry_after_s));
    return answer(call, fault->status.code, fault->page.empty() ? fault->status.text() : fault->page, more);
  }
  if (!query) {
    journal_.complain(query.error().what);
    return refuse(call, bad_request(query.error().what));
  }
  if (serve_without_identity(call)) return;
  if (!user) return refuse(call, unauthorized());
  if (const auto document = discovery_document(request.path()); document && request.method == "GET") {
    return answer(call, 200, *document);
  }
  if (!place) {
    journal_.complain("no such path: " + std::string(request.path()));
    return refuse(call, not_found_path());
  }
  if (verb.empty()) {
    journal_.complain("no such method there: " + request.method + " " + request.target);
    return refuse(call, method_not_allowed());
  }
  serve_resource(call);
}

// Paths that the role system:public-info-viewer opens to everybody.
bool Service::serve_without_identity(Call& call) {
  const std::string_view path = call.request.path();
  const bool health = path == "/livez" || path == "/readyz" || path == "/healthz";
  if (!health && path != "/version") return false;
  if (call.request.method != "GET") {
    refuse(call, method_not_allowed());
    return true;
  }
  const Json version = {{"major", "1"},
                        {"minor", "34"},
                        {"gitVersion", "v1.34.1"},
                        {"platform", "linux/amd64"},
                        {"gitTreeState", "clean"},
                        {"goVersion", "go1.24.6"}};
  answer(call, 200, health ? "ok" : version.dump());
  return true;
}

void Service::serve_resource(Call& call) {
  std::string name = call.place.name;
  std::optional<ListOptions> options;
  std::optional<Status> bad;
  if (call.verb == "list" || call.verb == "watch") {
    auto parsed = parse_list_options(call.query, call.resource(), settings().streaming_lists,
                                     [this](const std::string& text) { journal_.complain(text); });
    if (auto* status = std::get_if<Status>(&parsed)) {
      bad = *status;
    } else {
      options = std::get<ListOptions>(std::move(parsed));
      name = options->fields.name();
    }
  }
  // Authorisation comes before anything that the request says in detail.
  if (auto refusal = gatekeeper_.refusal(call.user, call.verb, call.place, name)) return refuse(call, *refusal);
  if (!accepts_json(call.request.header("accept"))) {
    journal_.complain("Accept without application/json: " + call.request.header("accept"));
    return refuse(call, not_acceptable());
  }
  if (bad) {
    journal_.complain(call.request.target + ": " + bad->message);
    return refuse(call, *bad);
  }
  if (call.verb == "list") return serve_list(call, *options);
  if (call.verb == "watch") return serve_watch(call, *options);
  if (call.verb == "get") return serve_get(call);
  serve_write(call);
}

void Service::serve_get(Call& call) {
  const ObjectPtr object = store_.find(call.resource(), key_of(call.place.ns, call.place.name));
  if (object == nullptr) return refuse(call, not_found(call.resource(), call.place.name));
  answer(call, 200, object->typed_text());
}

}  // namespace sp::fake_api
