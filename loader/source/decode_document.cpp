// SPDX-License-Identifier: Apache-2.0
// From a document to the decoder of its kind: kind, apiVersion, metadata, lists. Decides what a document that cannot be
// told apart may have been about (Doubt), so that a slip of the pen never deletes an object.
#include "loader/source/decode.h"

#include <algorithm>
#include <utility>

#include "loader/source/field_types.h"
#include "loader/source/kinds.h"

namespace sp::source {
namespace {

constexpr std::size_t kMaxNameLength = 253;

// Where an object stands in its file and what a typed list says that it is.
struct Place {
  std::size_t document;
  std::string text;  // "document 2", "document 2: items[3]"
  std::optional<ProgrammedKind> listed_kind;
};

void complain(Reading& reading, const std::string& where, Report& report) {
  for (const std::string& line : report.take()) {
    reading.complaints.push_back(where + ": " + line);
  }
}

// A name goes into log lines and keys. Node names in capitals are common in manifests, so case is left alone.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameLength && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

// Namespace and name as far as they can be read, without a complaint.
std::optional<model::ObjectKey> readable_key(const Value& document, bool namespaced) {
  Report unused;
  const Field object(document, unused);
  const Field metadata = object["metadata"];
  const std::string name = read_string(metadata["name"]);
  std::string ns = read_string(metadata["namespace"]);
  if (ns.empty() || !namespaced) {
    ns = "default";
  }
  if (!is_name(name) || !is_name(ns)) {
    return std::nullopt;
  }
  return model::ObjectKey{namespaced ? ns : "", name};
}

std::optional<Object> decode_as(Kind kind, const Field& object, model::Meta meta) {
  switch (kind) {
    case Kind::service:
      return decode_service(object, std::move(meta));
    case Kind::endpoint_slice:
      if (auto slice = decode_endpoint_slice(object, std::move(meta))) {
        return *std::move(slice);
      }
      return std::nullopt;
    case Kind::pod:
      return decode_pod(object, std::move(meta));
    case Kind::node:
      return decode_node(object, std::move(meta));
    case Kind::service_cidr:
      break;
  }
  return std::nullopt;
}

void check_api_version(const Field& field, const ProgrammedKind& kind, bool listed) {
  const auto version = field.string();
  if (!field.present() && !listed) {
    field.require(kind.api_version);
  } else if (version && *version != kind.api_version) {
    field.complain(field.shown() + " is not known for " + std::string(to_string(kind.kind)) + ", expected " +
                   std::string(kind.api_version));
  }
}

void decode_programmed(const Value& document, const ProgrammedKind& kind, const Place& place, Reading& reading) {
  Report report;
  const Field object(document, report);
  const auto key = readable_key(document, kind.kind != Kind::node);
  if (!key) {
    (void)decode_meta(object, kind.kind);
    complain(reading, place.text + ": " + std::string(to_string(kind.kind)), report);
    reading.doubts.push_back(Doubt{kind.kind, std::nullopt});
    return;
  }
  const ObjectId id{kind.kind, *key};
  check_api_version(object["apiVersion"], kind, place.listed_kind.has_value());
  std::optional<Object> decoded = decode_as(kind.kind, object, decode_meta(object, kind.kind));
  if (!report.empty()) {
    complain(reading, place.text + ": " + id.text(), report);
    reading.definitions.push_back(Definition{id, place.document, std::nullopt});
  } else if (decoded) {
    reading.definitions.push_back(Definition{id, place.document, std::move(decoded)});
  }
}

// A kind that is none: the object that it was before the slip stays, whichever kind that had.
void reject_kind(const Value& document, const Place& place, const std::string& line, Reading& reading) {
  const auto key = readable_key(document, true);
  reading.complaints.push_back(place.text + (key ? ": " + key->text() : "") + ": " + line);
  reading.doubts.push_back(Doubt{std::nullopt, key});
  if (key) {
    reading.doubts.push_back(Doubt{Kind::node, model::ObjectKey{"", key->name}});
  }
}

void decode_one(const Value& document, const Place& place, Reading& reading) {
  Report report;
  const Field object(document, report);
  const Field kind_field = object["kind"];
  const auto name = kind_field.string();
  if (document.kind == Value::Kind::null) {
    object.complain("is null, expected an object");
  }
  if (document.kind != Value::Kind::map || (kind_field.present() && !name)) {
    complain(reading, place.text, report);
    reading.doubts.push_back(Doubt{});
    return;
  }
  const auto kind = name ? programmed_kind(*name) : place.listed_kind;
  if (kind) {
    decode_programmed(document, *kind, place, reading);
  } else if (!name) {
    reject_kind(document, place, "kind: is missing, expected Service, EndpointSlice, Pod, Node or List", reading);
  } else if (*name == "Endpoints" || *name == "EndpointsList") {
    reject_kind(document, place, "kind: Endpoints is not read, expected an EndpointSlice (discovery.k8s.io/v1)",
                reading);
  } else if (!is_known_elsewhere(*name)) {
    reject_kind(document, place,
                "kind: " + kind_field.shown() + " is not known, expected Service, EndpointSlice, Pod, Node or List",
                reading);
  }
}

}  // namespace

model::Meta decode_meta(const Field& object, Kind kind) {
  const Field metadata = object["metadata"];
  const Field name = metadata["name"];
  const Field ns = metadata["namespace"];
  model::Meta meta;
  meta.name = read_string(name);
  name.require("a name");
  if (name.is_string() && !is_name(meta.name)) {
    name.complain(name.shown() + " is not a name, expected letters, digits, '-' and '.', at most 253 of them");
  }
  if (kind != Kind::node) {
    meta.ns = read_string(ns);
    if (!meta.ns.empty() && !is_name(meta.ns)) {
      ns.complain(ns.shown() + " is not a namespace, expected letters, digits and '-'");
    }
    if (meta.ns.empty()) {
      meta.ns = "default";
    }
  }
  meta.labels = read_labels(metadata["labels"]);
  meta.uid = read_string(metadata["uid"]);
  if (meta.uid.empty()) {
    meta.uid = std::string(to_string(kind)) + "/" + model::key_of(meta).text();
  }
  return meta;
}

void decode_document(const Value& document, std::size_t number, Reading& reading) {
  if (document.kind == Value::Kind::null) {
    return;
  }
  Place place{number, "document " + std::to_string(number), std::nullopt};
  Report report;
  const Field object(document, report);
  const std::string name = document.kind == Value::Kind::map ? read_string(object["kind"]) : "";
  place.listed_kind = programmed_list(name);
  if (name != "List" && !place.listed_kind) {
    decode_one(document, place, reading);
    return;
  }
  const Field items = object["items"];
  if (!items.given()) {
    items.require("a list");
  }
  const std::string list_text = place.text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    place.text = list_text + ": items[" + std::to_string(i) + "]";
    decode_one(document.find("items")->items[i], place, reading);
  }
  if (!report.empty()) {
    complain(reading, list_text + ": " + name, report);
    reading.doubts.push_back(Doubt{});
  }
}

}  // namespace sp::source
