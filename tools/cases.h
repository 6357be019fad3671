/// The inputs of `tessera run`, cut into cases, and its outputs, gathered from them.
#ifndef TESSERA_TOOLS_CASES_H
#define TESSERA_TOOLS_CASES_H

#include "npy.h"

#include "tessera/compiler/session.h"

#include <span>
#include <string>
#include <vector>

namespace tessera::tools {

/// For each case, the bytes of every input.
class Cases {
public:
  Cases(std::vector<std::vector<uint8_t>> data, std::vector<compiler::TensorInfo> tensors, size_t count);
  size_t count() const { return count_; }
  /// The views are valid until the next call.
  std::span<const std::span<const uint8_t>> inputs(size_t index);

private:
  std::vector<std::vector<uint8_t>> data_; ///< one an input: all its cases, one after the other
  std::vector<compiler::TensorInfo> tensors_;
  size_t count_;
  std::vector<std::span<const uint8_t>> views_;
};

/// Reads the files: one an input of the model, again and again for further cases. A .npy file must have the input's type and
/// its shape (extents of 1 aside), or one dimension of cases more; any other file is raw bytes, one or more cases.
isa::Expected<Cases> readCases(const std::vector<std::string> &paths,
                               const std::vector<compiler::TensorInfo> &tensors);

/// Gathers outputs: of one case in the model's shape, of N cases with a leading dimension of N (in place of a leading 1).
class OutputCollector {
public:
  OutputCollector(const std::vector<compiler::TensorInfo> &tensors, size_t cases);
  void add(const std::vector<std::vector<uint8_t>> &outputs);
  const std::vector<Array> &arrays() const { return arrays_; }

private:
  std::vector<Array> arrays_;
};

} // namespace tessera::tools

#endif
