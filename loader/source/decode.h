// SPDX-License-Identifier: Apache-2.0
// Decoders: one document in the form of the Kubernetes API -> one object of the model. Pure; what is wrong goes to the
// report of the field, and the result counts only when that stays empty.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "loader/source/field.h"
#include "loader/source/object.h"
#include "loader/source/value.h"

namespace sp::source {

// Adds what document `number` of a file defines: one object, those of a list, or none of ours.
void decode_document(const Value& document, std::size_t number, Reading& reading);

// metadata, with the defaults of standalone manifests.
[[nodiscard]] model::Meta decode_meta(const Field& object, Kind kind);

[[nodiscard]] model::Service decode_service(const Field& object, model::Meta meta);
// Nothing for slices that are not for a proxy: headless ones and those of names.
[[nodiscard]] std::optional<model::EndpointSlice> decode_endpoint_slice(const Field& object, model::Meta meta);
[[nodiscard]] model::Pod decode_pod(const Field& object, model::Meta meta);
[[nodiscard]] model::Node decode_node(const Field& object, model::Meta meta);

}  // namespace sp::source
