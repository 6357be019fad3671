/// The TOSA form's requantisation of mode `onnx` (docs/tosa-input.md): what the ONNX importer writes, and the CPU lowering and the
/// NPU's matcher read. TOSA's own `rescale` is fixed point; this one has float32 scales.
///
///   tosa.custom %sums, %scales {domain_name = "tessera", operator_name = "requantise", implementation_attrs = "zero_point=3"}
///
/// `sums` int32 [.., C], `scales` a constant float32 [1] or [C]; the result is int8 of the sums' shape. Its arithmetic is
/// isa::exitValue with mode Onnx: saturate(roundHalfEven(float32(sum) * scale) + zero point).
#ifndef TESSERA_COMPILER_FORM_REQUANTISE_H
#define TESSERA_COMPILER_FORM_REQUANTISE_H

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

#include <cstdio>
#include <optional>
#include <vector>

namespace tessera::compiler {

struct Requantise {
  mlir::tosa::CustomOp op;
  std::vector<float> scales; ///< 1, or one a channel
  int32_t zeroPoint = 0;     ///< in [-128, 127]
};

inline mlir::Value makeRequantise(mlir::OpBuilder &builder, mlir::Location location, mlir::Value sums,
                                  llvm::ArrayRef<float> scales, int32_t zeroPoint) {
  const auto type = mlir::RankedTensorType::get({static_cast<int64_t>(scales.size())}, builder.getF32Type());
  const mlir::Value table =
      builder.create<mlir::tosa::ConstOp>(location, type, mlir::DenseElementsAttr::get(type, scales));
  const auto result = mlir::cast<mlir::RankedTensorType>(sums.getType()).clone(builder.getI8Type());
  return builder
      .create<mlir::tosa::CustomOp>(location, mlir::TypeRange{result}, builder.getStringAttr("requantise"),
                                    builder.getStringAttr("tessera"),
                                    builder.getStringAttr("zero_point=" + std::to_string(zeroPoint)),
                                    mlir::ValueRange{sums, table})
      .getResult(0);
}

/// What `op` says, or nothing where it is no requantisation of the form above.
inline std::optional<Requantise> readRequantise(mlir::Operation *op) {
  auto custom = llvm::dyn_cast_or_null<mlir::tosa::CustomOp>(op);
  if (!custom || custom.getDomainName() != "tessera" || custom.getOperatorName() != "requantise" ||
      custom.getInputs().size() != 2 || custom->getNumResults() != 1)
    return std::nullopt;
  const auto sums = llvm::dyn_cast<mlir::RankedTensorType>(custom.getInputs()[0].getType());
  const auto bytes = llvm::dyn_cast<mlir::RankedTensorType>(custom.getResult(0).getType());
  mlir::DenseFPElementsAttr table;
  Requantise result{custom, {}, 0};
  if (!sums || !bytes || !sums.getElementType().isInteger(32) || !bytes.getElementType().isInteger(8) ||
      sums.getShape() != bytes.getShape() ||
      std::sscanf(custom.getImplementationAttrs().str().c_str(), "zero_point=%d", &result.zeroPoint) != 1 ||
      result.zeroPoint < INT8_MIN || result.zeroPoint > INT8_MAX ||
      !mlir::matchPattern(custom.getInputs()[1], mlir::m_Constant(&table)) || !table.getElementType().isF32())
    return std::nullopt;
  result.scales.assign(table.getValues<float>().begin(), table.getValues<float>().end());
  const bool isPerChannel = sums.getRank() > 0 && result.scales.size() == size_t(sums.getShape().back());
  if (result.scales.size() != 1 && !isPerChannel)
    return std::nullopt;
  return result;
}

} // namespace tessera::compiler

#endif
