// SPDX-License-Identifier: Apache-2.0
#include "bench/update/agent_run.h"

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>
#include <vector>

#include "tests/harness/exposition.h"

namespace sp::bench {
namespace {

using test::Millis;

constexpr Millis kStartLimit{120'000};
constexpr Millis kStopLimit{20'000};
constexpr const char* kHistogram = "sallyport_programming_duration_seconds";

double quantile_ms(const std::map<double, double>& buckets, double share) {
  for (const auto& [bound, count] : buckets) {
    if (count >= share * buckets.rbegin()->second) return bound * 1e3;
  }
  return 0;
}

Result<std::string> write_config(const test::Lab& lab, const Room& room) {
  const std::string path = (lab.scratch() / "sallyport.yaml").string();
  std::ofstream out(path);
  out << "maps: {backends: " << room.backends << ", slots: " << room.slots << "}\n";
  out.close();
  if (!out) return errno_error(errno, path + ": write");
  return path;
}

}  // namespace

Result<AgentRun> AgentRun::start(const test::Lab& lab, const test::LabApi& api, const Room& room, Cluster cluster) {
  SP_TRY_ASSIGN(config, write_config(lab, room));
  const test::Host& node = lab.host(kNode);
  std::vector<std::string> argv{SP_SALLYPORT, "run",           "--node",   kNode,  "--pin-path",  node.pin_path,
                                "--cgroup",   node.cgroup_dir, "--config", config, "--log-level", "info"};
  const std::vector<std::string> source = api.source_words();
  argv.insert(argv.end(), source.begin(), source.end());
  SP_TRY_ASSIGN(process, test::Process::spawn({.argv = argv, .netns = node.netns}));
  AgentRun run(lab, std::move(process));
  const auto synced = cluster == Cluster::filled ? run.await_full_sync() : Result<void>();
  if (!synced) return Error{0, synced.error().text() + "\n" + run.process_.tail(20)};
  const auto ready = run.process_.await_line(0, {"agent: ready"}, kStartLimit);
  if (!ready) return Error{0, ready.error().text() + "\n" + run.process_.tail(20)};
  return run;
}

Result<void> AgentRun::await_full_sync() {
  SP_TRY_ASSIGN(begun, process_.await_line(0, {"agent: waiting for the cluster"}, kStartLimit));
  const double before = cpu_ms_of(process_.pid());
  SP_TRY_ASSIGN(applied, process_.await_line(0, {"agent: applied", "source=start"}, kStartLimit));
  full_sync_.cpu_ms = cpu_ms_of(process_.pid()) - before;
  full_sync_.wall_ms = std::chrono::duration<double, std::milli>(applied.at - begun.at).count();
  return {};
}

Result<void> AgentRun::stop() {
  SP_TRY(process_.signal(SIGTERM));
  SP_TRY(process_.await_exit(kStopLimit));
  SP_TRY(lab_.run(kNode, {SP_SALLYPORT, "cleanup", "--pin-path", pin_path()}));
  return {};
}

Result<Programming> AgentRun::programming() const {
  SP_TRY_ASSIGN(output, lab_.run(kNode, {"curl", "-s", "http://127.0.0.1:10249/metrics"}));
  const test::Exposition metrics(output.text);
  const auto family = metrics.families.find(kHistogram);
  if (family == metrics.families.end()) return Error{0, std::string("the agent's metrics lack ") + kHistogram};
  std::map<double, double> buckets;
  for (const test::ExpositionSample& sample : family->second.samples) {
    if (sample.name.ends_with("_bucket")) buckets[std::strtod(sample.labels.at("le").c_str(), nullptr)] = sample.value;
  }
  if (buckets.empty()) return Error{0, std::string(kHistogram) + " has no buckets"};
  return Programming{buckets.rbegin()->second, quantile_ms(buckets, 0.5), quantile_ms(buckets, 0.99)};
}

}  // namespace sp::bench
