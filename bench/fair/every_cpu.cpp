// SPDX-License-Identifier: Apache-2.0
#include "bench/fair/every_cpu.h"

#include <pthread.h>
#include <sched.h>

#include <barrier>
#include <exception>
#include <thread>

namespace sp::bench {

std::vector<int> usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  ::sched_getaffinity(0, sizeof set, &set);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

void on_every_cpu(const std::vector<int>& cpus, std::size_t count,
                  const std::function<void(std::size_t, std::size_t)>& work) {
  std::barrier start(static_cast<std::ptrdiff_t>(cpus.size()));
  std::vector<std::exception_ptr> failures(cpus.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    threads.emplace_back([&, i] {
      cpu_set_t own;
      CPU_ZERO(&own);
      CPU_SET(cpus[i], &own);
      ::pthread_setaffinity_np(::pthread_self(), sizeof own, &own);
      start.arrive_and_wait();
      try {
        work(count * i / cpus.size(), count * (i + 1) / cpus.size());
      } catch (...) {
        failures[i] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace sp::bench
