// SPDX-License-Identifier: Apache-2.0
// The tables of kinds. Ingress is among those left alone: an ingress controller serves it, behind a hostPort or
// NodePort.
#include "loader/source/kinds.h"

#include <algorithm>
#include <array>

namespace sp::source {
namespace {

constexpr std::array<ProgrammedKind, 4> kProgrammed = {{
    {Kind::service, "v1"},
    {Kind::endpoint_slice, "discovery.k8s.io/v1"},
    {Kind::pod, "v1"},
    {Kind::node, "v1"},
}};

constexpr std::string_view kKnownElsewhere[] = {"APIService",
                                                "Binding",
                                                "CSIDriver",
                                                "CSINode",
                                                "CSIStorageCapacity",
                                                "CertificateSigningRequest",
                                                "ClusterRole",
                                                "ClusterRoleBinding",
                                                "ClusterTrustBundle",
                                                "ComponentStatus",
                                                "ConfigMap",
                                                "ControllerRevision",
                                                "CronJob",
                                                "CustomResourceDefinition",
                                                "DaemonSet",
                                                "Deployment",
                                                "DeviceClass",
                                                "Event",
                                                "FlowSchema",
                                                "HorizontalPodAutoscaler",
                                                "IPAddress",
                                                "Ingress",
                                                "IngressClass",
                                                "Job",
                                                "Lease",
                                                "LimitRange",
                                                "LocalSubjectAccessReview",
                                                "MutatingAdmissionPolicy",
                                                "MutatingAdmissionPolicyBinding",
                                                "MutatingWebhookConfiguration",
                                                "Namespace",
                                                "NetworkPolicy",
                                                "PersistentVolume",
                                                "PersistentVolumeClaim",
                                                "PodDisruptionBudget",
                                                "PodSecurityPolicy",
                                                "PodTemplate",
                                                "PriorityClass",
                                                "PriorityLevelConfiguration",
                                                "ReplicaSet",
                                                "ReplicationController",
                                                "ResourceClaim",
                                                "ResourceClaimTemplate",
                                                "ResourceQuota",
                                                "ResourceSlice",
                                                "Role",
                                                "RoleBinding",
                                                "RuntimeClass",
                                                "Secret",
                                                "SelfSubjectAccessReview",
                                                "ServiceAccount",
                                                "ServiceCIDR",
                                                "StatefulSet",
                                                "StorageClass",
                                                "StorageVersion",
                                                "SubjectAccessReview",
                                                "TokenReview",
                                                "ValidatingAdmissionPolicy",
                                                "ValidatingAdmissionPolicyBinding",
                                                "ValidatingWebhookConfiguration",
                                                "VolumeAttachment",
                                                "VolumeAttributesClass"};

constexpr std::string_view kListSuffix = "List";

}  // namespace

std::optional<ProgrammedKind> programmed_kind(std::string_view name) {
  const auto found = std::find_if(kProgrammed.begin(), kProgrammed.end(),
                                  [name](const ProgrammedKind& entry) { return to_string(entry.kind) == name; });
  return found == kProgrammed.end() ? std::nullopt : std::optional(*found);
}

std::optional<ProgrammedKind> programmed_list(std::string_view name) {
  if (!name.ends_with(kListSuffix)) {
    return std::nullopt;
  }
  return programmed_kind(name.substr(0, name.size() - kListSuffix.size()));
}

bool is_known_elsewhere(std::string_view name) {
  const auto known = [](std::string_view kind) {
    return std::find(std::begin(kKnownElsewhere), std::end(kKnownElsewhere), kind) != std::end(kKnownElsewhere);
  };
  const bool list = name.ends_with(kListSuffix);
  return known(name) || (list && known(name.substr(0, name.size() - kListSuffix.size())));
}

}  // namespace sp::source
