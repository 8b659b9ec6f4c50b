// SPDX-License-Identifier: Apache-2.0
// ListExchange: one whole list of a resource, page by page, into an ObjectSink.
//
// Lists in pages and not by a watch with sendInitialEvents: that an answer is whole is in the answer itself, on every
// server version, while an old server may take such a watch for an ordinary one and never say that the list is over.
// The memory that streaming would save is saved by ListSplitter. The sink's end_list() is called for a whole list only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "loader/kube/list_splitter.h"
#include "loader/kube/object_sink.h"
#include "loader/kube/outcome.h"
#include "loader/kube/reflector_context.h"

namespace sp::kube {

class ListExchange {
 public:
  // Called from the loop, as the last thing: it may begin() again.
  using Done = std::function<void(const Outcome&)>;

  ListExchange(ReflectorContext& context, const Resource& resource, ObjectSink& sink, ResourceStats& stats, Done done)
      : context_(context), resource_(resource), sink_(sink), stats_(stats), done_(std::move(done)) {}
  ListExchange(const ListExchange&) = delete;
  ListExchange& operator=(const ListExchange&) = delete;
  ~ListExchange() { cancel(); }

  // Any state that the server has at hand ("0": cheap for it) or the latest one.
  enum class Freshness { any, latest };
  void begin(Freshness freshness);
  void cancel();
  // Of the last whole list: where a watch goes on.
  [[nodiscard]] const std::string& resource_version() const { return resource_version_; }

 private:
  void request_page();
  void take_bytes(std::string_view bytes);
  void take_end(const ApiEnd& end);
  void take_page_end();
  void finish(const Outcome& outcome);
  [[nodiscard]] std::string target() const;

  ReflectorContext& context_;
  const Resource& resource_;
  ObjectSink& sink_;
  ResourceStats& stats_;
  Done done_;
  std::optional<Api::Id> exchange_;
  Freshness freshness_ = Freshness::any;
  bool in_pages_ = true;
  std::string continue_;
  std::string resource_version_;
  http::Head head_;
  std::string error_body_;
  ListSplitter splitter_{kMaxObjectBytes};
};

}  // namespace sp::kube
