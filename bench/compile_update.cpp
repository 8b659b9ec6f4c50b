// SPDX-License-Identifier: Apache-2.0
// What a change costs between the source and the maps: compile step and sync, over tables in plain memory. Times are
// CPU times of one thread; `rss_kb` is what the process grew by for the compiler, Desired and sync.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "loader/compile/compiler.h"
#include "loader/sync/sync.h"
#include "tests/harness/cluster_builder.h"
#include "tests/harness/fake_map.h"

namespace sp {
namespace {

constexpr model::Kind kSlice = model::Kind::endpoint_slice;

std::string number_address(const char* prefix, int number) {
  return prefix + std::to_string(number / 65536) + "." + std::to_string(number / 256 % 256) + "." +
         std::to_string(number % 256);
}

// Every Service has a ClusterIP, a load balancer's address and a nodePort.
model::Cluster make_cluster(int services, int endpoints) {
  model::Cluster cluster = test::cluster_of();
  for (int s = 0; s < services; ++s) {
    const std::string name = "service-" + std::to_string(s);
    model::Service service = test::service(name);
    service.ipv6 = false;
    service.cluster_ips = {test::addr(number_address("10.", s))};
    service.ingress_ips = {test::addr(number_address("11.", s))};
    service.ports[0].node_port = static_cast<std::uint16_t>(30000 + s);
    test::put(cluster, service);
    std::vector<model::Endpoint> list;
    for (int e = 0; e < endpoints; ++e) {
      list.push_back(test::endpoint(number_address("100.", s * endpoints + e), "node-" + std::to_string(e)));
    }
    test::put(cluster, test::slice(name, std::move(list)));
  }
  cluster.complete = true;
  return cluster;
}

// Pages that the process itself has; those of the tables, which are the kernel's in an agent, are made before.
long rss_kb() {
  malloc_trim(0);
  long size = 0;
  long resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Hash tables that forget: what a kernel's table costs is not the question here.
template <typename K, typename V>
struct NullTable : sync::HashTable<K, V> {
  Result<void> update(const K& /*key*/, const V& /*value*/) override { return {}; }
  Result<void> erase(const K& /*key*/) override { return {}; }
  Result<void> for_each(const std::function<void(const K&, const V&)>& /*visit*/) override { return {}; }
};

struct Rig {
  Rig(int services, int endpoints)
      : backends(static_cast<std::size_t>(services) * static_cast<std::size_t>(endpoints) * 2 + 10000),
        slots(static_cast<std::size_t>(services) * static_cast<std::size_t>(endpoints) * 2 + 10000),
        rows(static_cast<std::size_t>(services) * 2),
        networks(1) {
    std::fill_n(backends.rows().data(), backends.rows().size(), sp_backend_val{});
    std::fill_n(slots.rows().data(), slots.rows().size(), 0);
  }
  sync::Tables tables() {
    return {frontends,    names,           ranges,      rows.rows(),
            slots.rows(), backends.rows(), service_ips, networks.rows().front(),
            backend_epoch};
  }

  NullTable<sp_frontend_key, sp_frontend_val> frontends;
  NullTable<__u32, sp_service_name> names;
  NullTable<sp_source_range_key, __u8> ranges;
  test::PageArray<sp_backend_val> backends;
  test::PageArray<__u64> slots;
  test::PageArray<sp_service_val> rows;
  NullTable<sp_addr, __u32> service_ips;
  test::PageArray<sp_networks_val> networks;
  __u32 backend_epoch = 1;
};

// From nothing: the compiler, Desired and the tables.
void BM_FromNothing(benchmark::State& state) {
  const model::Cluster cluster = make_cluster(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  const node::Facts facts = test::node_facts();
  for (auto _ : state) {
    state.PauseTiming();
    auto rig = std::make_unique<Rig>(state.range(0), state.range(1));
    const long before = rss_kb();
    state.ResumeTiming();
    auto sync = std::make_unique<sync::Sync>(*sync::Sync::adopt(rig->tables()));
    auto compiler = std::make_unique<compile::Compiler>(compile::Options{});
    const double start = cpu_us();
    const compile::Delta delta = compiler->reset(cluster, facts);
    state.counters["compile_ms"] = (cpu_us() - start) / 1e3;
    benchmark::DoNotOptimize(sync->apply(compiler->desired(), delta, true, sync::Sync::Clock::now()));
    state.PauseTiming();
    state.counters["rss_kb"] = static_cast<double>(rss_kb() - before);
    sync.reset();
    compiler.reset();
    rig.reset();
    state.ResumeTiming();
  }
}

// One endpoint comes or goes. `compile_us` and `p99_us`, of both steps, are of single changes.
void BM_OneEndpoint(benchmark::State& state) {
  const int services = static_cast<int>(state.range(0));
  model::Cluster cluster = make_cluster(services, static_cast<int>(state.range(1)));
  const node::Facts facts = test::node_facts();
  Rig rig(services, static_cast<int>(state.range(1)));
  sync::Sync sync = std::move(*sync::Sync::adopt(rig.tables()));
  compile::Compiler compiler(compile::Options{});
  auto now = sync::Sync::Clock::now();
  const compile::Delta first = compiler.reset(cluster, facts);
  static_cast<void>(sync.apply(compiler.desired(), first, true, now));
  std::vector<double> times;
  double compile_us = 0;
  int next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    next = (next + 7919) % services;
    const model::ObjectId id{kSlice, {"default", "service-" + std::to_string(next) + "-slice"}};
    model::Endpoint& endpoint = cluster.endpoint_slices.at(id.key).endpoints.back();
    endpoint.ready = endpoint.serving = !endpoint.ready;
    now += std::chrono::milliseconds(10);
    state.ResumeTiming();
    const double start = cpu_us();
    const compile::Delta delta = compiler.update(cluster, facts, {&id, 1});
    const double compiled = cpu_us();
    const sync::Report report = sync.apply(compiler.desired(), delta, true, now);
    times.push_back(cpu_us() - start);
    compile_us += compiled - start;
    if (report.services_written != 1) {
      state.SkipWithError("the change did not reach the tables");
    }
  }
  std::sort(times.begin(), times.end());
  state.counters["compile_us"] = compile_us / static_cast<double>(times.size());
  state.counters["p99_us"] = times[times.size() * 99 / 100];
  state.counters["worst_us"] = times.back();
}

BENCHMARK(BM_FromNothing)
    ->Args({2500, 10})
    ->Args({10000, 10})
    ->Args({10000, 100})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);
BENCHMARK(BM_OneEndpoint)
    ->Args({2500, 10})
    ->Args({10000, 10})
    ->Args({10000, 100})
    ->Unit(benchmark::kMicrosecond)
    ->Iterations(5000);

}  // namespace
}  // namespace sp

BENCHMARK_MAIN();
