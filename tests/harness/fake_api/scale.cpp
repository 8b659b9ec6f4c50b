// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/fake_api/scale.h"

#include <algorithm>

namespace sp::fake_api {
namespace {

std::string name_of(unsigned index) {
  return "svc-" + std::to_string(index);
}

// An address of 10.0.0.0/8 above `base`, which is the second octet.
std::string address(unsigned base, unsigned number) {
  return "10." + std::to_string(base + (number >> 16U & 63U)) + "." + std::to_string(number >> 8U & 255U) + "." +
         std::to_string(number & 255U);
}

// "f:" entries as server-side apply keeps them.
Json managed_field(const std::string& manager, const Json& fields) {
  return {{"manager", manager},       {"operation", "Update"}, {"apiVersion", "v1"}, {"time", "2026-01-05T12:00:00Z"},
          {"fieldsType", "FieldsV1"}, {"fieldsV1", fields}};
}

Json service_ballast() {
  const Json f = Json::object();
  return Json::array(
      {managed_field("kubectl-client-side-apply",
                     {{"f:metadata",
                       {{"f:annotations", {{".", f}, {"f:kubectl.kubernetes.io/last-applied-configuration", f}}},
                        {"f:labels", {{".", f}, {"f:app", f}, {"f:app.kubernetes.io/managed-by", f}}}}},
                      {"f:spec",
                       {{"f:internalTrafficPolicy", f},
                        {"f:ports",
                         {{".", f},
                          {"k:{\"port\":80,\"protocol\":\"TCP\"}",
                           {{".", f}, {"f:name", f}, {"f:port", f}, {"f:protocol", f}, {"f:targetPort", f}}}}},
                        {"f:selector", f},
                        {"f:sessionAffinity", f},
                        {"f:type", f}}}}),
       managed_field("kube-controller-manager", {{"f:status", {{"f:loadBalancer", {{"f:ingress", f}}}}}})});
}

Json slice_ballast() {
  const Json f = Json::object();
  return Json::array({managed_field(
      "kube-controller-manager",
      {{"f:addressType", f},
       {"f:endpoints", f},
       {"f:metadata",
        {{"f:annotations", {{".", f}, {"f:endpoints.kubernetes.io/last-change-trigger-time", f}}},
         {"f:generateName", f},
         {"f:labels",
          {{".", f},
           {"f:app", f},
           {"f:endpointslice.kubernetes.io/managed-by", f},
           {"f:kubernetes.io/service-name", f}}},
         {"f:ownerReferences", {{".", f}, {"k:{\"uid\":\"5a11f0a7-0000-4000-8000-000000000000\"}", f}}}}},
       {"f:ports", f}})});
}

std::string uid_of(unsigned number) {
  const std::string digits = std::to_string(number);
  return "7c0de7e5-1111-4222-8333-" + std::string(12 - digits.size(), '0') + digits;
}

Json endpoint(const Scale& scale, unsigned number) {
  const std::string pod = "pod-" + std::to_string(number);
  Json result = {{"addresses", Json::array({address(128, number + 1)})},
                 {"conditions", {{"ready", true}, {"serving", true}, {"terminating", false}}},
                 {"nodeName", "node-" + std::to_string(number % scale.nodes)}};
  if (scale.ballast) {
    result["targetRef"] = {{"kind", "Pod"}, {"name", pod}, {"namespace", "default"}, {"uid", uid_of(number)}};
    result["zone"] = "zone-" + std::to_string(number % 3);
  }
  return result;
}

}  // namespace

Json scale_service(const Scale& scale, unsigned index) {
  const std::string name = name_of(index);
  Json meta = {{"namespace", "default"}, {"name", name}, {"labels", {{"app", name}}}};
  if (scale.ballast) {
    meta["labels"]["app.kubernetes.io/managed-by"] = "Helm";
    meta["annotations"] = {{"meta.helm.sh/release-name", name},
                           {"kubectl.kubernetes.io/last-applied-configuration",
                            R"({"apiVersion":"v1","kind":"Service","metadata":{"annotations":{},"name":")" + name +
                                R"("},"spec":{"ports":[{"name":"http","port":80,"targetPort":8080}]}})"}};
    meta["managedFields"] = service_ballast();
  }
  const std::string ip = address(64, index + 1);
  Json port = {{"name", "http"}, {"port", 80}, {"protocol", "TCP"}, {"targetPort", 8080}};
  const bool balanced = index % 100 == 0;
  const bool open = index % 10 == 0;
  if (open) port["nodePort"] = 30000 + index / 10 % 2768;
  Json spec = {{"clusterIP", ip},
               {"clusterIPs", Json::array({ip})},
               {"internalTrafficPolicy", "Cluster"},
               {"ipFamilies", Json::array({"IPv4"})},
               {"ipFamilyPolicy", "SingleStack"},
               {"ports", Json::array({port})},
               {"selector", {{"app", name}}},
               {"sessionAffinity", "None"},
               {"type", balanced ? "LoadBalancer"
                        : open   ? "NodePort"
                                 : "ClusterIP"}};
  if (open) spec["externalTrafficPolicy"] = "Cluster";
  Json status = {{"loadBalancer", Json::object()}};
  if (balanced) {
    const unsigned number = index / 100;
    const std::string vip = "198.18." + std::to_string(number / 256) + "." + std::to_string(number % 256);
    status["loadBalancer"]["ingress"] = Json::array({{{"ip", vip}, {"ipMode", "VIP"}}});
  }
  return {{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", meta}, {"spec", spec}, {"status", status}};
}

Json scale_slice(const Scale& scale, unsigned index, unsigned slice) {
  const std::string name = name_of(index);
  Json meta = {{"namespace", "default"},
               {"name", name + "-" + std::to_string(slice)},
               {"generation", 1},
               {"labels",
                {{"app", name},
                 {"endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"},
                 {"kubernetes.io/service-name", name}}}};
  if (scale.ballast) {
    meta["generateName"] = name + "-";
    meta["annotations"] = {{"endpoints.kubernetes.io/last-change-trigger-time", "2026-01-05T12:00:00Z"}};
    meta["ownerReferences"] = Json::array({{{"apiVersion", "v1"},
                                            {"blockOwnerDeletion", true},
                                            {"controller", true},
                                            {"kind", "Service"},
                                            {"name", name},
                                            {"uid", "5a11f0a7-0000-4000-8000-000000000000"}}});
    meta["managedFields"] = slice_ballast();
  }
  Json endpoints = Json::array();
  const unsigned end = std::min(scale.endpoints, (slice + 1) * scale.per_slice);
  for (unsigned i = slice * scale.per_slice; i < end; ++i) {
    endpoints.push_back(endpoint(scale, index * scale.endpoints + i));
  }
  return {{"apiVersion", "discovery.k8s.io/v1"},
          {"kind", "EndpointSlice"},
          {"metadata", meta},
          {"addressType", "IPv4"},
          {"endpoints", endpoints},
          {"ports", Json::array({{{"name", "http"}, {"port", 8080}, {"protocol", "TCP"}}})}};
}

void fill(Objects& objects, const Scale& scale) {
  for (unsigned index = 0; index < scale.services; ++index) {
    objects.put_object(scale_service(scale, index));
    for (unsigned slice = 0; slice * scale.per_slice < scale.endpoints; ++slice) {
      objects.put_object(scale_slice(scale, index, slice));
    }
  }
}

}  // namespace sp::fake_api
