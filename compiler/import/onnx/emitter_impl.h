/// The emitter from the inside, for the files that speak MLIR.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_EMITTER_IMPL_H
#define TESSERA_COMPILER_IMPORT_ONNX_EMITTER_IMPL_H

#include "import/onnx/emitter.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace tessera::compiler::onnx_import {

struct Beneath;

struct Emitter::Impl {
  explicit Impl(mlir::MLIRContext *context) : builder(context), location(builder.getUnknownLoc()) {}

  mlir::OpBuilder builder;
  mlir::Location location;
  mlir::Block *entry = nullptr; ///< of @main: constants stand at its start
  std::string place;            ///< of the current node, for messages
  int64_t macs = 0;             ///< of the current node

  mlir::Type mlirType(Type type);
  mlir::RankedTensorType mlirType(Type type, const Shape &shape);
};

struct Tensor::State {
  Emitter *emitter = nullptr;
  Type type = Type::Undefined;
  Shape shape;
  mlir::Value value;              ///< null: made from what follows
  std::optional<Literal> literal; ///< bytes
  std::optional<std::vector<Element>> elements;
  // Of quantised networks (quantised/beneath.h, quantised/tosa_form.h):
  std::shared_ptr<const Beneath> beneath; ///< of a real tensor: the integers that it stands for
  mlir::Value innerBytes;                 ///< of int8 and uint8: signed bytes, a picture's channels last
  std::shared_ptr<State> flattened;       ///< of bytes: the picture that these are, flattened
};

inline mlir::Value valueOf(Scalar scalar) { return mlir::Value::getFromOpaquePointer(scalar.value()); }
inline Scalar scalarOf(Emitter &emitter, mlir::Value value, Type type) {
  return Scalar(emitter, value.getAsOpaquePointer(), type);
}

/// The bytes of a tensor that has its inner form alone, as ONNX has them.
mlir::Value plainBytes(const Tensor &tensor);

/// The tensor's value in the program, usable at the current place.
mlir::Value valueOf(const Tensor &tensor);
/// A tensor that the program computes; its known extents are those of `shape`.
Tensor tensorOf(Emitter &emitter, Type type, Shape shape, mlir::Value value);
/// The same for a value whose dynamic extents nobody knows by name: they become tensor.dim operations.
Tensor tensorOf(Emitter &emitter, Type type, mlir::Value value);
/// Extents as operation operands, for tensor.empty and its like.
llvm::SmallVector<mlir::OpFoldResult> foldResults(Emitter &emitter, const Shape &shape);

/// What a body yields for an element of `type`: float32 is narrowed where need be; another type is a fault.
Scalar narrowed(Scalar scalar, Type type);

} // namespace tessera::compiler::onnx_import

#endif
