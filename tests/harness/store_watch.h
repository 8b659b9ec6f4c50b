// SPDX-License-Identifier: Apache-2.0
// StoreWatch: calls a function after every single store to some memory, so that a test can ask what a reader on another
// CPU would see at that very moment.
//
// The memory is made read-only; a store faults, is let through by one single step of the CPU, and the function runs.
// x86-64 only: kSupported tells. One watch at a time, one thread. The function may read the memory, not write it.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace sp::test {

class StoreWatch {
 public:
  using Region = std::span<std::byte>;
#if defined(__x86_64__)
  static constexpr bool kSupported = true;
#else
  static constexpr bool kSupported = false;
#endif

  // Regions must be whole pages (PageArray).
  StoreWatch(std::vector<Region> regions, std::function<void()> after_store)
      : regions_(std::move(regions)), after_store_(std::move(after_store)) {
    current() = this;
    install(SIGSEGV, on_fault, &old_segv_);
    install(SIGTRAP, on_step, &old_trap_);
    protect(PROT_READ);
  }
  ~StoreWatch() {
    protect(PROT_READ | PROT_WRITE);
    sigaction(SIGSEGV, &old_segv_, nullptr);
    sigaction(SIGTRAP, &old_trap_, nullptr);
    current() = nullptr;
  }
  StoreWatch(const StoreWatch&) = delete;
  StoreWatch& operator=(const StoreWatch&) = delete;

  [[nodiscard]] std::size_t stores() const {
    return stores_;
  }

 private:
  static constexpr long long kTrapFlag = 0x100;  // EFLAGS.TF: trap after the next instruction

  static StoreWatch*& current() {
    static StoreWatch* watch = nullptr;
    return watch;
  }

  static void install(int signal, void (*handler)(int, siginfo_t*, void*), struct sigaction* old) {
    struct sigaction action = {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(signal, &action, old);
  }

  static void set_step(void* context, bool on) {
#if defined(__x86_64__)
    auto& flags = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL];
    flags = on ? flags | kTrapFlag : flags & ~kTrapFlag;
#else
    (void)context;
    (void)on;
#endif
  }

  static void on_fault(int /*signal*/, siginfo_t* info, void* context) {
    if (!current()->covers(info->si_addr)) {
      sigaction(SIGSEGV, &current()->old_segv_, nullptr);  // a crash of the test: fault again, the usual way
      return;
    }
    current()->protect(PROT_READ | PROT_WRITE);
    set_step(context, true);
  }

  static void on_step(int /*signal*/, siginfo_t* /*info*/, void* context) {
    set_step(context, false);
    current()->protect(PROT_READ);
    ++current()->stores_;
    current()->after_store_();
  }

  [[nodiscard]] bool covers(const void* address) const {
    const auto* at = static_cast<const std::byte*>(address);
    for (const Region& region : regions_) {
      if (at >= region.data() && at < region.data() + region.size()) {
        return true;
      }
    }
    return false;
  }

  void protect(int protection) {
    for (const Region& region : regions_) {
      mprotect(region.data(), region.size(), protection);
    }
  }

  std::vector<Region> regions_;
  std::function<void()> after_store_;
  std::size_t stores_ = 0;
  struct sigaction old_segv_ = {};
  struct sigaction old_trap_ = {};
};

}  // namespace sp::test
