// SPDX-License-Identifier: Apache-2.0
#include "loader/proxy/read.h"

#include <algorithm>

#include "loader/proxy/fields.h"
#include "loader/util/closest.h"

namespace sp::proxy {
namespace {

using source::Value;

std::string joined(const std::string& prefix, const std::string& key) {
  return prefix.empty() ? key : prefix + "." + key;
}

// The keys that v1alpha1 knows below `prefix`.
std::vector<std::string> keys_below(const std::vector<Field>& all, const std::string& prefix) {
  std::vector<std::string> keys;
  const std::string start = prefix.empty() ? "" : prefix + ".";
  for (const Field& field : all) {
    if (field.path.starts_with(start)) {
      const std::string_view rest = field.path.substr(start.size());
      const std::string key(rest.substr(0, rest.find('.')));
      if (keys.empty() || keys.back() != key) {
        keys.push_back(key);
      }
    }
  }
  return keys;
}

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)), all_(fields(reading_.config)) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void read(const Value& map, const std::string& prefix);
  Result<Reading> take();

 private:
  void read_member(const std::string& path, const Value& value);
  void read_field(const Field& field, const Value& value);
  void warn_unknown(const std::string& prefix, const std::string& key);

  std::string file_;
  Reading reading_;
  std::vector<Field> all_;  // of reading_.config
  std::vector<std::string> problems_;
};

void Reader::read(const Value& map, const std::string& prefix) {
  if (map.has_repeated_key) {
    reading_.warnings.push_back(file_ + ": " + joined(prefix, map.text) + ": is given twice, the last one counts");
  }
  const std::vector<std::string> known = keys_below(all_, prefix);
  for (std::size_t i = 0; i < map.keys.size(); ++i) {
    const std::string& key = map.keys[i];
    if (prefix.empty() && (key == "apiVersion" || key == "kind")) {
      continue;
    }
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      warn_unknown(prefix, key);
    } else {
      read_member(joined(prefix, key), map.items[i]);
    }
  }
}

void Reader::read_member(const std::string& path, const Value& value) {
  if (const Field* const field = find_field(all_, path)) {
    read_field(*field, value);
  } else if (value.kind == Value::Kind::map) {
    read(value, path);
  } else if (value.kind != Value::Kind::null) {
    problems_.push_back(path + ": is " + (value.kind == Value::Kind::list ? "a list" : "'" + value.text + "'") +
                        ": expected a mapping");
  }
}

void Reader::read_field(const Field& field, const Value& value) {
  // The default has to come back where the file says 0.
  ProxyConfig defaults;
  const std::vector<Field> unset = fields(defaults);
  const auto read = read_value(field.slot, value);
  if (!read) {
    problems_.push_back(std::string(field.path) + ": " + read.error().text());
    return;
  }
  if (field.zero_is_default && is_zero(field.slot)) {
    copy_value(find_field(unset, field.path)->slot, field.slot);
  } else if (value.kind != Value::Kind::null) {
    reading_.given.insert(std::string(field.path));
  }
}

void Reader::warn_unknown(const std::string& prefix, const std::string& key) {
  const std::vector<std::string> known = keys_below(all_, prefix);
  const auto meant = closest(key, known);
  reading_.warnings.push_back(file_ + ": " + joined(prefix, key) + ": unknown field, ignored" +
                              (meant ? ": did you mean '" + *meant + "'?" : ""));
}

Result<Reading> Reader::take() {
  if (problems_.empty()) {
    return std::move(reading_);
  }
  std::string text = file_ + ": ";
  for (const std::string& problem : problems_) {
    text += (&problem == problems_.data() ? "" : "; ") + problem;
  }
  return Error{0, text};
}

std::string text_of(const Value& document, std::string_view key) {
  const Value* const value = document.find(key);
  return value != nullptr && value->kind == Value::Kind::scalar ? value->text : "";
}

}  // namespace

bool has_kind(const Value& document) {
  return document.find("apiVersion") != nullptr || document.find("kind") != nullptr;
}

Result<Reading> read_config(const Value& document, const std::string& file) {
  const std::string version = text_of(document, "apiVersion");
  const std::string kind = text_of(document, "kind");
  if (kind != kKind) {
    return Error{0, file + ": kind: is '" + kind + "': expected " + kKind +
                        ", or a file without apiVersion and kind for Sallyport's own settings"};
  }
  if (version != kApiVersion) {
    return Error{0, file + ": apiVersion: is '" + version + "': expected " + kApiVersion};
  }
  Reader reader(file);
  reader.read(document, "");
  return reader.take();
}

}  // namespace sp::proxy
