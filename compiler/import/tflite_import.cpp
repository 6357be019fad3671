#include "import/tflite_import.h"

#include "import/importer.h"
#include "import/layers.h"
#include "import/operators.h"
#include "import/shape_text.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace tessera::compiler {

using isa::Error;
using isa::Expected;
using namespace frontend;

namespace frontend {

int64_t macsOf(const Model &model, const Operator &op) {
  const auto shapeOf = [&](int32_t index) -> const std::vector<int64_t> & {
    return model.tensors[static_cast<size_t>(index)].shape;
  };
  const int64_t outputs = model.tensors[static_cast<size_t>(op.outputs[0])].elements();
  switch (op.code) {
  case tflite::BuiltinOperator::TRANSPOSE_CONV: {
    const auto &weights = shapeOf(op.inputs[1]);
    const int64_t inputs = model.tensors[static_cast<size_t>(op.inputs[2])].elements();
    return inputs * weights[0] * weights[1] * weights[2];
  }
  case tflite::BuiltinOperator::CONV_2D: {
    const auto &weights = shapeOf(op.inputs[1]);
    return outputs * weights[1] * weights[2] * weights[3];
  }
  case tflite::BuiltinOperator::DEPTHWISE_CONV_2D: {
    const auto &weights = shapeOf(op.inputs[1]);
    return outputs * weights[1] * weights[2];
  }
  case tflite::BuiltinOperator::FULLY_CONNECTED:
    return outputs * shapeOf(op.inputs[1])[1];
  default:
    return 0;
  }
}

} // namespace frontend

namespace {

/// Name, scale and zero point of an argument or result, and whether its type can stand at the edge.
Expected<mlir::DictionaryAttr> edgeAttributes(mlir::OpBuilder &builder, const Tensor &tensor,
                                              const char *what) {
  const Quantisation &quantisation = tensor.quantisation;
  if (elementBytes(tensor.type) == 0 || quantisation.scales.size() > 1)
    return Error{std::string(what) + " '" + printable(tensor.name) + "' is " + typeName(tensor.type) +
                 " with " + std::to_string(quantisation.scales.size()) +
                 " scales, only numbers with at most one are supported"};
  llvm::SmallVector<mlir::NamedAttribute> attributes;
  attributes.push_back(builder.getNamedAttr("tessera.name", builder.getStringAttr(printable(tensor.name))));
  if (tensor.isUnsigned)
    attributes.push_back(builder.getNamedAttr("tessera.unsigned", builder.getUnitAttr()));
  else if (!tensor.isInt8() && !tensor.isFloat())
    attributes.push_back(builder.getNamedAttr("tessera.type", builder.getStringAttr(typeName(tensor.type))));
  if (!quantisation.scales.empty() && !tensor.isFloat()) {
    const int64_t zeroPoint = quantisation.zeroPoints[0] + (tensor.isUnsigned ? 128 : 0);
    attributes.push_back(builder.getNamedAttr(
        "tessera.scale", builder.getF64FloatAttr(static_cast<double>(quantisation.scales[0]))));
    attributes.push_back(builder.getNamedAttr("tessera.zero_point",
                                              builder.getI32IntegerAttr(static_cast<int32_t>(zeroPoint))));
  }
  return builder.getDictionaryAttr(attributes);
}

std::string layerName(const Tensor &output) {
  return printable(output.name.substr(0, output.name.find(';')));
}

/// @main with its attributes, still without a body.
Expected<mlir::func::FuncOp> makeMain(const Model &model, Importer &importer) {
  mlir::OpBuilder &builder = importer.builder();
  llvm::SmallVector<mlir::Type> types[2];
  llvm::SmallVector<mlir::DictionaryAttr> attributes[2];
  for (int side = 0; side < 2; ++side)
    for (int32_t index : side == 0 ? model.inputs : model.outputs) {
      const Tensor &tensor = importer.tensor(index);
      auto edge = edgeAttributes(builder, tensor, side == 0 ? "input" : "output");
      if (!edge)
        return edge.error();
      types[side].push_back(importer.typeOf(tensor));
      attributes[side].push_back(*edge);
    }
  auto main = builder.create<mlir::func::FuncOp>(builder.getUnknownLoc(), "main",
                                                 builder.getFunctionType(types[0], types[1]));
  main.setAllArgAttrs(attributes[0]);
  main.setAllResultAttrs(attributes[1]);
  return main;
}

} // namespace

Expected<mlir::OwningOpRef<mlir::ModuleOp>> importTflite(mlir::MLIRContext &context,
                                                         std::span<const uint8_t> file) {
  auto parsed = parseModel(file);
  if (!parsed)
    return parsed.error();
  makeSigned(*parsed);
  completeDetectionShapes(*parsed);
  const Model &model = *parsed;
  for (const Operator &op : model.operators)
    if (!functionFor(op.code))
      return Error{"operator " + std::to_string(op.index) + " (" + op.name + ") is not supported"};
  if (auto ok = checkOrder(model); !ok)
    return ok.error();

  context.loadDialect<mlir::func::FuncDialect, mlir::tosa::TosaDialect>();
  mlir::OpBuilder builder(&context);
  mlir::OwningOpRef<mlir::ModuleOp> module(mlir::ModuleOp::create(builder.getUnknownLoc()));
  builder.setInsertionPointToEnd(module->getBody());
  Importer importer(model, builder);
  auto main = makeMain(model, importer);
  if (!main)
    return main.error();
  mlir::Block *block = main->addEntryBlock();
  for (size_t i = 0; i < model.inputs.size(); ++i)
    importer.setArgument(model.inputs[i], block->getArgument(static_cast<unsigned>(i)));
  builder.setInsertionPointToEnd(block);

  llvm::SmallVector<mlir::Attribute> layers;
  for (const Operator &op : model.operators) {
    const std::string name = op.outputs.empty() ? "" : layerName(importer.output(op));
    importer.setLocation(layerLocation(&context, op.index, op.name, name));
    if (auto ok = functionFor(op.code)(importer, op); !ok)
      return ok.error();
    layers.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("index", builder.getI64IntegerAttr(op.index)),
         builder.getNamedAttr("op", builder.getStringAttr(op.name)),
         builder.getNamedAttr("name", builder.getStringAttr(name)),
         builder.getNamedAttr("macs", builder.getI64IntegerAttr(macsOf(model, op)))}));
  }
  importer.setLocation(builder.getUnknownLoc());
  llvm::SmallVector<mlir::Value> results;
  for (int32_t index : model.outputs)
    results.push_back(importer.result(index));
  builder.create<mlir::func::ReturnOp>(builder.getUnknownLoc(), results);
  // Sizes that the file computes and whose answer is known, and state that nobody reads.
  for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
    if (mlir::isOpTriviallyDead(&op))
      op.erase();
  module->getOperation()->setAttr("tessera.layers", builder.getArrayAttr(layers));

  // What is left to find here would be a mistake of ours, but it must not go on.
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return mlir::success();
  });
  if (mlir::failed(mlir::verify(*module)))
    return Error{"the imported network does not verify: " + message};
  return module;
}

} // namespace tessera::compiler
