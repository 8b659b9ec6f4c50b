// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>
#include <vector>

#include "loader/cli/cli.h"
#include "loader/cli/options.h"
#include "loader/cli/proxy_flags.h"
#include "loader/cli/run_flags.h"
#include "loader/cli/usage.h"

namespace sp::cli {
namespace {

// Where CLI11 stores what it reads, for every subcommand.
struct Values {
  RunValues run;
  Status status;
  Get get;
  Cleanup cleanup;
};

void add_readers(CLI::App& app, Values& values) {
  CLI::App* const status = app.add_subcommand("status", "Say what is attached and how full the maps are");
  add_pin_path(*status, values.status.pin_path);

  CLI::App* const get = app.add_subcommand("get", "Print what the maps hold");
  add_choice<show::What>(*get, "what", values.get.what,
                         {{"devices", show::What::devices},
                          {"frontends", show::What::frontends},
                          {"services", show::What::services},
                          {"backends", show::What::backends},
                          {"flows", show::What::flows}},
                         "devices, frontends, services, backends or flows")
      ->required()
      ->option_text(" ");
  add_choice<show::Format>(*get, "-o,--output", values.get.format,
                           {{"table", show::Format::table}, {"json", show::Format::json}}, "table or json")
      ->option_text("FORMAT [table]");
  add_pin_path(*get, values.get.pin_path);

  CLI::App* const cleanup = app.add_subcommand("cleanup", "Detach and remove everything that agents made");
  add_pin_path(*cleanup, values.cleanup.pin_path);
  add_switch(*cleanup, "--kube-proxy", values.cleanup.kube_proxy, "Also remove what a kube-proxy left on this node");
}

Command chosen_command(const CLI::App& app, Values values, const std::string& version) {
  const std::string name = app.get_subcommands().front()->get_name();
  if (name == "run") {
    return run_command(std::move(values.run), version);
  }
  if (name == "status") {
    return values.status;
  }
  if (name == "get") {
    return values.get;
  }
  return values.cleanup;
}

}  // namespace

Command parse(int argc, const char* const* argv, const std::string& version) {
  Values values;
  CLI::App app("sallyport: NodePort, hostPort, LoadBalancer and ClusterIP in XDP", "sallyport");
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  add_run(app, values.run);
  add_readers(app, values);
  std::vector<std::string> words = plain_words(argc, argv);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the end
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    return Message{kSuccess, app.help()};
  } catch (const CLI::CallForAllHelp&) {
    return Message{kSuccess, app.help("", CLI::AppFormatMode::All)};
  } catch (const CLI::CallForVersion&) {
    return Message{kSuccess, version + "\n"};
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error);
  }
  return chosen_command(app, std::move(values), version);
}

}  // namespace sp::cli
