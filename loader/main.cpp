// SPDX-License-Identifier: Apache-2.0
// sallyport: runs the command that cli.h parsed. Exit codes: 0 done, 1 failed while running, 2 wrong usage.
#include <cstdio>
#include <string>
#include <utility>
#include <variant>

#include "loader/agent/agent.h"
#include "loader/agent/settings.h"
#include "loader/cli/cli.h"
#include "loader/show/show.h"
#include "loader/util/log.h"

namespace {

std::string version() {
  const std::string build_id = SP_BUILD_ID;
  return SP_VERSION + (build_id.empty() ? "" : " (" + build_id + ")");
}

int report(const sp::Error& error) {
  // A file that is quoted in the sentence may hold anything; one error is one line.
  std::fprintf(stderr, "sallyport: %s\n", sp::log::escape_controls(error.text()).c_str());
  return sp::cli::kFailure;
}

int print(const sp::Result<std::string>& text) {
  if (!text) {
    return report(text.error());
  }
  std::fputs(text->c_str(), stdout);
  if (!text->empty() && text->back() != '\n') {
    std::fputc('\n', stdout);
  }
  // A full disk or a closed pipe is a failure, or a script would read half a table as a whole one.
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? sp::cli::kSuccess : sp::cli::kFailure;
}

struct Execute {
  int operator()(const sp::agent::RunOptions& options) const {
    const auto ended = sp::agent::run(options, {SP_VERSION, SP_BUILD_ID});
    return ended ? sp::cli::kSuccess : report(ended.error());
  }
  int operator()(const sp::cli::WriteConfig& write) const {
    return print(sp::agent::write_config(write.options, write.file));
  }
  int operator()(const sp::cli::Status& status) const { return print(sp::show::status(status.pin_path, version())); }
  int operator()(const sp::cli::Get& get) const { return print(sp::show::get(get.pin_path, get.what, get.format)); }
  int operator()(const sp::cli::Cleanup& cleanup) const {
    return print(sp::agent::cleanup(cleanup.pin_path, cleanup.kube_proxy));
  }
  int operator()(const sp::cli::Message& message) const {
    std::fputs(message.text.c_str(), message.code == sp::cli::kSuccess ? stdout : stderr);
    return message.code;
  }
};

}  // namespace

int main(int argc, char** argv) {
  return std::visit(Execute{}, sp::cli::parse(argc, argv, "sallyport " + version()));
}
