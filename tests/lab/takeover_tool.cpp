// SPDX-License-Identifier: Apache-2.0
// takeover_tool: the steps of a takeover one by one, in the network namespace that it is started in, so that a test can
// let traffic run between them.
//
//   takeover_tool prepare PIN_PATH    find(), and the time until which foreign TCP passes
//   takeover_tool remove              remove()
//   takeover_tool forget              remove() without keep_connections
#include <cstdio>
#include <string_view>

#include "loader/kernel/data_plane.h"
#include "loader/takeover/takeover.h"

namespace sp::test {
namespace {

int prepare(const char* pin_path) {
  const takeover::Found found = takeover::find({});
  for (const std::string& line : found.leftovers) std::printf("found %s\n", line.c_str());
  for (const std::string& line : found.advice) std::printf("advice: %s\n", line.c_str());
  if (!found.translates) {
    std::printf("nothing here translates\n");
    return 1;
  }
  auto plane = kernel::DataPlane::open({.pin_path = pin_path, .sizes = {}});
  if (!plane) {
    std::printf("%s\n", plane.error().text().c_str());
    return 1;
  }
  plane->config().foreign_tcp_until_tick = ~0U;
  return 0;
}

int remove_leftovers(const takeover::Options& options) {
  const takeover::Report report = takeover::remove({}, options);
  for (const std::string& line : report.removed) std::printf("removed %s\n", line.c_str());
  for (const std::string& line : report.errors) std::printf("error: %s\n", line.c_str());
  return report.removed.empty() || !report.errors.empty() ? 1 : 0;
}

}  // namespace
}  // namespace sp::test

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "prepare") return sp::test::prepare(argv[2]);
  if (argc == 2 && std::string_view(argv[1]) == "remove") return sp::test::remove_leftovers({});
  if (argc == 2 && std::string_view(argv[1]) == "forget") {
    return sp::test::remove_leftovers({.keep_connections = false});
  }
  std::fprintf(stderr, "usage: takeover_tool prepare PIN_PATH | remove | forget\n");
  return 2;
}
