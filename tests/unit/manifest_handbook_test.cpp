// SPDX-License-Identifier: Apache-2.0
// The handbook's five doors: its manifests as printed there, and the folder that the quick start runs on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loader/source/manifest_file.h"
#include "tests/harness/manifest_folder.h"

namespace sp::testing {
namespace {

using ::testing::IsEmpty;

constexpr const char* kPrinted = R"(
apiVersion: v1
kind: Pod
metadata:
  name: door-1
spec:
  hostNetwork: true
  containers:
    - name: influxdb
      image: influxdb
---
apiVersion: v1
kind: Pod
metadata:
  name: door-2
spec:
  containers:
    - name: influxdb
      image: influxdb
      ports:
        - containerPort: 8086
          hostPort: 8086
---
kind: Service
apiVersion: v1
metadata:
  name: door-3
spec:
  type: NodePort
  ports:
    - port: 8086
      nodePort: 30000
  selector:
    name: influxdb
---
kind: Service
apiVersion: v1
metadata:
  name: door-4
spec:
  type: LoadBalancer
  ports:
    - port: 8086
  selector:
    name: influxdb
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata:
  name: door-5
spec:
  rules:
    - host: influxdb.kube.example.com
      http:
        paths:
          - backend:
              serviceName: influxdb
              servicePort: 8086
)";

TEST(Handbook, ItsManifestsAreReadAsPrinted) {
  ManifestFolder folder;
  folder.write("handbook.yml", kPrinted);
  WatchedFolder watched(folder.path());
  EXPECT_THAT(watched.complaints(), IsEmpty());
  const auto& pods = watched.cluster().pods;
  ASSERT_EQ(pods.size(), 2u);
  EXPECT_TRUE(pods.at({"default", "door-1"}).host_network);
  EXPECT_EQ(pods.at({"default", "door-2"}).ports.at(0).host_port, 8086);
  const auto& services = watched.cluster().services;
  ASSERT_EQ(services.size(), 2u);
  const model::Service& door = services.at({"default", "door-3"});
  EXPECT_EQ(door.type, model::ServiceType::node_port);
  EXPECT_EQ(door.ports.at(0).node_port, 30000);
  EXPECT_EQ(door.selector, (model::Labels{{"name", "influxdb"}}));
  EXPECT_TRUE(door.cluster_ips.empty() && !door.headless && door.ipv4 && door.ipv6);
}

TEST(Handbook, TheFolderOfTheQuickStartHasNothingToComplainOf) {
  const fs::path folder = fs::path(__FILE__).parent_path() / "../../docs/examples/handbook";
  WatchedFolder watched(folder);
  EXPECT_THAT(watched.complaints(), IsEmpty());
  EXPECT_GE(watched.cluster().services.size(), 4u);
  EXPECT_GE(watched.cluster().pods.size(), 5u);
  EXPECT_EQ(watched.cluster().nodes.size(), 3u);
}

}  // namespace
}  // namespace sp::testing
