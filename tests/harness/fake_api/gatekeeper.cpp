// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/gatekeeper.h"

#include <algorithm>

namespace sp::fake_api {
namespace {

bool covers(const std::vector<Right>& rights, const std::string& verb, std::string_view resource) {
  return std::any_of(rights.begin(), rights.end(), [&](const Right& right) {
    return (right.verb == "*" || right.verb == verb) && (right.resource == "*" || right.resource == resource);
  });
}

}  // namespace

void Gatekeeper::accept_token(const std::string& token, const std::string& user) {
  const std::lock_guard guard(lock_);
  tokens_[token] = user;
  open_ = false;
}

void Gatekeeper::revoke_token(const std::string& token) {
  const std::lock_guard guard(lock_);
  tokens_.erase(token);
  open_ = false;
}

void Gatekeeper::accept_certificates(bool accept) {
  const std::lock_guard guard(lock_);
  certificates_ = accept;
}

void Gatekeeper::restrict_to(std::optional<std::vector<Right>> rights) {
  const std::lock_guard guard(lock_);
  rights_ = std::move(rights);
}

void Gatekeeper::deny(const Right& right) {
  const std::lock_guard guard(lock_);
  denied_.push_back(right);
}

void Gatekeeper::permit(const Right& right) {
  const std::lock_guard guard(lock_);
  denied_.erase(std::remove(denied_.begin(), denied_.end(), right), denied_.end());
}

std::optional<std::string> Gatekeeper::user_of(const HttpRequest& request) const {
  const std::lock_guard guard(lock_);
  // As the real server does, a good certificate before a token, good or bad.
  if (certificates_ && !request.peer.common_name.empty()) return request.peer.common_name;
  const std::string authorization = request.header("authorization");
  if (!authorization.empty()) {
    std::string scheme = authorization.substr(0, 7);
    std::transform(scheme.begin(), scheme.end(), scheme.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto found = tokens_.find(authorization.substr(std::min<std::size_t>(7, authorization.size())));
    if (scheme == "bearer " && found != tokens_.end()) return found->second;
    return std::nullopt;
  }
  if (open_ && !certificates_) return "system:anonymous";
  return std::nullopt;
}

std::optional<Status> Gatekeeper::refusal(const std::string& user, const std::string& verb, const Place& place,
                                          const std::string& name) const {
  const std::lock_guard guard(lock_);
  const std::string plural(place.resource->plural);
  const std::string group(place.resource->group);
  const std::string asked = plural + (place.status ? "/status" : "");
  const bool allowed = !rights_ || covers(*rights_, verb, asked);
  if (allowed && !covers(denied_, verb, asked)) return std::nullopt;
  const std::string scope = place.ns.empty() ? "at the cluster scope" : "in the namespace \"" + place.ns + "\"";
  std::string message = plural + (group.empty() ? "" : "." + group) + (name.empty() ? "" : " \"" + name + "\"") +
                        " is forbidden: User \"" + user + "\" cannot " + verb + " resource \"" + asked +
                        "\" in API group \"" + group + "\" " + scope;
  Json details = {{"kind", plural}};
  if (!name.empty()) details["name"] = name;
  if (!group.empty()) details["group"] = group;
  return Status{403, "Forbidden", std::move(message), std::move(details)};
}

std::vector<Right> node_proxier_rights() {
  std::vector<Right> rights = {{"get", "nodes"}, {"create", "events"}, {"patch", "events"}, {"update", "events"}};
  for (const char* resource : {"services", "endpointslices", "nodes", "servicecidrs", "pods"}) {
    rights.push_back({"list", resource});
    rights.push_back({"watch", resource});
  }
  return rights;
}

}  // namespace sp::fake_api
