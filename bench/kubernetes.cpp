// SPDX-License-Identifier: Apache-2.0
// What an agent on a Kubernetes API server costs: CPU until every Service is programmed, resident memory, the time from
// a watch event to the maps, and what it uses when nothing happens. METHOD.md says how to read the figures.
//
//   bench_kubernetes [SERVICES [ENDPOINTS [CHANGES [IDLE_SECONDS]]]]     as root; 2500 10 2000 30
#include <unistd.h>
#include <csignal>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/harness/exposition.h"
#include "tests/harness/fake_api/scale.h"
#include "tests/harness/lab_api.h"
#include "tests/harness/process.h"

namespace sp::bench {
namespace {

using test::Millis;

struct Usage {
  double cpu_ms = 0;
  double resident_mb = 0;
  double maps_mb = 0;  // of it, memory of the maps that packets read
};

Usage usage_of(pid_t pid) {
  Usage usage;
  const std::string folder = "/proc/" + std::to_string(pid);
  double run_ns = 0;
  std::ifstream(folder + "/schedstat") >> run_ns;
  usage.cpu_ms = run_ns / 1e6;
  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) usage.resident_mb = std::atof(line.c_str() + 6) / 1024;
  }
  std::ifstream smaps(folder + "/smaps");
  bool in_map = false;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find("anon_inode:bpf-map") != std::string::npos) {
      in_map = true;
    } else if (line.find('-') < 20 && line.find(':') > 20) {
      in_map = false;
    } else if (in_map && line.starts_with("Rss:")) {
      usage.maps_mb += std::atof(line.c_str() + 4) / 1024;
    }
  }
  return usage;
}

constexpr const char* kProgramming = "sallyport_programming_duration_seconds";

// The bucket in which that share of the observations lies, by its upper bound in microseconds.
double quantile_us(const test::Exposition& metrics, double share) {
  std::map<double, double> buckets;
  for (const test::ExpositionSample& sample : metrics.families.at(kProgramming).samples) {
    if (sample.name.ends_with("_bucket")) buckets[std::strtod(sample.labels.at("le").c_str(), nullptr)] = sample.value;
  }
  for (const auto& [bound, count] : buckets) {
    if (count >= share * buckets.rbegin()->second) return bound * 1e6;
  }
  return 0;
}

double observations(const test::Exposition& metrics) {
  return metrics.value(kProgramming, std::string(kProgramming) + "_count").value_or(0);
}

// Moves one endpoint of a Service to another address.
nlohmann::json changed_slice(const fake_api::Scale& scale, unsigned index, unsigned round) {
  nlohmann::json slice = fake_api::scale_slice(scale, index, 0);
  slice["endpoints"][0]["addresses"][0] = "10.200." + std::to_string(round % 250) + "." + std::to_string(index % 250);
  return slice;
}

struct Plan {
  unsigned services = 2500;
  unsigned endpoints = 10;
  unsigned changes = 2000;
  unsigned idle_s = 30;
};

class AgentUnderTest {
 public:
  static Result<AgentUnderTest> start(const test::Lab& lab, const test::LabApi& api) {
    const test::Host& node = lab.host("n1");
    std::vector<std::string> argv{SP_SALLYPORT, "run",         "--node",   "n1",
                                  "--pin-path", node.pin_path, "--cgroup", node.cgroup_dir};
    const auto words = api.source_words();
    argv.insert(argv.end(), words.begin(), words.end());
    argv.insert(argv.end(), {"--log-level", "info"});
    SP_TRY_ASSIGN(process, test::Process::spawn({.argv = argv, .netns = node.netns}));
    const auto ready = process.await_line(0, {"agent: ready"}, Millis(60000));
    if (!ready) return Error{0, ready.error().text() + "\n" + process.tail(20)};
    std::printf("%s\n", ready->text.c_str());
    return AgentUnderTest{std::move(process)};
  }
  [[nodiscard]] Usage usage() const { return usage_of(process_.pid()); }
  [[nodiscard]] test::Process& process() { return process_; }

 private:
  explicit AgentUnderTest(test::Process process) : process_(std::move(process)) {}
  test::Process process_;
};

test::Exposition metrics(const test::Lab& lab) {
  const auto output = lab.run("n1", {"curl", "-s", "http://127.0.0.1:10249/metrics"});
  return test::Exposition(output ? output->text : "");
}

void change(test::LabApi& api, const fake_api::Scale& scale, const test::Lab& lab, unsigned changes) {
  const double before = observations(metrics(lab));
  for (unsigned i = 0; i < changes; ++i) {
    api.put({changed_slice(scale, i * 7919 % scale.services, i)});
    std::this_thread::sleep_for(Millis(2));  // the pace of the load, not a wait
  }
  while (observations(metrics(lab)) < before + 1) {
    std::this_thread::sleep_for(Millis(100));
  }
}

// Process start, loading and verifying the programs, attaching: what does not depend on the cluster.
Result<Usage> cost_of_an_empty_cluster(const test::Lab& lab, const test::LabApi& api) {
  SP_TRY_ASSIGN(agent, AgentUnderTest::start(lab, api));
  const Usage usage = agent.usage();
  SP_TRY(agent.process().signal(SIGTERM));
  SP_TRY(agent.process().await_exit(Millis(10000)));
  SP_TRY(lab.run("n1", {SP_SALLYPORT, "cleanup", "--pin-path", lab.host("n1").pin_path}));
  return usage;
}

Result<void> run(const Plan& plan) {
  SP_TRY_ASSIGN(lab, test::Lab::up({.nodes = 1, .clients = 1, .pods = 1}));
  SP_TRY_ASSIGN(api, test::LabApi::start(*lab, "c1"));
  SP_TRY_ASSIGN(empty, cost_of_an_empty_cluster(*lab, *api));
  const fake_api::Scale scale{.services = plan.services, .endpoints = plan.endpoints};
  fake_api::fill(api->api(), scale);
  SP_TRY_ASSIGN(agent, AgentUnderTest::start(*lab, *api));
  const Usage start = agent.usage();
  std::printf("services %u endpoints %u\n", plan.services, plan.services * plan.endpoints);
  std::printf("listed, compiled, programmed: %.0f ms of CPU; with process start and program load (%.0f ms): %.0f ms\n",
              start.cpu_ms - empty.cpu_ms, empty.cpu_ms, start.cpu_ms);
  std::printf("resident: %.1f MB, of which %.1f MB are the maps' own\n", start.resident_mb, start.maps_mb);

  change(*api, scale, *lab, plan.changes);
  const test::Exposition text = metrics(*lab);
  std::printf("watch event to maps: %.0f observations, p50 <= %.0f us, p99 <= %.0f us, p99.9 <= %.0f us\n",
              observations(text), quantile_us(text, 0.5), quantile_us(text, 0.99), quantile_us(text, 0.999));
  const Usage changed = agent.usage();
  std::printf("a change: %.0f us of CPU; resident after all changes: %.1f MB\n",
              (changed.cpu_ms - start.cpu_ms) * 1000 / plan.changes, changed.resident_mb);

  std::this_thread::sleep_for(std::chrono::seconds(5));
  const Usage before = agent.usage();
  std::this_thread::sleep_for(std::chrono::seconds(plan.idle_s));
  const Usage after = agent.usage();
  std::printf("idle: %.3f %% of a CPU over %u s\n", (after.cpu_ms - before.cpu_ms) / (plan.idle_s * 10.0), plan.idle_s);
  return agent.process().signal(SIGTERM);
}

}  // namespace
}  // namespace sp::bench

int main(int argc, char** argv) {
  sp::bench::Plan plan;
  const auto number = [&](int at, unsigned otherwise) {
    return argc > at ? static_cast<unsigned>(std::atoi(argv[at])) : otherwise;
  };
  plan = {number(1, plan.services), number(2, plan.endpoints), number(3, plan.changes), number(4, plan.idle_s)};
  const auto ran = sp::bench::run(plan);
  if (!ran) std::fprintf(stderr, "bench_kubernetes: %s\n", ran.error().text().c_str());
  return ran ? 0 : 1;
}
