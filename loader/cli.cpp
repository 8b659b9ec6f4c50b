// SPDX-License-Identifier: Apache-2.0
#include "loader/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "loader/util/closest.h"

namespace sp::cli {
namespace {

// Where CLI11 stores what it reads, for every subcommand.
struct Values {
  agent::RunOptions run;
  std::filesystem::path pin_path = SP_DEFAULT_PIN_PATH;
  show::What what = show::What::frontends;
  show::Format format = show::Format::table;
};

template <typename Value>
CLI::Validator one_of(const std::map<std::string, Value>& words) {
  std::vector<std::string> known;
  for (const auto& [word, value] : words) {
    known.push_back(word);
  }
  std::string list;
  for (const std::string& word : known) {
    list += (list.empty() ? "" : ", ") + word;
  }
  return CLI::Validator(
      [known, list](std::string& given) {
        if (std::find(known.begin(), known.end(), given) != known.end()) {
          return std::string();
        }
        const auto meant = closest(given, known);
        return "'" + given + "' is unknown: " + (meant ? "did you mean " + *meant + "?" : "expected one of " + list);
      },
      "", "");
}

// An option whose words stand for values.
template <typename Value>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Value& into, const std::map<std::string, Value>& words,
                        const std::string& help) {
  return app
      .add_option_function<std::string>(
          name, [&into, words](const std::string& word) { into = words.at(word); }, help)
      ->check(one_of(words));
}

void add_pin_path(CLI::App& app, Values& values) {
  app.add_option("--pin-path", values.pin_path, "Where maps and links are pinned")
      ->option_text("DIR [" SP_DEFAULT_PIN_PATH "]");
}

void add_run(CLI::App& app, Values& values) {
  CLI::App* run = app.add_subcommand("run", "Program this node from manifests until SIGTERM");
  agent::RunOptions& options = values.run;
  run->add_option("--manifests", options.manifests, "Folder of Service, EndpointSlice, Pod and Node manifests; watched")
      ->required()
      ->option_text("DIR (required)");
  run->add_option("--node", options.node, "Name of this node in the manifests [the host's name]")->option_text("NAME");
  run->add_option("--device", options.devices, "Device that faces clients; repeatable [those with a default route]")
      ->option_text("DEV ...")
      ->allow_extra_args(false);
  add_pin_path(*run, values);
  run->add_option("--cgroup", options.cgroup, "cgroup v2 directory of the Pods; checked, not used by this version")
      ->option_text("DIR");
  run->add_option("--config", options.configs, "YAML file with sizes, timeouts and port ranges")->option_text("FILE");
  add_choice<std::optional<log::Level>>(*run, "--log-level", options.log_level,
                                        {{"debug", log::Level::debug},
                                         {"info", log::Level::info},
                                         {"warn", log::Level::warn},
                                         {"error", log::Level::error}},
                                        "debug, info, warn or error")
      ->option_text("LEVEL [info]");
}

void add_readers(CLI::App& app, Values& values) {
  CLI::App* status = app.add_subcommand("status", "Say what is attached and how full the maps are");
  add_pin_path(*status, values);

  CLI::App* get = app.add_subcommand("get", "Print what the maps hold");
  add_choice<show::What>(*get, "what", values.what,
                         {{"frontends", show::What::frontends},
                          {"services", show::What::services},
                          {"backends", show::What::backends},
                          {"flows", show::What::flows}},
                         "frontends, services, backends or flows")
      ->required()
      ->option_text(" ");
  add_choice<show::Format>(*get, "-o,--output", values.format,
                           {{"table", show::Format::table}, {"json", show::Format::json}}, "table or json")
      ->option_text("FORMAT [table]");
  add_pin_path(*get, values);

  CLI::App* cleanup = app.add_subcommand("cleanup", "Detach and remove everything that agents made");
  add_pin_path(*cleanup, values);
}

// The words that would have been accepted where `word` stood.
std::vector<std::string> known_words(const CLI::App& app, const std::string& word) {
  std::vector<std::string> known;
  if (word.starts_with("-")) {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        known.push_back("--" + name);
      }
      for (const std::string& name : option->get_snames()) {
        known.push_back("-" + name);
      }
    }
  } else {
    for (const CLI::App* subcommand : app.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(subcommand->get_name());
    }
  }
  return known;
}

std::string unknown_word(const CLI::App& app, const std::string& given) {
  const std::string word = given.substr(0, given.find('='));
  const std::vector<std::string> known = known_words(app, word);
  const std::string what = word.starts_with("-") ? "unknown option "
                           : known.empty()       ? "unexpected word "
                                                 : "unknown command ";
  if (const auto meant = closest(word, known)) {
    return what + word + ": did you mean " + *meant + "?";
  }
  std::string list;
  for (const std::string& candidate : known) {
    list += (list.empty() ? "" : ", ") + candidate;
  }
  return what + word + (list.empty() ? "" : ": expected one of " + list);
}

Message usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  const CLI::App& where = chosen.empty() ? app : *chosen.front();
  const std::string command = "sallyport" + (chosen.empty() ? "" : " " + where.get_name());
  // A word that nobody knows explains what is missing ("--manifest DIR"), so it comes first.
  const std::vector<std::string> extra = app.remaining(true);
  std::string reason = extra.empty() ? std::string(error.what()) : unknown_word(where, extra.front());
  if (extra.empty() && chosen.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    reason = "a command is missing: expected run, status, get or cleanup";
  }
  if (extra.empty() && where.get_name() == "get" && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    reason = "what to print is missing: expected frontends, services, backends or flows";
  }
  return {kUsage, command + ": " + reason + "\nTry '" + command + " --help'.\n"};
}

Command chosen_command(const CLI::App& app, Values values) {
  const std::string name = app.get_subcommands().front()->get_name();
  if (name == "run") {
    values.run.pin_path = values.pin_path;
    return std::move(values.run);
  }
  if (name == "status") {
    return Status{values.pin_path};
  }
  if (name == "get") {
    return Get{values.what, values.format, values.pin_path};
  }
  return Cleanup{values.pin_path};
}

}  // namespace

Command parse(int argc, const char* const* argv, const std::string& version) {
  Values values;
  CLI::App app("sallyport: NodePort, hostPort, LoadBalancer and ClusterIP in XDP", "sallyport");
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  add_run(app, values);
  add_readers(app, values);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Message{kSuccess, app.help()};
  } catch (const CLI::CallForAllHelp&) {
    return Message{kSuccess, app.help("", CLI::AppFormatMode::All)};
  } catch (const CLI::CallForVersion&) {
    return Message{kSuccess, version + "\n"};
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error);
  }
  return chosen_command(app, std::move(values));
}

}  // namespace sp::cli
