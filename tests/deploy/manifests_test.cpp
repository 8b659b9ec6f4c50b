// SPDX-License-Identifier: Apache-2.0
// What kubectl rendered (manifests.sh): that it asks for no more than the agent needs, and that its parts fit together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "loader/kube/resources.h"

namespace sp {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::UnorderedElementsAre;

std::vector<std::string> rendered_files() {
  std::vector<std::string> files;
  const char* const folder = std::getenv("SP_RENDERED");
  for (const auto& entry : std::filesystem::directory_iterator(folder == nullptr ? "." : folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> texts(const YAML::Node& list) {
  return list.as<std::vector<std::string>>();
}

class Manifests : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { documents_ = YAML::LoadAllFromFile(GetParam()); }

  [[nodiscard]] std::vector<YAML::Node> all(const std::string& kind) const {
    std::vector<YAML::Node> found;
    for (const YAML::Node& document : documents_) {
      if (document["kind"].as<std::string>() == kind) found.push_back(document);
    }
    return found;
  }
  [[nodiscard]] YAML::Node the(const std::string& kind) const {
    const auto found = all(kind);
    EXPECT_EQ(found.size(), 1U) << kind;
    return found.empty() ? YAML::Node() : found.front();
  }
  [[nodiscard]] YAML::Node pod() const { return the("DaemonSet")["spec"]["template"]["spec"]; }
  [[nodiscard]] YAML::Node agent() const { return pod()["containers"][0]; }
  // The generated ConfigMap whose name starts with `prefix`.
  [[nodiscard]] YAML::Node config_map(const std::string& prefix) const {
    for (const YAML::Node& map : all("ConfigMap")) {
      if (map["metadata"]["name"].as<std::string>().starts_with(prefix)) return map;
    }
    ADD_FAILURE() << "no ConfigMap " << prefix;
    return {};
  }
  [[nodiscard]] YAML::Node proxy_config() const {
    return YAML::Load(config_map("sallyport-config-")["data"]["config.conf"].as<std::string>());
  }

  std::vector<YAML::Node> documents_;
};

// What the agent's own table of resources says, plus Events, and not a verb more.
TEST_P(Manifests, GrantWhatTheReflectorsAskForAndNothingElse) {
  std::map<std::string, std::set<std::string>> granted;  // by "resource.group", as RBAC messages name them
  for (const YAML::Node& rule : the("ClusterRole")["rules"]) {
    EXPECT_EQ(rule.size(), 3U) << "a rule with more than groups, resources and verbs";
    for (const std::string& group : texts(rule["apiGroups"])) {
      for (const std::string& resource : texts(rule["resources"])) {
        const auto verbs = texts(rule["verbs"]);
        granted[group.empty() ? resource : resource + "." + group].insert(verbs.begin(), verbs.end());
      }
    }
  }
  std::map<std::string, std::set<std::string>> asked{{"events.events.k8s.io", {"create", "patch"}}};
  for (const auto kind : {model::Kind::service, model::Kind::endpoint_slice, model::Kind::pod, model::Kind::node,
                          model::Kind::service_cidr}) {
    asked[kube::resource_of(kind, "n1").name] = {"list", "watch"};
  }
  EXPECT_EQ(granted, asked);
}

TEST_P(Manifests, BindTheRoleToTheAccountOfThePods) {
  const YAML::Node binding = the("ClusterRoleBinding");
  const YAML::Node subject = binding["subjects"][0];
  EXPECT_EQ(binding["roleRef"]["name"].as<std::string>(), the("ClusterRole")["metadata"]["name"].as<std::string>());
  EXPECT_EQ(subject["name"].as<std::string>(), pod()["serviceAccountName"].as<std::string>());
  EXPECT_EQ(subject["name"].as<std::string>(), the("ServiceAccount")["metadata"]["name"].as<std::string>());
  EXPECT_EQ(subject["namespace"].as<std::string>(), the("DaemonSet")["metadata"]["namespace"].as<std::string>());
  EXPECT_EQ(subject["namespace"].as<std::string>(), "kube-system");
}

TEST_P(Manifests, GiveTheAgentFourCapabilitiesInPlaceOfPrivilege) {
  const YAML::Node security = agent()["securityContext"];
  EXPECT_FALSE(security["privileged"].as<bool>());
  EXPECT_FALSE(security["allowPrivilegeEscalation"].as<bool>());
  EXPECT_TRUE(security["readOnlyRootFilesystem"].as<bool>());
  EXPECT_EQ(security["seccompProfile"]["type"].as<std::string>(), "RuntimeDefault");
  EXPECT_THAT(texts(security["capabilities"]["drop"]), ElementsAre("ALL"));
  EXPECT_THAT(texts(security["capabilities"]["add"]),
              UnorderedElementsAre("BPF", "NET_ADMIN", "PERFMON", "NET_RAW", "SYS_ADMIN"));
}

TEST_P(Manifests, GivePrivilegeToTheOneContainerThatMountsAndEnds) {
  ASSERT_EQ(pod()["initContainers"].size(), 1U);
  const YAML::Node prepare = pod()["initContainers"][0];
  EXPECT_THAT(texts(prepare["args"]), IsSupersetOf({"run", "--init-only"}));
  for (const YAML::Node& mount : agent()["volumeMounts"]) {
    const YAML::Node propagation = mount["mountPropagation"];
    EXPECT_TRUE(!propagation || propagation.as<std::string>() != "Bidirectional") << "needs privilege";
  }
}

TEST_P(Manifests, ProbeLivezToRestartAndHealthzOnlyToSteerTraffic) {
  EXPECT_EQ(agent()["livenessProbe"]["httpGet"]["path"].as<std::string>(), "/livez");
  EXPECT_EQ(agent()["startupProbe"]["httpGet"]["path"].as<std::string>(), "/livez");
  EXPECT_EQ(agent()["readinessProbe"]["httpGet"]["path"].as<std::string>(), "/healthz");
}

TEST_P(Manifests, ProbeThePortThatTheConfigurationServes) {
  const YAML::Node address = proxy_config()["healthzBindAddress"];
  const std::string served = address ? address.as<std::string>() : "0.0.0.0:10256";
  for (const char* probe : {"livenessProbe", "startupProbe", "readinessProbe"}) {
    EXPECT_EQ(served, "0.0.0.0:" + agent()[probe]["httpGet"]["port"].as<std::string>()) << probe;
  }
}

TEST_P(Manifests, KeepAwayFromKubeProxysPortsAndRulesBesideIt) {
  const std::vector<std::string> args = texts(agent()["args"]);
  const bool beside = std::count(args.begin(), args.end(), "--leftovers=keep") > 0;
  EXPECT_EQ(beside, GetParam().find("beside-kube-proxy") != std::string::npos);
  const YAML::Node config = proxy_config();
  EXPECT_EQ(config["kind"].as<std::string>(), "KubeProxyConfiguration");
  EXPECT_EQ(beside, config["healthzBindAddress"].IsDefined() && config["metricsBindAddress"].IsDefined());
}

TEST_P(Manifests, ReachTheApiServerWithoutAService) {
  const YAML::Node address = config_map("sallyport-api-server-");
  std::set<std::string> found;
  for (const YAML::Node& variable : agent()["env"]) {
    const YAML::Node ref = variable["valueFrom"]["configMapKeyRef"];
    if (!ref) continue;
    found.insert(variable["name"].as<std::string>());
    EXPECT_EQ(ref["name"].as<std::string>(), address["metadata"]["name"].as<std::string>());
    EXPECT_TRUE(address["data"][ref["key"].as<std::string>()].IsDefined());
  }
  EXPECT_THAT(found, ElementsAre("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"));
}

TEST_P(Manifests, RunOnTheHostsNetworkOfEveryNodeAndAreTheLastToBeEvicted) {
  EXPECT_TRUE(pod()["hostNetwork"].as<bool>());
  EXPECT_EQ(pod()["priorityClassName"].as<std::string>(), "system-node-critical");
  ASSERT_EQ(pod()["tolerations"].size(), 1U);
  EXPECT_EQ(pod()["tolerations"][0].size(), 1U) << "a toleration with a key or an effect does not tolerate everything";
  EXPECT_EQ(pod()["tolerations"][0]["operator"].as<std::string>(), "Exists");
  EXPECT_FALSE(agent()["resources"]["limits"].IsDefined()) << "maps are charged to the Pod";
}

//
TEST_P(Manifests, AreFoundByWhoLooksForKubeProxyAndDoNotSelectItsPods) {
  const YAML::Node set = the("DaemonSet");
  const auto labels = set["spec"]["template"]["metadata"]["labels"].as<std::map<std::string, std::string>>();
  const auto selector = set["spec"]["selector"]["matchLabels"].as<std::map<std::string, std::string>>();
  EXPECT_EQ(labels.at("k8s-app"), "kube-proxy");
  EXPECT_EQ(selector.count("k8s-app"), 0U);
  for (const auto& [name, value] : selector) EXPECT_EQ(labels.at(name), value);
}

TEST_P(Manifests, KeepMapsInTheBpffsOfTheHost) {
  const std::vector<std::string> args = texts(agent()["args"]);
  EXPECT_EQ(std::count(args.begin(), args.end(), "--pin-path=/run/bpf/sallyport"), 1);
  std::map<std::string, std::string> host_paths;
  for (const YAML::Node& volume : pod()["volumes"]) {
    if (volume["hostPath"]) host_paths[volume["name"].as<std::string>()] = volume["hostPath"]["path"].as<std::string>();
  }
  std::map<std::string, std::string> mounted;
  for (const YAML::Node& mount : agent()["volumeMounts"]) {
    const auto path = host_paths.find(mount["name"].as<std::string>());
    if (path != host_paths.end()) mounted[mount["mountPath"].as<std::string>()] = path->second;
  }
  EXPECT_EQ(mounted, (std::map<std::string, std::string>{{"/run/bpf", "/sys/fs/bpf"},
                                                         {"/run/cgroup", "/sys/fs/cgroup"},
                                                         {"/run/netns", "/run/netns"},
                                                         {"/run/xtables.lock", "/run/xtables.lock"}}));
}

TEST_P(Manifests, CanBeLimitedToLabelledNodes) {
  const bool limited = GetParam().find("labelled-nodes") != std::string::npos;
  EXPECT_EQ(pod()["nodeSelector"]["sallyport"].IsDefined(), limited);
}

std::string test_name(const testing::TestParamInfo<std::string>& file) {
  std::string name = std::filesystem::path(file.param).stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Rendered, Manifests, testing::ValuesIn(rendered_files()), test_name);

TEST(Rendered, HasEveryOverlay) {
  EXPECT_GE(rendered_files().size(), 7U);
}

}  // namespace
}  // namespace sp
