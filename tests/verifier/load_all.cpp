// SPDX-License-Identifier: Apache-2.0
// load_all BUDGET: verifies every program in every permutation of the switches on the running kernel, prints what each
// cost, and fails beyond the budget. Runs from CTest and inside the virtual machines of qemu.sh. Exit 77 without root.
#include <bpf/libbpf.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>

#include "budget.h"
#include "measure.h"
#include "switches.h"

namespace sp::verifier {
namespace {

constexpr int kSkip = 77;
// More switches than the style allows would multiply into minutes of verification.
constexpr std::size_t kMaxSwitches = 6;

int print_warnings(libbpf_print_level level, const char* format, va_list arguments) {
  return level == LIBBPF_WARN ? std::vfprintf(stderr, format, arguments) : 0;
}

void print_legend(const std::vector<Switch>& switches) {
  utsname system{};
  uname(&system);
  std::printf("kernel %s, %zu switches, %u permutations\n", system.release, switches.size(), 1U << switches.size());
  for (std::size_t i = 0; i < switches.size(); ++i) std::printf("  digit %zu: %s\n", i + 1, switches[i].name.c_str());
  std::printf("%-16s %-11s %10s %8s %9s  %s\n", "program", "permutation", "insns", "stack B", "time us",
              "deepest chain, bytes of each frame");
}

void print_row(const Cost& cost, const std::string& permutation) {
  std::printf("%-16s %-11s %10lu %8lu %9lu  %s\n", cost.program.c_str(), permutation.c_str(), cost.insns,
              cost.stack_bytes, cost.verification_us, cost.chain.c_str());
}

void print_worst(const Budget& worst, const Budget& budget) {
  std::printf("%-16s %10s %10s %8s %8s\n", "worst case", "insns", "budget", "stack B", "budget");
  for (const auto& [program, cost] : worst) {
    const auto found = budget.find(program);
    const Limit limit = found == budget.end() ? Limit{} : found->second;
    std::printf("%-16s %10lu %10lu %8lu %8lu\n", program.c_str(), cost.insns, limit.insns, cost.stack_bytes,
                limit.stack_bytes);
  }
}

int fail(const std::string& sentence) {
  std::printf("FAIL %s\n", sentence.c_str());
  return 1;
}

int run(const std::string& budget_path) {
  const auto budget = read_budget(budget_path);
  if (!budget) return fail(budget.error().text());
  const auto switches = shipped_switches();
  if (!switches) return fail(switches.error().text());
  if (switches->size() > kMaxSwitches) return fail("more than six switches");

  print_legend(*switches);
  std::vector<Cost> costs;
  for (std::uint32_t permutation = 0; permutation < (1U << switches->size()); ++permutation) {
    const auto measured = measure(*switches, permutation);
    if (!measured) return fail(measured.error().text());
    for (const Cost& cost : *measured) print_row(cost, permutation_text(switches->size(), permutation));
    costs.insert(costs.end(), measured->begin(), measured->end());
  }
  if (costs.empty()) return fail("the object has no program");

  const Budget worst = worst_of(costs);
  print_worst(worst, *budget);
  const std::vector<std::string> sentences = violations(worst, *budget);
  for (const std::string& sentence : sentences) fail(sentence);
  if (!sentences.empty()) return 1;
  std::printf("PASS %zu programs in %u permutations within budget\n", worst.size(), 1U << switches->size());
  return 0;
}

}  // namespace
}  // namespace sp::verifier

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: load_all BUDGET\n");
    return 2;
  }
  if (geteuid() != 0) {
    std::printf("SKIP loading BPF programs needs root\n");
    return sp::verifier::kSkip;
  }
  libbpf_set_print(sp::verifier::print_warnings);
  return sp::verifier::run(argv[1]);
}
