// SPDX-License-Identifier: Apache-2.0
// How readings of files become one Cluster: last good states, and the winner of each object.
#include "loader/source/manifest_set.h"

#include <algorithm>
#include <utility>

#include "loader/source/field.h"

namespace sp::source {
namespace {

// The map of the cluster that holds objects like T.
template <typename T>
std::map<model::ObjectKey, T>& table_of(model::Cluster& cluster) {
  if constexpr (std::is_same_v<T, model::Service>) {
    return cluster.services;
  } else if constexpr (std::is_same_v<T, model::EndpointSlice>) {
    return cluster.endpoint_slices;
  } else if constexpr (std::is_same_v<T, model::Pod>) {
    return cluster.pods;
  } else {
    return cluster.nodes;
  }
}

// Both return whether the cluster differs now.
bool put(model::Cluster& cluster, const ObjectId& id, const Object& object) {
  return std::visit(
      [&](const auto& value) {
        auto& table = table_of<std::remove_cvref_t<decltype(value)>>(cluster);
        const auto [place, added] = table.try_emplace(id.key, value);
        if (added || place->second == value) {
          return added;
        }
        place->second = value;
        return true;
      },
      object);
}

bool remove(model::Cluster& cluster, const ObjectId& id) {
  switch (id.kind) {
    case Kind::service:
      return cluster.services.erase(id.key) > 0;
    case Kind::endpoint_slice:
      return cluster.endpoint_slices.erase(id.key) > 0;
    case Kind::pod:
      return cluster.pods.erase(id.key) > 0;
    case Kind::node:
      return cluster.nodes.erase(id.key) > 0;
    case Kind::service_cidr:
      break;
  }
  return false;
}

std::string document_text(std::size_t number) {
  return "document " + std::to_string(number);
}

}  // namespace

void ManifestSet::replace(const std::string& file, Reading reading) {
  File& state = files_[file];
  state.problem.clear();
  state.missing = false;
  for (const std::string& line : reading.complaints) {
    complain(file + ": " + line);
  }
  reading.complaints.clear();
  set_objects(file, merge(file, state, std::move(reading)));
}

void ManifestSet::set_unreadable(const std::string& file, const std::string& text) {
  File& state = files_[file];
  if (state.problem != text) {
    const std::size_t count = state.objects.size();
    const std::string kept = "; the " + std::to_string(count) + " objects that it defined stay in force";
    complain(file + ": " + text + (count == 0 ? "" : kept));
  }
  state.problem = text;
  set_present(state);
}

void ManifestSet::set_unchanged(const std::string& file) {
  File& state = files_[file];
  state.problem.clear();
  set_present(state);
}

void ManifestSet::set_present(File& state) {
  if (std::exchange(state.missing, false)) {
    for (const auto& [id, held] : state.objects) {
      update_winner(id);
    }
  }
}

void ManifestSet::set_missing(const std::string& file) {
  const auto found = files_.find(file);
  if (found == files_.end() || std::exchange(found->second.missing, true)) {
    return;
  }
  for (const auto& [id, held] : found->second.objects) {
    update_winner(id);
  }
}

void ManifestSet::erase(const std::string& file) {
  if (files_.contains(file)) {
    set_objects(file, {});
    files_.erase(file);
  }
}

std::vector<std::string> ManifestSet::files() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : files_) {
    names.push_back(name);
  }
  return names;
}

std::size_t ManifestSet::object_count(const std::string& file) const {
  const auto found = files_.find(file);
  return found == files_.end() ? 0 : found->second.objects.size();
}

std::vector<ObjectId> ManifestSet::take_changed() {
  const std::set<ObjectId> changed = std::exchange(changed_, {});
  return {changed.begin(), changed.end()};
}

std::vector<Complaint> ManifestSet::take_complaints() {
  return std::exchange(complaints_, {});
}

// Names of files and messages of the YAML parser may hold anything, so every line passes here.
void ManifestSet::complain(const std::string& text) {
  complaints_.push_back(Complaint{printable(text, text.size())});
}

// The objects of a file after `reading`: the new ones, and the last good ones of what it rejected or leaves in doubt.
std::map<ObjectId, ManifestSet::Held> ManifestSet::merge(const std::string& name, const File& before, Reading reading) {
  std::map<ObjectId, Held> objects;
  std::map<ObjectId, std::size_t> first_document;
  for (Definition& definition : reading.definitions) {
    const auto [first, is_first] = first_document.try_emplace(definition.id, definition.document);
    const auto old = before.objects.find(definition.id);
    if (!definition.object && old != before.objects.end() && is_first) {
      definition.object = old->second.object;
    }
    if (!definition.object) {
      continue;
    }
    const auto [place, added] = objects.try_emplace(definition.id, Held{*definition.object, definition.document});
    if (!added) {
      complain(name + ": " + document_text(definition.document) + ": " + definition.id.text() + ": is defined in " +
               document_text(place->second.document) + " already, which is in force; expected one definition");
    }
  }
  for (const auto& [id, held] : before.objects) {
    const auto covers = [&id = id](const Doubt& doubt) { return doubt.covers(id); };
    if (!first_document.contains(id) && std::any_of(reading.doubts.begin(), reading.doubts.end(), covers)) {
      objects.emplace(id, held);
    }
  }
  return objects;
}

void ManifestSet::set_objects(const std::string& name, std::map<ObjectId, Held> objects) {
  const std::map<ObjectId, Held> before = std::exchange(files_[name].objects, std::move(objects));
  for (const auto& [id, held] : files_[name].objects) {
    claims_[id].insert(name);
    update_winner(id);
  }
  for (const auto& [id, held] : before) {
    if (files_[name].objects.contains(id)) {
      continue;
    }
    const auto claim = claims_.find(id);
    claim->second.erase(name);
    if (claim->second.empty()) {
      claims_.erase(claim);
    }
    update_winner(id);
  }
}

std::vector<std::string> ManifestSet::ranking(const ObjectId& id) const {
  const auto claim = claims_.find(id);
  if (claim == claims_.end()) {
    return {};
  }
  std::vector<std::string> names(claim->second.begin(), claim->second.end());
  std::stable_partition(names.begin(), names.end(), [this](const auto& name) { return !files_.at(name).missing; });
  return names;
}

void ManifestSet::update_winner(const ObjectId& id) {
  const std::vector<std::string> names = ranking(id);
  update_rivalry(id, names);
  const bool differs =
      names.empty() ? remove(cluster_, id) : put(cluster_, id, files_.at(names.front()).objects.at(id).object);
  if (differs) {
    changed_.insert(id);
  }
}

// Complains of each file that loses against the first one, once for as long as it does.
void ManifestSet::update_rivalry(const ObjectId& id, std::vector<std::string> names) {
  std::erase_if(names, [this](const auto& name) { return files_.at(name).missing; });
  const auto known = rivalries_.find(id);
  if (names.size() < 2) {
    if (known != rivalries_.end()) {
      rivalries_.erase(known);
    }
    return;
  }
  const std::vector<std::string> before = known == rivalries_.end() ? std::vector<std::string>{} : known->second;
  const bool same_winner = !before.empty() && before.front() == names.front();
  for (auto name = names.begin() + 1; name != names.end(); ++name) {
    if (same_winner && std::find(before.begin(), before.end(), *name) != before.end()) {
      continue;
    }
    const Held& winner = files_.at(names.front()).objects.at(id);
    const Held& loser = files_.at(*name).objects.at(id);
    complain(*name + ": " + document_text(loser.document) + ": " + id.text() + ": is defined in " + names.front() +
             " (" + document_text(winner.document) + ") already, which is in force; expected one definition");
  }
  rivalries_[id] = std::move(names);
}

}  // namespace sp::source
