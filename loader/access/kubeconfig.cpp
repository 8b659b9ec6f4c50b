// SPDX-License-Identifier: Apache-2.0
#include "loader/access/kubeconfig.h"

#include <algorithm>

#include "loader/access/config_place.h"

namespace sp::access {
namespace {

using source::Value;

Result<Material> read_material(const ConfigPlace& place, const std::string& key) {
  SP_TRY_ASSIGN(encoded, place.text(key + "-data"));
  if (!encoded.empty()) {
    SP_TRY_ASSIGN(data, place.decoded(key + "-data", encoded));
    return Material{.data = std::move(data)};
  }
  SP_TRY_ASSIGN(file, place.path(key));
  return Material{.file = std::move(file)};
}

Result<ClusterEntry> read_cluster(const std::string& name, const ConfigPlace& place) {
  ClusterEntry cluster{.name = name};
  SP_TRY_ASSIGN(server, place.text("server"));
  SP_TRY_ASSIGN(ca, read_material(place, "certificate-authority"));
  SP_TRY_ASSIGN(skip_verify, place.boolean("insecure-skip-tls-verify"));
  SP_TRY_ASSIGN(tls_server_name, place.text("tls-server-name"));
  SP_TRY_ASSIGN(proxy_url, place.text("proxy-url"));
  if (skip_verify && ca.given()) {
    return place.error("insecure-skip-tls-verify",
                       "is true beside a certificate-authority, and one rules out the other: remove one of them");
  }
  cluster.server = std::move(server);
  cluster.ca = std::move(ca);
  cluster.skip_verify = skip_verify;
  cluster.tls_server_name = std::move(tls_server_name);
  cluster.proxy_url = std::move(proxy_url);
  return cluster;
}

Result<std::vector<std::pair<std::string, std::string>>> read_environment(const ConfigPlace& place) {
  std::vector<std::pair<std::string, std::string>> environment;
  SP_TRY_ASSIGN(entries, place.list("env"));
  for (const ConfigPlace& entry : entries) {
    SP_TRY_ASSIGN(name, entry.text("name"));
    SP_TRY_ASSIGN(value, entry.text("value"));
    if (name.empty() || name.find('=') != std::string::npos) {
      return entry.error("name", "is no name of a variable: expected one, without '='");
    }
    environment.emplace_back(std::move(name), std::move(value));
  }
  return environment;
}

Result<std::string> read_command(const ConfigPlace& place) {
  SP_TRY_ASSIGN(command, place.text("command"));
  if (command.empty()) {
    return place.error("command", "is missing: expected the program that prints credentials");
  }
  // A bare name is looked up in PATH; a relative path starts, as all others here, at the kubeconfig.
  if (command.find('/') != std::string::npos) {
    SP_TRY_ASSIGN(path, place.path("command"));
    return path.string();
  }
  return command;
}

Result<ExecEntry> read_exec(const ConfigPlace& place) {
  ExecEntry exec;
  SP_TRY_ASSIGN(version, place.text("apiVersion"));
  if (version != "client.authentication.k8s.io/v1" && version != "client.authentication.k8s.io/v1beta1") {
    return place.error("apiVersion", "is '" + version +
                                         "': expected client.authentication.k8s.io/v1 or .../v1beta1; newer versions "
                                         "of the plugin have one of them");
  }
  SP_TRY_ASSIGN(mode, place.text("interactiveMode"));
  if (mode == "Always") {
    return place.error("interactiveMode", "is Always: an agent has no terminal, expected a plugin that needs none");
  }
  SP_TRY_ASSIGN(command, read_command(place));
  SP_TRY_ASSIGN(arguments, place.texts("args"));
  SP_TRY_ASSIGN(environment, read_environment(place));
  SP_TRY_ASSIGN(hint, place.text("installHint"));
  SP_TRY_ASSIGN(provide, place.boolean("provideClusterInfo"));
  exec.api_version = std::move(version);
  exec.command = std::move(command);
  exec.arguments = std::move(arguments);
  exec.environment = std::move(environment);
  exec.install_hint = std::move(hint);
  exec.provide_cluster_info = provide;
  return exec;
}

Result<UserEntry> read_user(const std::string& name, const ConfigPlace& place) {
  UserEntry user{.name = name};
  if (place.has("auth-provider")) {
    return place.error("auth-provider",
                       "was removed from Kubernetes 1.26: use a credential plugin (exec), which most providers have");
  }
  SP_TRY_ASSIGN(certificate, read_material(place, "client-certificate"));
  SP_TRY_ASSIGN(key, read_material(place, "client-key"));
  if (certificate.given() != key.given()) {
    return place.error(certificate.given() ? "client-key" : "client-certificate",
                       "is missing: a certificate and its key come together");
  }
  SP_TRY_ASSIGN(token, place.text("token"));
  SP_TRY_ASSIGN(token_file, place.path("tokenFile"));
  SP_TRY_ASSIGN(username, place.text("username"));
  SP_TRY_ASSIGN(password, place.text("password"));
  if (place.has("exec")) {
    SP_TRY_ASSIGN(exec, read_exec(place.at("exec")));
    user.exec = std::move(exec);
  }
  user.certificate = std::move(certificate);
  user.key = std::move(key);
  user.token = std::move(token);
  user.token_file = std::move(token_file);
  user.username = std::move(username);
  user.password = std::move(password);
  return user;
}

// The member `member` of the entry called `name` in the list `list`.
Result<ConfigPlace> find_named(const ConfigPlace& root, const std::string& list, const std::string& name,
                               const std::string& member) {
  SP_TRY_ASSIGN(entries, root.list(list));
  std::string known;
  for (const ConfigPlace& entry : entries) {
    SP_TRY_ASSIGN(entry_name, entry.text("name"));
    if (entry_name == name) {
      return entry.at(member);
    }
    known += (known.empty() ? "'" : ", '") + entry_name + "'";
  }
  return root.error(
      list, "has no entry '" + name + "': expected one with that name" + (known.empty() ? "" : ", there are " + known));
}

}  // namespace

Result<Kubeconfig> parse_kubeconfig(std::string_view text, const std::filesystem::path& path) {
  const auto documents = source::parse_yaml(text, 1);
  if (!documents) {
    return Error{0, "kubeconfig " + path.string() + ": " + documents.error().text()};
  }
  if (documents->size() != 1 || documents->front().kind != Value::Kind::map) {
    return Error{0, "kubeconfig " + path.string() + ": expected one document with clusters, users and contexts"};
  }
  const ConfigPlace root(path, documents->front());
  SP_TRY_ASSIGN(kind, root.text("kind"));
  if (!kind.empty() && kind != "Config") {
    return root.error("kind", "is " + kind + ": expected Config");
  }
  Kubeconfig config{.path = path};
  SP_TRY_ASSIGN(current, root.text("current-context"));
  if (current.empty()) {
    return root.error("current-context", "is missing: expected the name of a context");
  }
  SP_TRY_ASSIGN(context, find_named(root, "contexts", current, "context"));
  SP_TRY_ASSIGN(cluster_name, context.text("cluster"));
  SP_TRY_ASSIGN(user_name, context.text("user"));
  SP_TRY_ASSIGN(cluster_place, find_named(root, "clusters", cluster_name, "cluster"));
  SP_TRY_ASSIGN(cluster, read_cluster(cluster_name, cluster_place));
  if (!user_name.empty()) {
    SP_TRY_ASSIGN(user_place, find_named(root, "users", user_name, "user"));
    SP_TRY_ASSIGN(user, read_user(user_name, user_place));
    config.user = std::move(user);
  }
  config.context = std::move(current);
  config.cluster = std::move(cluster);
  return config;
}

}  // namespace sp::access
