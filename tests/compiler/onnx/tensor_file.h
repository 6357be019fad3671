// Tensors of the ONNX backend tests: .pb files, and how results are compared with them.
#pragma once

#include "tessera/compiler/session.h"

#include <filesystem>
#include <string>

namespace tessera::test {

struct FileTensor {
  std::string type; ///< as TensorInfo has it; empty: nothing that can be read, `problem` says why
  compiler::TensorData data;
  std::string problem;
};

/// Reads a TensorProto.
FileTensor readTensorFile(const std::filesystem::path &path);

/// Empty where `got` is the expected tensor: type, shape, and values as numpy's assert_allclose has it (relative 1e-3, absolute 1e-7,
/// bfloat16 relative 2^-6; integers and smaller floats exactly; NaN equals NaN). Else what differs first.
std::string difference(const FileTensor &expected, const std::string &type, const compiler::TensorData &got);

} // namespace tessera::test
