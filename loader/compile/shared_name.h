// SPDX-License-Identifier: Apache-2.0
// SharedName: an immutable name that copies share, one pointer long. A service row has many frontends, and each of them
// knows its name, here and in sync/.
//
// Not thread-safe: the agent's one writer thread copies it.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

namespace sp::compile {

// Reads like a const std::string. To change one, assign another.
class SharedName {
 public:
  SharedName() = default;  // empty
  SharedName(std::string text) : shared_(text.empty() ? nullptr : new Shared{std::move(text), 1}) {}
  SharedName(const char* text) : SharedName(std::string(text)) {}
  SharedName(const SharedName& other) : shared_(other.shared_) {
    if (shared_ != nullptr) {
      ++shared_->owners;
    }
  }
  SharedName(SharedName&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  SharedName& operator=(SharedName other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~SharedName() {
    if (shared_ != nullptr && --shared_->owners == 0) {
      delete shared_;
    }
  }

  [[nodiscard]] const std::string& text() const {
    static const std::string kEmpty;
    return shared_ == nullptr ? kEmpty : shared_->text;
  }
  operator const std::string&() const { return text(); }
  [[nodiscard]] bool empty() const { return shared_ == nullptr; }

  // Cheap for names that share their memory.
  friend bool operator==(const SharedName& a, const SharedName& b) {
    return a.shared_ == b.shared_ || a.text() == b.text();
  }
  friend bool operator==(const SharedName& a, const std::string& b) { return a.text() == b; }
  friend bool operator==(const SharedName& a, const char* b) { return a.text() == b; }
  friend std::ostream& operator<<(std::ostream& out, const SharedName& name) { return out << name.text(); }

 private:
  struct Shared {
    std::string text;
    std::size_t owners;
  };
  Shared* shared_ = nullptr;
};

}  // namespace sp::compile
