// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error that cannot be dropped in silence.
//
// Member names follow std::expected so that it can take over one day. It is our own because g++ 12's std::expected and
// Debian's tl::expected both let a caller ignore an error without a warning.
#pragma once

#include <cstring>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <variant>

namespace sp {

// What failed. `err` is an errno value (positive) or 0 when no system call was involved; `what` names object and
// operation ("map sp_flows4: update") and ends in what to do where we know it.
struct Error {
  int err = 0;
  std::string what;
  std::source_location at = std::source_location::current();

  // One line for people: what, and the system's text for err.
  [[nodiscard]] std::string text() const { return err == 0 ? what : what + ": " + std::strerror(err); }
};

// errno, captured now: call it as the first thing after the failing call.
[[nodiscard]] inline Error errno_error(int err, std::string what,
                                       std::source_location at = std::source_location::current()) {
  return Error{err < 0 ? -err : err, std::move(what), at};
}

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] Error& error() & { return std::get<1>(state_); }
  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  [[nodiscard]] bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] const Error& error() const& { return *error_; }
  [[nodiscard]] Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace sp

// Returns the error of a Result<void> expression to the caller.
#define SP_TRY(expression)                                   \
  do {                                                       \
    if (auto sp_try_result = (expression); !sp_try_result) { \
      return std::move(sp_try_result).error();               \
    }                                                        \
  } while (false)

// Declares `name` as the value of a Result expression, or returns its error to the caller.
#define SP_TRY_ASSIGN(name, expression)      \
  auto name##_result = (expression);         \
  if (!name##_result) {                      \
    return std::move(name##_result).error(); \
  }                                          \
  auto name = std::move(name##_result).value()
