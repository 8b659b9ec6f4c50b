// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/probe.h"

#include <utility>

namespace sp::kube {

void Probe::begin() {
  cancel();
  splitter_ = ListSplitter(kMaxObjectBytes);
  readable_ = false;
  http::Request request;
  // Without a selector: to find one object that matches, a server may have to read all of them.
  request.target = resource_.path + "?limit=1";
  request.max_silence = context_.timing.probe_limit;
  ApiHandlers handlers;
  handlers.head = [this](const http::Head& head) { readable_ = head.status == 200; };
  handlers.body = [this](std::string_view bytes) {
    readable_ = readable_ && splitter_.feed(bytes, [](std::string&) -> Result<void> { return {}; }).has_value();
  };
  handlers.end = [this](const ApiEnd& end) { take_end(end); };
  exchange_ = context_.api.start(std::move(request), std::move(handlers));
}

void Probe::cancel() {
  if (exchange_) {
    context_.api.cancel(*std::exchange(exchange_, std::nullopt));
  }
}

void Probe::take_end(const ApiEnd& end) {
  exchange_.reset();
  const bool answered = !end.access && end.failure == http::Failure::none;
  done_(end, answered && readable_ ? version() : "");
}

std::string Probe::version() {
  auto envelope = splitter_.finish();
  if (!envelope) {
    return "";
  }
  const auto list = context_.parser.parse(*envelope);
  std::string_view version;
  const bool found = list && (*list)["metadata"]["resourceVersion"].get(version) == simdjson::SUCCESS;
  return std::string(found ? version : "");
}

}  // namespace sp::kube
