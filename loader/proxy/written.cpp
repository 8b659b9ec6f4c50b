// SPDX-License-Identifier: Apache-2.0
// Fields as text: /configz, --write-config-to and messages.
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>

#include "loader/proxy/fields.h"
#include "loader/proxy/go_duration.h"
#include "loader/util/json.h"

namespace sp::proxy {
namespace {

using source::Value;

Value scalar(std::string text, bool quoted) {
  Value value;
  value.kind = Value::Kind::scalar;
  value.quoted = quoted;
  value.text = std::move(text);
  return value;
}

Value tree(Value::Kind kind) {
  Value value;
  value.kind = kind;
  return value;
}

void set(Value& map, std::string key, Value value) {
  map.keys.push_back(std::move(key));
  map.items.push_back(std::move(value));
}

struct Writer {
  Value operator()(const bool* value) const { return scalar(*value ? "true" : "false", false); }
  Value operator()(const std::int32_t* value) const { return scalar(std::to_string(*value), false); }
  Value operator()(const std::uint32_t* value) const { return scalar(std::to_string(*value), false); }
  Value operator()(const float* value) const { return scalar(fmt::format("{:g}", *value), false); }
  Value operator()(const Duration* value) const { return scalar(go_duration(*value), true); }
  Value operator()(const FlushFrequency& value) const { return scalar(std::to_string(value.span->count()), false); }
  Value operator()(const std::string* value) const { return scalar(*value, true); }
  Value operator()(const std::vector<std::string>* list) const {
    Value value = tree(list->empty() ? Value::Kind::null : Value::Kind::list);
    for (const std::string& item : *list) {
      value.items.push_back(scalar(item, true));
    }
    return value;
  }
  Value operator()(const std::map<std::string, bool>* map) const {
    Value value = tree(Value::Kind::map);
    for (const auto& [name, set_to] : *map) {
      set(value, name, scalar(set_to ? "true" : "false", false));
    }
    return value;
  }
  Value operator()(const std::vector<VModule>* list) const {
    Value value = tree(list->empty() ? Value::Kind::null : Value::Kind::list);
    for (const VModule& module : *list) {
      Value item = tree(Value::Kind::map);
      set(item, "filePattern", scalar(module.file_pattern, true));
      set(item, "verbosity", scalar(std::to_string(module.verbosity), false));
      value.items.push_back(std::move(item));
    }
    return value;
  }
};

struct IsZero {
  template <typename T>
  bool operator()(const T* value) const {
    return *value == T{};
  }
  bool operator()(const FlushFrequency& value) const { return value.span->count() == 0; }
};

// The map that holds the last part of `path`, made on the way; `path` is left with that part.
Value& descend(Value& root, std::string_view& path) {
  Value* map = &root;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    const std::string key(path.substr(0, dot));
    path.remove_prefix(dot + 1);
    if (map->find(key) == nullptr) {
      set(*map, key, tree(Value::Kind::map));
    }
    map = &map->items[static_cast<std::size_t>(std::find(map->keys.begin(), map->keys.end(), key) - map->keys.begin())];
  }
  return *map;
}

// What v1alpha1 leaves out when it is empty.
bool omitted(const Field& field) {
  return is_zero(field.slot) &&
         (field.path == "featureGates" || field.path == "windowsRunAsService" || field.path == "logging.vmodule" ||
          field.path == "logging.options.text.splitStream" || field.path == "logging.options.json.splitStream");
}

Value document(ProxyConfig config) {
  Value root = tree(Value::Kind::map);
  set(root, "kind", scalar(kKind, true));
  set(root, "apiVersion", scalar(kApiVersion, true));
  for (const Field& field : fields(config)) {
    if (!omitted(field)) {
      std::string_view path = field.path;
      Value& map = descend(root, path);
      set(map, std::string(path), written(field.slot));
    }
  }
  return root;
}

void write_json(const Value& value, JsonWriter& json) {
  switch (value.kind) {
    case Value::Kind::null:
      return json.raw("null");
    case Value::Kind::scalar:
      return value.quoted ? json.string(value.text) : json.raw(value.text);
    case Value::Kind::list:
      json.begin_array();
      for (const Value& item : value.items) {
        write_json(item, json);
      }
      return json.end_array();
    case Value::Kind::map:
      json.begin_object();
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        json.key(value.keys[i]);
        write_json(value.items[i], json);
      }
      return json.end_object();
  }
}

std::string json_of(const Value& value) {
  JsonWriter json;
  write_json(value, json);
  return json.text();
}

// A key that YAML cannot take for anything else.
bool is_plain(const std::string& key) {
  return std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
}

// Mappings as lines; all else is JSON, which YAML includes.
void write_yaml(const Value& map, const std::string& indent, std::string& text) {
  for (std::size_t i = 0; i < map.items.size(); ++i) {
    text += indent + json_of(scalar(map.keys[i], !is_plain(map.keys[i]))) + ":";
    if (map.items[i].kind == Value::Kind::map && !map.items[i].items.empty()) {
      text += "\n";
      write_yaml(map.items[i], indent + "  ", text);
    } else {
      text += " " + json_of(map.items[i]) + "\n";
    }
  }
}

}  // namespace

Value written(const Slot& slot) {
  return std::visit(Writer{}, slot);
}

std::string shown(const Slot& slot) {
  const Value value = written(slot);
  // Without the quotes of JSON, except where nothing would be left.
  return value.kind == Value::Kind::scalar && !value.text.empty() ? value.text : json_of(value);
}

bool is_zero(const Slot& slot) {
  return std::visit(IsZero{}, slot);
}

void copy_value(const Slot& from, const Slot& to) {
  std::visit(
      [&to]<typename Pointer>(Pointer source) {
        if constexpr (std::is_same_v<Pointer, FlushFrequency>) {
          *std::get<FlushFrequency>(to).span = *source.span;
        } else {
          *std::get<Pointer>(to) = *source;
        }
      },
      from);
}

std::string configz_json(const ProxyConfig& config) {
  JsonWriter json;
  json.begin_object();
  json.key("kubeproxy.config.k8s.io");
  write_json(document(config), json);
  json.end_object();
  return json.text();
}

std::string to_yaml(const ProxyConfig& config) {
  std::string text;
  write_yaml(document(config), "", text);
  return text;
}

}  // namespace sp::proxy
