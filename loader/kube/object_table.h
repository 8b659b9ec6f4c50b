// SPDX-License-Identifier: Apache-2.0
// ObjectTable: one kind of objects of the Cluster, as the API tells it.
//
// Promises: the map holds whole objects only; one that cannot be decoded keeps its last good state; an equal object is
// no change; a list takes away what it lacks only when it is complete and every name in it could be read.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "loader/kube/decode.h"
#include "loader/kube/journal.h"
#include "loader/kube/object_sink.h"

namespace sp::kube {

// What does not depend on the type of the objects: names, complaints, and what a list has shown so far.
class ObjectTableBase : public ObjectSink {
 public:
  void begin_list() override;
  void put(simdjson::dom::element object) override;
  void remove(simdjson::dom::element object) override;
  void end_list() override;
  [[nodiscard]] std::size_t rejected() const override;

 protected:
  ObjectTableBase(model::Kind kind, Journal& journal) : kind_(kind), journal_(journal) {}

  enum class Taken { unchanged, changed };
  // Decodes and stores the object, unless `report` is not empty then.
  virtual Taken store(const JsonField& object, const model::ObjectKey& key, source::Report& report,
                      source::Report& remarks) = 0;
  virtual Taken erase(const model::ObjectKey& key) = 0;
  [[nodiscard]] virtual std::vector<model::ObjectKey> keys() const = 0;

 private:
  struct Complained {
    std::string text;
    bool rejected = false;
  };
  [[nodiscard]] std::optional<model::ObjectKey> key_of(const JsonField& object, source::Report& report);
  void complain(const model::ObjectKey& key, source::Report& report, source::Report& remarks);

  model::Kind kind_;
  Journal& journal_;
  // What was said about objects, so that each is said once. Most clusters have none.
  std::map<model::ObjectKey, Complained> complained_;
  std::string unnamed_complaint_;
  std::vector<model::ObjectKey> seen_;
  bool listing_ = false;
  bool list_has_unnamed_ = false;
};

template <typename T>
class ObjectTable final : public ObjectTableBase {
 public:
  using Decode = std::optional<T> (*)(const JsonField&, const model::ObjectKey&, source::Report&);

  // `objects` and `journal` must outlive the table.
  ObjectTable(model::Kind kind, std::map<model::ObjectKey, T>& objects, Decode decode, Journal& journal)
      : ObjectTableBase(kind, journal), objects_(objects), decode_(decode) {}

  [[nodiscard]] std::size_t size() const override { return objects_.size(); }

 protected:
  Taken store(const JsonField& object, const model::ObjectKey& key, source::Report& report,
              source::Report& remarks) override {
    std::optional<T> decoded = decode_(object, key, remarks);
    if (!report.empty()) {
      return Taken::unchanged;
    }
    if (!decoded) {
      return erase(key);
    }
    const auto [place, added] = objects_.try_emplace(key);
    if (!added && place->second == *decoded) {
      return Taken::unchanged;
    }
    place->second = *std::move(decoded);
    return Taken::changed;
  }
  Taken erase(const model::ObjectKey& key) override {
    return objects_.erase(key) > 0 ? Taken::changed : Taken::unchanged;
  }
  [[nodiscard]] std::vector<model::ObjectKey> keys() const override {
    std::vector<model::ObjectKey> out;
    out.reserve(objects_.size());
    for (const auto& [key, object] : objects_) {
      out.push_back(key);
    }
    return out;
  }

 private:
  std::map<model::ObjectKey, T>& objects_;
  Decode decode_;
};

}  // namespace sp::kube
