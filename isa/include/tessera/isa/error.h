// Errors as values: what a user or a device can cause is returned, never thrown and never an abort.
// Messages are lower case, without full stop, with both numbers and the place:
// `load x_size 3000 exceeds inp depth 2048 (instruction 17)`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace tessera::isa {

struct Error {
  std::string message;
  uint32_t code = 0; ///< an ErrorCode where the error is one that the core would report, else 0
  std::optional<uint32_t> index = {}; ///< the instruction, where there is one
};

/// A value or an error. Reading the value of a failure, or the error of a success, is a bug of the caller
/// (std::bad_variant_access).
template <class T> class [[nodiscard]] Expected {
public:
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Expected(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T &operator*() & { return std::get<0>(state_); }
  const T &operator*() const & { return std::get<0>(state_); }
  T &&operator*() && { return std::get<0>(std::move(state_)); }
  T *operator->() { return &std::get<0>(state_); }
  const T *operator->() const { return &std::get<0>(state_); }
  const Error &error() const { return std::get<1>(state_); }

private:
  std::variant<T, Error> state_;
};

template <> class [[nodiscard]] Expected<void> {
public:
  Expected() = default;
  Expected(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return !error_; }
  const Error &error() const { return error_.value(); }

private:
  std::optional<Error> error_;
};

} // namespace tessera::isa
