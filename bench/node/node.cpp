// SPDX-License-Identifier: Apache-2.0
// bench_node: packets per second of one core through one node, from its ingress device to the far side.
#include <cstdio>
#include <exception>

#include "bench/node/series.h"
#include "bench/report/report.h"

namespace sp::bench {
namespace {

void measure(Report& report) {
  test::Sandbox sandbox;
  Generator generator;
  report.set_method("live frames of 60 bytes in batches of 64, on one CPU; " + generator.cpu_time().method());
  Machine::make_far_side(sandbox);
  Series series({sandbox, generator}, report);
  series.measure_remote();
  series.measure_local();
  series.measure_services();
  series.measure_million();
}

}  // namespace
}  // namespace sp::bench

int main(int argc, char** argv) {
  sp::bench::Report report("node", sp::bench::parse_options(argc, argv));
  int status = 0;
  try {
    sp::bench::measure(report);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_node: %s\n", error.what());
    status = 1;
  }
  if (const auto written = report.finish(); !written) {
    std::fprintf(stderr, "bench_node: %s\n", written.error().text().c_str());
    status = 1;
  }
  return status;
}
