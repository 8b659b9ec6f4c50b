// SPDX-License-Identifier: Apache-2.0
// Decoders: one object of an answer of the API -> one object of the model, with the fields that act and no others
// (service-semantics 1.3 to 1.8). Pure.
//
// What is of the wrong type goes to the report of the field, and the result counts only when that stays empty. An entry
// that Kubernetes says is to be skipped goes to `remarks`, and the rest of the object counts. Labels and
// selectors stay empty: in a cluster endpoints come from EndpointSlices alone. Nothing is returned for an object that
// has no effect, which is as good as none.
#pragma once

#include <chrono>
#include <optional>

#include "loader/kube/json_field.h"
#include "loader/model/cluster.h"
#include "loader/model/object_id.h"

namespace sp::kube {

// metadata.namespace and name; nothing when they cannot be read, which is in the report then.
[[nodiscard]] std::optional<model::ObjectKey> read_key(const JsonField& object, bool namespaced);

// Nothing for ExternalName, for headless ones and for those of another proxy.
[[nodiscard]] std::optional<model::Service> decode_service(const JsonField& object, const model::ObjectKey& key,
                                                           source::Report& remarks);
// Nothing for slices of names, for headless ones and for those of no Service. Has no uid: slices
// are told apart by content.
[[nodiscard]] std::optional<model::EndpointSlice> decode_endpoint_slice(const JsonField& object,
                                                                        const model::ObjectKey& key,
                                                                        source::Report& remarks);
// Nothing for a Pod without a hostPort; other ports are left out.
[[nodiscard]] std::optional<model::Pod> decode_pod(const JsonField& object, const model::ObjectKey& key,
                                                   source::Report& remarks);
[[nodiscard]] std::optional<model::Node> decode_node(const JsonField& object, const model::ObjectKey& key,
                                                     source::Report& remarks);
[[nodiscard]] std::optional<model::ServiceCidr> decode_service_cidr(const JsonField& object,
                                                                    const model::ObjectKey& key,
                                                                    source::Report& remarks);

// The annotation endpoints.kubernetes.io/last-change-trigger-time. Never complains: nothing depends on it.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> trigger_time(simdjson::dom::element object);

// An address, or nothing and a remark for a text that is none.
[[nodiscard]] std::optional<Ip> read_ip_or_remark(const JsonField& field, source::Report& remarks);
[[nodiscard]] std::optional<Prefix> read_prefix_or_remark(const JsonField& field, source::Report& remarks);
// As read_ip_or_remark(), and the address has to be one of a host.
[[nodiscard]] std::optional<Ip> read_host_ip_or_remark(const JsonField& field, source::Report& remarks);

}  // namespace sp::kube
