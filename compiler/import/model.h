/// A TFLite file, checked: what the importer reads instead of the raw FlatBuffer.
///
/// parseModel() believes nothing in the file. What it returns has: every tensor, buffer and opcode index in range; static
/// shapes of rank at most 6 whose element counts do not overflow and stay below kMaxTensorBytes; constant data of exactly
/// the size that shape and type ask for; quantisation with one scale and zero point a tensor, or one a slice of the
/// quantised dimension (int32 biases excepted), scales finite and positive, zero points in the type's range. checkOrder()
/// says whether every operand is there before its use. Errors name the operator or tensor.
/// Source: the TensorFlow Lite model format, version 3 (tflite.fbs).
#ifndef TESSERA_COMPILER_IMPORT_MODEL_H
#define TESSERA_COMPILER_IMPORT_MODEL_H

#include "tessera/isa/error.h"

#include "tflite_generated.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tessera::compiler::frontend {

/// Largest tensor that is imported, in bytes: what one device region can address.
inline constexpr int64_t kMaxTensorBytes = int64_t{1} << 31;

struct Quantisation {
  std::vector<float> scales;       ///< empty: not quantised; 1: whole tensor; else one a slice of `dimension`
  std::vector<int64_t> zeroPoints; ///< as long as scales
  int32_t dimension = 0;
};

struct Tensor {
  std::string name;
  tflite::TensorType type = tflite::TensorType::FLOAT32;
  std::vector<int64_t> shape;
  Quantisation quantisation;
  std::span<const uint8_t> data; ///< empty: not a constant
  bool isEmpty = false;          ///< has an extent of 0: it may stand in the file as long as nobody uses it
  bool isVariable = false;       ///< state that an operator keeps; its value at the start is zero
  bool isUnsigned = false;       ///< uint8 in the file, told as int8 by makeSigned()

  bool isConstant() const { return !data.empty(); }
  int64_t elements() const;
  bool isInt8() const { return type == tflite::TensorType::INT8; }
  bool isFloat() const { return type == tflite::TensorType::FLOAT32; }
};

struct Operator {
  int32_t index = 0; ///< in the file's order
  tflite::BuiltinOperator code = tflite::BuiltinOperator::ADD;
  std::string name;                      ///< "CONV_2D"; "CUSTOM (Name)" for custom operators
  std::vector<int32_t> inputs;           ///< tensor indices; -1: an optional operand that is absent
  std::vector<int32_t> outputs;          ///< tensor indices
  const tflite::Operator *raw = nullptr; ///< for the options

  /// The operator's options, or null where the file has none of that kind.
  template <typename Options> const Options *options() const { return raw->options_as<Options>(); }
};

struct Model {
  std::shared_ptr<const std::vector<uint64_t>>
      storage;                                 ///< an aligned copy of the file; data spans point into it
  std::vector<std::vector<uint8_t>> rewritten; ///< constants that are told otherwise than in the file
  std::vector<Tensor> tensors;
  std::vector<Operator> operators;
  std::vector<int32_t> inputs;
  std::vector<int32_t> outputs;
};

isa::Expected<Model> parseModel(std::span<const uint8_t> file);

/// Tells every quantised uint8 tensor as the int8 one whose bytes have the top bit flipped and whose zero point is 128 lower:
/// the same real numbers. What is left of uint8 are the bytes at the network's edges.
void makeSigned(Model &model);

/// Every operand is an input, a constant, state or an earlier result, and every tensor is written once; so are the outputs.
isa::Expected<void> checkOrder(const Model &model);

/// "CONV_2D", or "operator code 211" where the format knows no such number here.
std::string operatorName(tflite::BuiltinOperator code);

/// "int8", "float32", ...
std::string typeName(tflite::TensorType type);

/// Bytes an element of that type takes; 0 where the importer cannot hold it.
int64_t elementBytes(tflite::TensorType type);

/// "operator 17 (CONV_2D): ": how errors about an operator begin.
std::string prefixOf(const Operator &op);

} // namespace tessera::compiler::frontend

#endif
