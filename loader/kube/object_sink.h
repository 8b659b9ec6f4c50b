// SPDX-License-Identifier: Apache-2.0
// ObjectSink: where a reflector puts what it hears.
#pragma once

#include <simdjson.h>

#include <cstddef>

namespace sp::kube {

class ObjectSink {
 public:
  ObjectSink() = default;
  ObjectSink(const ObjectSink&) = delete;
  ObjectSink& operator=(const ObjectSink&) = delete;
  virtual ~ObjectSink() = default;

  // A list begins, or begins anew. Until end_list() every put() is of it.
  virtual void begin_list() = 0;
  // The list was complete: what it lacked does not exist any more.
  virtual void end_list() = 0;
  // The object is as `object` says.
  virtual void put(simdjson::dom::element object) = 0;
  virtual void remove(simdjson::dom::element object) = 0;

  [[nodiscard]] virtual std::size_t size() const = 0;
  // Objects whose last state was not taken.
  [[nodiscard]] virtual std::size_t rejected() const = 0;
};

}  // namespace sp::kube
