// SPDX-License-Identifier: Apache-2.0
#include "loader/cli/run_flags.h"

#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "loader/agent/settings.h"
#include "loader/cli/options.h"
#include "loader/cli/proxy_flags.h"
#include "loader/cli/usage.h"

namespace sp::cli {
namespace {

void add_source(CLI::App& run, agent::RunOptions& options) {
  CLI::Option* const manifests =
      run.add_option("--manifests", options.manifests, "Folder of Service, EndpointSlice, Pod and Node files; watched")
          ->option_text("DIR");
  CLI::Option* const kubeconfig =
      run.add_option("--kubeconfig", options.kubeconfig, "How to reach the API server [in a Pod: its account]")
          ->option_text("FILE");
  CLI::Option* const master =
      run.add_option("--master", options.master, "API server, instead of the kubeconfig's")->option_text("URL");
  for (CLI::Option* const option : {manifests, kubeconfig, master}) {
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->group("Source: one of");
  }
  manifests->excludes(kubeconfig)->excludes(master);
}

void add_node(CLI::App& run, agent::RunOptions& options) {
  const std::string group = "Node";
  run.add_option("--node,--hostname-override", options.node, "Name of this node [the host's name]")
      ->option_text("NAME")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group(group);
  run.add_option("--device", options.devices, "Device that faces clients; repeatable [those with a default route]")
      ->option_text("DEV ...")
      ->allow_extra_args(false)
      ->group(group);
  add_pin_path(run, options.pin_path);
  run.get_option("--pin-path")->group(group);
  run.add_option("--cgroup", options.cgroup,
                 "cgroup v2 directory whose processes get socket hooks, or none [the root of cgroup v2]")
      ->option_text("DIR")
      ->group(group);
}

void add_behaviour(CLI::App& run, RunValues& values) {
  const std::string group = "Behaviour";
  run.add_option("--config", values.options.configs,
                 "Settings of Sallyport or a KubeProxyConfiguration, told apart by kind; repeatable")
      ->option_text("FILE ...")
      ->allow_extra_args(false)
      ->group(group);
  add_choice<agent::Leftovers>(run, "--leftovers", values.options.leftovers,
                               {{"remove", agent::Leftovers::remove}, {"keep", agent::Leftovers::keep}},
                               "Of a kube-proxy on this node, with a Kubernetes source: remove or keep")
      ->option_text("WHAT [remove]")
      ->group(group);
  using agent::LocalDelivery;
  add_choice<std::optional<LocalDelivery>>(
      run, "--local-delivery", values.options.local_delivery,
      {{"stack", LocalDelivery::stack}, {"peer", LocalDelivery::peer}, {"xdp", LocalDelivery::xdp}},
      "Way of packets from outside to Pods of this node: stack, peer or xdp")
      ->option_text("WAY [stack]")
      ->group(group);
  add_choice<std::optional<log::Level>>(run, "--log-level", values.options.log_level,
                                        {{"debug", log::Level::debug},
                                         {"info", log::Level::info},
                                         {"warn", log::Level::warn},
                                         {"error", log::Level::error}},
                                        "debug, info, warn or error")
      ->option_text("LEVEL [info]")
      ->group(group);
  run.add_option("--write-config-to", values.write_config_to, "Write the KubeProxyConfiguration in force and end")
      ->option_text("FILE")
      ->group(group);
  add_switch(run, "--init-only", values.options.init_only, "Make what needs privileges and end")->group(group);
  add_switch(run, "--cleanup", values.cleanup, "As the command cleanup --kube-proxy")->group(group);
  // kube-proxy takes --version, --version=true and --version=raw.
  run.add_option(
         "--version",
         [&values](const CLI::results_t& texts) {
           values.version = texts.back() != "false";
           return true;
         },
         "Print the version and end")
      ->expected(0)
      ->option_text(" ")
      ->group(group);
}

}  // namespace

void add_run(CLI::App& app, RunValues& values) {
  CLI::App* const run = app.add_subcommand("run", "Program this node until SIGTERM");
  add_source(*run, values.options);
  add_node(*run, values.options);
  add_behaviour(*run, values);
  add_proxy_flags(*run, values.options.proxy_flags);
}

Command run_command(RunValues values, const std::string& version) {
  agent::RunOptions& options = values.options;
  if (values.version) {
    return Message{kSuccess, version + "\n"};
  }
  proxy::ProxyConfig scratch;
  if (const std::vector<std::string> wrong = proxy::apply_flags(options.proxy_flags, scratch); !wrong.empty()) {
    return usage("sallyport run", wrong.front());
  }
  if (values.cleanup) {
    return Cleanup{options.pin_path, true};
  }
  if (!values.write_config_to.empty()) {
    return WriteConfig{std::move(options), std::move(values.write_config_to)};
  }
  const bool source_named = !options.manifests.empty() || !options.kubeconfig.empty() || !options.master.empty() ||
                            !options.configs.empty() || std::getenv("KUBERNETES_SERVICE_HOST") != nullptr;
  // With a file, agent::resolve() has the last word.
  if (!source_named && !options.init_only) {
    return usage("sallyport run", agent::kNoSource);
  }
  return std::move(options);
}

}  // namespace sp::cli
