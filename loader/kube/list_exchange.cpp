// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/list_exchange.h"

#include <algorithm>
#include <utility>

namespace sp::kube {
namespace {

constexpr std::string_view kPageLimit = "500";

std::string text_member(simdjson::dom::element object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

}  // namespace

void ListExchange::begin(Freshness freshness) {
  cancel();
  freshness_ = freshness;
  in_pages_ = true;
  continue_.clear();
  ++stats_.lists;
  sink_.begin_list();
  request_page();
}

void ListExchange::cancel() {
  if (exchange_) {
    context_.api.cancel(*std::exchange(exchange_, std::nullopt));
  }
}

std::string ListExchange::target() const {
  std::string query = resource_.selector;
  const auto add = [&query](std::string_view key, std::string_view value) {
    query += (query.empty() ? "" : "&") + std::string(key) + "=" + query_encoded(value);
  };
  if (in_pages_) {
    add("limit", kPageLimit);
  }
  if (!continue_.empty()) {
    add("continue", continue_);  // names the state that the list began with: no resourceVersion beside it
  } else if (freshness_ == Freshness::any && in_pages_) {
    add("resourceVersion", "0");
  }
  return resource_.path + (query.empty() ? "" : "?" + query);
}

void ListExchange::request_page() {
  head_ = {};
  error_body_.clear();
  splitter_ = ListSplitter(kMaxObjectBytes);
  http::Request request;
  request.target = target();
  // A watch does not ask for it: the API server would not compress it, and what stands in between might hold it back.
  request.takes_gzip = true;
  ApiHandlers handlers;
  handlers.head = [this](const http::Head& head) {
    head_ = head;
    stats_.last_contact = EventLoop::Clock::now();
  };
  handlers.body = [this](std::string_view bytes) { take_bytes(bytes); };
  handlers.end = [this](const ApiEnd& end) { take_end(end); };
  exchange_ = context_.api.start(std::move(request), std::move(handlers));
}

void ListExchange::take_bytes(std::string_view bytes) {
  stats_.last_contact = EventLoop::Clock::now();
  if (head_.status != 200) {
    error_body_.append(bytes.substr(0, kMaxErrorBytes - std::min(kMaxErrorBytes, error_body_.size())));
    return;
  }
  const Result<void> taken = splitter_.feed(bytes, [this](std::string& item) -> Result<void> {
    const auto object = context_.parser.parse(item);
    if (!object) {
      return Error{0, "has an item that is no JSON: " + object.error().what};
    }
    sink_.put(*object);
    return {};
  });
  if (!taken) {
    cancel();
    finish(content_outcome(resource_, "list", taken.error().what));
  }
}

void ListExchange::take_end(const ApiEnd& end) {
  exchange_.reset();
  if (end.access || end.failure != http::Failure::none) {
    finish(outcome_of_end(resource_, "list", end));
  } else if (head_.status == 410 && !continue_.empty() && in_pages_) {
    // The state that the pages are of is forgotten. The next try gets the latest one in one answer, which cannot age.
    in_pages_ = false;
    continue_.clear();
    sink_.begin_list();
    request_page();
  } else if (head_.status != 200) {
    finish(outcome_of_status(resource_, "list", head_, std::move(error_body_), context_.parser));
  } else {
    take_page_end();
  }
}

void ListExchange::take_page_end() {
  auto envelope = splitter_.finish();
  if (!envelope) {
    finish(content_outcome(resource_, "list", envelope.error().what));
    return;
  }
  const auto list = context_.parser.parse(*envelope);
  simdjson::dom::element metadata;
  if (!list || !text_member(*list, "kind").ends_with("List") ||
      (*list)["metadata"].get(metadata) != simdjson::SUCCESS) {
    finish(content_outcome(resource_, "list", "is no List of Kubernetes"));
    return;
  }
  std::string version = text_member(metadata, "resourceVersion");
  continue_ = text_member(metadata, "continue");
  if (!continue_.empty()) {
    request_page();
    return;
  }
  if (version.empty()) {
    finish(content_outcome(resource_, "list", "lacks metadata.resourceVersion"));
    return;
  }
  resource_version_ = std::move(version);
  sink_.end_list();
  finish({});
}

void ListExchange::finish(const Outcome& outcome) {
  done_(outcome);
}

}  // namespace sp::kube
