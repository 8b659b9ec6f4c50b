// SPDX-License-Identifier: Apache-2.0
// Loading with verifier statistics; see measure.h.
#include "measure.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "sallyport.skel.h"
#include "stack.h"

namespace sp::verifier {
namespace {

// BPF_LOG_STATS and BPF_LOG_LEVEL1 of the kernel's private bpf_verifier.h.
constexpr std::uint32_t kLogStatistics = 4;
constexpr std::uint32_t kLogInstructions = 1;
constexpr std::size_t kLogBytes = std::size_t{64} << 10U;
constexpr std::size_t kTraceBytes = std::size_t{16} << 20U;
constexpr std::size_t kTailLines = 60;
// Verification does not depend on table sizes above the few rows that programs address by constant, and the virtual
// machines have little memory.
constexpr std::uint32_t kMaxEntries = 1024;

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using Object = std::unique_ptr<bpf_object, CloseObject>;

Result<Object> open_object() {
  std::size_t size_bytes = 0;
  const void* bytes = sallyport_bpf__elf_bytes(&size_bytes);
  LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "sallyport");
  bpf_object* object = bpf_object__open_mem(bytes, size_bytes, &options);
  if (object == nullptr) return errno_error(errno, "BPF object: open");
  return Object(object);
}

Result<void> shrink_maps(bpf_object* object) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    const std::string name = bpf_map__name(map);
    // Nothing that a running agent has pinned may be adopted here.
    if (const int err = bpf_map__set_pin_path(map, nullptr); err != 0) {
      return errno_error(err, "map " + name + ": unpin");
    }
    if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF || bpf_map__max_entries(map) <= kMaxEntries) continue;
    if (const int err = bpf_map__set_max_entries(map, kMaxEntries); err != 0) {
      return errno_error(err, "map " + name + ": set max_entries");
    }
  }
  return {};
}

std::string last_lines(std::string_view log) {
  log = log.substr(0, log.find('\0'));
  std::size_t begin = log.size();
  for (std::size_t lines = 0; begin > 0 && lines <= kTailLines; --begin) {
    if (log[begin - 1] == '\n') ++lines;
  }
  return std::string(log.substr(begin));
}

// The numbers that follow `label`, separated by '+'; empty when there is none.
std::vector<std::uint64_t> numbers_after(std::string_view log, std::string_view label) {
  std::vector<std::uint64_t> numbers;
  const std::size_t at = log.find(label);
  if (at == std::string_view::npos) return numbers;
  const char* next = log.data() + at + label.size();
  const char* end = log.data() + log.size();
  for (;; ++next) {
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(next, end, number);
    if (error != std::errc()) return numbers;
    numbers.push_back(number);
    next = rest;
    if (next == end || *next != '+') return numbers;
  }
}

// Programs load in the object's order, so the refused one is the last that has a log.
struct Attempt {
  Object object;
  int err = 0;
  std::vector<std::string> logs;

  [[nodiscard]] std::size_t refused() const {
    std::size_t last = 0;
    for (std::size_t i = 0; i < logs.size(); ++i) {
      if (!logs[i].empty() && logs[i][0] != '\0') last = i;
    }
    return last;
  }
};

Result<Attempt> load(const std::vector<Switch>& switches, std::uint32_t permutation, std::uint32_t log_level,
                     std::size_t log_bytes) {
  auto object = open_object();
  if (!object) return object.error();
  if (auto shrunk = shrink_maps(object->get()); !shrunk) return shrunk.error();
  if (auto set = set_switches(object->get(), switches, permutation); !set) return set.error();

  Attempt attempt;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object->get()) attempt.logs.emplace_back(log_bytes, '\0');
  std::size_t i = 0;
  bpf_object__for_each_program(program, object->get()) {
    bpf_program__set_log_level(program, log_level);
    bpf_program__set_log_buf(program, attempt.logs[i].data(), attempt.logs[i].size());
    ++i;
  }
  attempt.err = bpf_object__load(object->get());
  attempt.object = std::move(*object);
  return attempt;
}

std::string program_name(const Attempt& attempt, std::size_t index) {
  bpf_program* program = bpf_object__next_program(attempt.object.get(), nullptr);
  for (; index > 0; --index) program = bpf_object__next_program(attempt.object.get(), program);
  return bpf_program__name(program);
}

Error refusal(const Attempt& attempt, const std::vector<Switch>& switches, std::uint32_t permutation) {
  const std::size_t index = attempt.refused();
  const std::string what = "program " + program_name(attempt, index) + ", permutation " +
                           permutation_text(switches.size(), permutation) + ": refused";
  // A second try for the trace: walking millions of instructions with a log on would make every success slow.
  const auto traced = load(switches, permutation, kLogInstructions | kLogStatistics, kTraceBytes);
  const std::string& log = traced ? traced->logs[index] : attempt.logs[index];
  return errno_error(attempt.err, what + "\n" + last_lines(log));
}

}  // namespace

Result<std::vector<Switch>> shipped_switches() {
  auto object = open_object();
  if (!object) return object.error();
  return find_switches(object->get());
}

Result<Statistics> parse_statistics(const std::string& program, const std::string& log) {
  const std::string_view text = std::string_view(log).substr(0, log.find('\0'));
  const auto insns = numbers_after(text, "processed ");
  const auto time_us = numbers_after(text, "verification time ");
  auto depths_bytes = numbers_after(text, "stack depth ");
  if (insns.empty() || depths_bytes.empty()) {
    return Error{EBADMSG, "program " + program + ": no statistics in the verifier's log"};
  }
  return Statistics{insns[0], time_us.empty() ? 0 : time_us[0], std::move(depths_bytes)};
}

Result<std::vector<Cost>> measure(const std::vector<Switch>& switches, std::uint32_t permutation) {
  const auto attempt = load(switches, permutation, kLogStatistics, kLogBytes);
  if (!attempt) return attempt.error();
  if (attempt->err != 0) return refusal(*attempt, switches, permutation);
  std::vector<Cost> costs;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, attempt->object.get()) {
    const auto statistics = parse_statistics(bpf_program__name(program), attempt->logs[costs.size()]);
    if (!statistics) return statistics.error();
    SP_TRY_ASSIGN(translated, read_translated(bpf_program__fd(program)));
    SP_TRY_ASSIGN(chain, deepest_chain(translated, statistics->depths_bytes));
    costs.push_back({bpf_program__name(program), statistics->insns, chain.bytes, statistics->verification_us,
                     chain_text(translated, statistics->depths_bytes, chain)});
  }
  return costs;
}

}  // namespace sp::verifier
