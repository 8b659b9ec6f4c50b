// SPDX-License-Identifier: Apache-2.0
#include "loader/kube/object_table.h"

#include <algorithm>
#include <utility>

namespace sp::kube {
namespace {

bool is_namespaced(model::Kind kind) {
  return kind != model::Kind::node && kind != model::Kind::service_cidr;
}

}  // namespace

void ObjectTableBase::begin_list() {
  listing_ = true;
  list_has_unnamed_ = false;
  seen_.clear();
}

std::optional<model::ObjectKey> ObjectTableBase::key_of(const JsonField& object, source::Report& report) {
  const auto key = read_key(object, is_namespaced(kind_));
  if (key) {
    return key;
  }
  list_has_unnamed_ = true;
  std::string text(model::to_string(kind_));
  for (const std::string& line : report.take()) {
    text += ": " + line;
  }
  if (text != unnamed_complaint_) {
    journal_.add_complaint(text);
    unnamed_complaint_ = std::move(text);
  }
  return std::nullopt;
}

void ObjectTableBase::put(simdjson::dom::element element) {
  source::Report report;
  source::Report remarks;
  const JsonField object(element, report);
  const auto key = key_of(object, report);
  if (!key) {
    return;
  }
  if (listing_) {
    seen_.push_back(*key);
  }
  if (store(object, *key, report, remarks) == Taken::changed) {
    journal_.add_changed({kind_, *key});
    if (kind_ == model::Kind::endpoint_slice) {
      if (const auto trigger = trigger_time(element)) {
        journal_.add_trigger(*trigger);
      }
    }
  }
  complain(*key, report, remarks);
}

void ObjectTableBase::remove(simdjson::dom::element element) {
  source::Report report;
  const JsonField object(element, report);
  const auto key = key_of(object, report);
  if (!key) {
    return;
  }
  complained_.erase(*key);
  if (erase(*key) == Taken::changed) {
    journal_.add_changed({kind_, *key});
  }
}

void ObjectTableBase::complain(const model::ObjectKey& key, source::Report& report, source::Report& remarks) {
  const bool rejected = !report.empty();
  if (!rejected && remarks.empty()) {
    if (!complained_.empty()) {
      complained_.erase(key);
    }
    return;
  }
  const std::string name = model::ObjectId{kind_, key}.text();
  std::vector<std::string> lines = report.take();
  for (std::string& line : remarks.take()) {
    lines.push_back(std::move(line));
  }
  std::string text;
  for (const std::string& line : lines) {
    text += name + ": " + line + "\n";
  }
  Complained& before = complained_[key];
  before.rejected = rejected;
  if (before.text == text) {
    return;
  }
  before.text = std::move(text);
  for (const std::string& line : lines) {
    journal_.add_complaint(name + ": " + line);
  }
}

void ObjectTableBase::end_list() {
  listing_ = false;
  std::vector<model::ObjectKey> seen = std::exchange(seen_, {});
  // An object whose name cannot be read may be any of ours.
  if (list_has_unnamed_) {
    return;
  }
  std::sort(seen.begin(), seen.end());
  const auto has_gone = [&seen](const model::ObjectKey& key) {
    return !std::binary_search(seen.begin(), seen.end(), key);
  };
  for (const model::ObjectKey& key : keys()) {
    if (has_gone(key) && erase(key) == Taken::changed) {
      journal_.add_changed({kind_, key});
    }
  }
  std::erase_if(complained_, [&has_gone](const auto& entry) { return has_gone(entry.first); });
}

std::size_t ObjectTableBase::rejected() const {
  return static_cast<std::size_t>(
      std::count_if(complained_.begin(), complained_.end(), [](const auto& entry) { return entry.second.rejected; }));
}

}  // namespace sp::kube
