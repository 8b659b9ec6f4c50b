// SPDX-License-Identifier: Apache-2.0
// DecodingTest: JSON of one object of the API into its table, and what has come of it.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "loader/kube/json_parser.h"
#include "loader/kube/object_table.h"

namespace sp::test {

class DecodingTest : public testing::Test {
 protected:
  void put(kube::ObjectSink& table, std::string json) {
    const auto document = parser.parse(json);
    ASSERT_TRUE(document) << document.error().what << "\n" << json;
    table.put(*document);
  }
  void remove(kube::ObjectSink& table, std::string json) {
    const auto document = parser.parse(json);
    ASSERT_TRUE(document) << document.error().what;
    table.remove(*document);
  }
  // Complaints since the last call.
  std::vector<std::string> complaints() {
    std::vector<std::string> out;
    source::Update update = journal.take();
    for (auto& complaint : update.complaints) out.push_back(std::move(complaint.text));
    return out;
  }
  static std::string metadata(const std::string& more = "") {
    return R"("metadata":{"namespace":"default","name":"web","uid":"u1")" + more + "}";
  }

  using Time = std::chrono::system_clock::time_point;
  static constexpr Time kStarted{std::chrono::seconds(1'700'000'000)};

  kube::JsonParser parser;
  model::Cluster cluster;
  kube::Journal journal{kStarted};
  kube::ObjectTable<model::Service> services{model::Kind::service, cluster.services, kube::decode_service, journal};
  kube::ObjectTable<model::EndpointSlice> slices{model::Kind::endpoint_slice, cluster.endpoint_slices,
                                                 kube::decode_endpoint_slice, journal};
  kube::ObjectTable<model::Pod> pods{model::Kind::pod, cluster.pods, kube::decode_pod, journal};
  kube::ObjectTable<model::Node> nodes{model::Kind::node, cluster.nodes, kube::decode_node, journal};
  kube::ObjectTable<model::ServiceCidr> cidrs{model::Kind::service_cidr, cluster.service_cidrs,
                                              kube::decode_service_cidr, journal};
};

}  // namespace sp::test
