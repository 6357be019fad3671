#include "import/onnx/onnx_import.h"

#include "import/layers.h"
#include "import/onnx/emitter_impl.h"
#include "import/onnx/graph.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <onnx/onnx_pb.h>

#include <set>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace onnx_import {

namespace {

/// An input of the network, as declared.
struct Input {
  std::string name;
  Type type = Type::Undefined;
  std::vector<int64_t> shape;       ///< -1: dynamic
  std::vector<std::string> symbols; ///< names of dynamic extents, or empty
};

Input readInput(const ::onnx::ValueInfoProto &info, const std::map<std::string, int64_t> &extents) {
  Input input;
  input.name = info.name();
  const std::string place = "input '" + printableName(info.name()) + "': ";
  if (!info.type().has_tensor_type())
    fail(place, "only tensors are supported, no sequences, optionals or maps");
  const auto &tensor = info.type().tensor_type();
  input.type = static_cast<Type>(tensor.elem_type());
  if (storageBits(input.type) == 0)
    fail(place, typeName(input.type), " tensors are not supported");
  if (!tensor.has_shape())
    fail(place, "it has no shape");
  if (tensor.shape().dim_size() > kMaxRank)
    fail(place, "rank ", tensor.shape().dim_size(), " is above ", kMaxRank);
  int64_t bytes = storageBits(input.type) / 8;
  for (const auto &dimension : tensor.shape().dim()) {
    int64_t extent = dimension.has_dim_value() ? dimension.dim_value() : -1;
    if (dimension.has_dim_value() && extent < 0)
      fail(place, "extent ", extent, " is negative");
    if (const auto fixed = extents.find(dimension.dim_param()); extent < 0 && fixed != extents.end())
      extent = fixed->second;
    if (extent > 0 && extent > kMaxTensorBytes / bytes)
      fail(place, "it is larger than ", kMaxTensorBytes, " bytes");
    bytes *= extent > 0 ? extent : 1;
    input.shape.push_back(extent);
    input.symbols.push_back(extent < 0 ? printableName(dimension.dim_param()) : "");
  }
  return input;
}

/// Every name that the caller gives an extent for must be one of the inputs': a name with a slip would leave its extent open unnoticed.
void checkNames(const ::onnx::GraphProto &graph, const std::set<std::string> &constants,
                const std::map<std::string, int64_t> &extents) {
  std::set<std::string> names;
  for (const auto &info : graph.input())
    if (!constants.count(info.name()))
      for (const auto &dimension : info.type().tensor_type().shape().dim())
        if (!dimension.has_dim_value() && !dimension.dim_param().empty())
          names.insert(dimension.dim_param());
  for (const auto &[name, extent] : extents) {
    if (names.count(name))
      continue;
    std::string known;
    for (const std::string &candidate : names)
      known += (known.empty() ? "" : ", ") + ("'" + printableName(candidate) + "'");
    fail("extent ", extent, " is for '", printableName(name), "', and the inputs' open extents are ",
         known.empty() ? "none that has a name" : known);
  }
}

mlir::DictionaryAttr edgeAttributes(mlir::Builder &builder, const std::string &name, Type type,
                                    const std::vector<std::string> &symbols) {
  llvm::SmallVector<mlir::Attribute> names;
  for (const std::string &symbol : symbols)
    names.push_back(builder.getStringAttr(symbol));
  return builder.getDictionaryAttr({
      builder.getNamedAttr("tessera.name", builder.getStringAttr(printableName(name))),
      builder.getNamedAttr("tessera.symbols", builder.getArrayAttr(names)),
      builder.getNamedAttr("tessera.type", builder.getStringAttr(typeName(type))),
  });
}

/// The values of @main's arguments. Extents of one name are one value; that they agree is checked when the network runs.
Values argumentsOf(Emitter &emitter, const std::vector<Input> &inputs) {
  auto &impl = emitter.impl();
  std::map<std::string, Extent> symbols;
  Values values;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const mlir::Value argument = impl.entry->getArgument(static_cast<unsigned>(i));
    impl.place = "input '" + printableName(inputs[i].name) + "': ";
    Shape shape = tensorOf(emitter, inputs[i].type, argument).shape();
    for (size_t d = 0; d < shape.size(); ++d) {
      const std::string &symbol = inputs[i].symbols[d];
      if (shape[d].isKnown() || symbol.empty())
        continue;
      const auto [first, isNew] = symbols.try_emplace(symbol, shape[d]);
      if (!isNew)
        emitter.requireEqual(shape[d], first->second, "two extents named '" + symbol + "' differ");
      shape[d] = first->second;
    }
    values.push_back(tensorOf(emitter, inputs[i].type, shape, argument));
  }
  return values;
}

/// A result of @main lies dense in memory of its own. What is only a view of another tensor (a slice, a reshape of one) is copied; the
/// boundary of the function would otherwise drop its offset and strides.
mlir::Value denseResult(Emitter::Impl &impl, mlir::Value value) {
  mlir::Operation *origin = value.getDefiningOp();
  if (origin && mlir::isa<mlir::linalg::LinalgOp>(origin))
    return value;
  return impl.builder
      .create<mlir::bufferization::AllocTensorOp>(
          impl.location, mlir::cast<mlir::RankedTensorType>(value.getType()), mlir::ValueRange{}, value)
      .getResult();
}

/// Drops what nothing uses: the float form of layers that became integers.
void dropUnused(mlir::Block &block) {
  for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (mlir::isOpTriviallyDead(&op) || (mlir::isa<mlir::tosa::CustomOp>(op) && op.use_empty()))
      op.erase();
}

/// The module's list of layers, as the TFLite importer makes it. A node of which nothing is left
/// (conversions, constants, what became a bound of another layer) is none.
void describeLayers(mlir::ModuleOp module, mlir::Builder &builder, const std::vector<LayerRecord> &layers) {
  std::set<int64_t> present;
  module.walk([&](mlir::Operation *op) {
    if (const auto index = layerOf(op->getLoc()); index && op->getNumOperands() > 0)
      present.insert(*index);
  });
  llvm::SmallVector<mlir::Attribute> entries;
  for (const LayerRecord &layer : layers) {
    if (layer.macs == 0 && !present.count(layer.index))
      continue;
    llvm::SmallVector<mlir::NamedAttribute> entry{
        builder.getNamedAttr("index", builder.getI64IntegerAttr(layer.index)),
        builder.getNamedAttr("macs", builder.getI64IntegerAttr(layer.macs)),
        builder.getNamedAttr("name", builder.getStringAttr(layer.name)),
        builder.getNamedAttr("op", builder.getStringAttr(layer.op))};
    if (!layer.stays.empty())
      entry.push_back(builder.getNamedAttr("why", builder.getStringAttr(layer.stays)));
    entries.push_back(builder.getDictionaryAttr(entry));
  }
  module->setAttr("tessera.layers", builder.getArrayAttr(entries));
}

mlir::OwningOpRef<mlir::ModuleOp> build(mlir::MLIRContext &context, const Model &model,
                                        const std::map<std::string, int64_t> &extents) {
  const auto &graph = model.proto->graph();
  std::set<std::string> constants;
  for (const auto &constant : graph.initializer())
    constants.insert(constant.name());
  checkNames(graph, constants, extents);
  std::vector<Input> inputs;
  for (const auto &info : graph.input())
    if (!constants.count(info.name()))
      inputs.push_back(readInput(info, extents));
  if (graph.output_size() == 0)
    fail("the network has no outputs");

  Emitter::Impl impl(&context);
  Emitter emitter(impl);
  mlir::OpBuilder &builder = impl.builder;
  mlir::OwningOpRef<mlir::ModuleOp> module(mlir::ModuleOp::create(builder.getUnknownLoc()));
  builder.setInsertionPointToEnd(module->getBody());
  llvm::SmallVector<mlir::Type> types;
  llvm::SmallVector<mlir::DictionaryAttr> attributes;
  for (const Input &input : inputs) {
    llvm::SmallVector<int64_t> shape(input.shape.begin(), input.shape.end());
    for (int64_t &extent : shape)
      extent = extent < 0 ? mlir::ShapedType::kDynamic : extent;
    types.push_back(mlir::RankedTensorType::get(shape, impl.mlirType(input.type)));
    attributes.push_back(edgeAttributes(builder, input.name, input.type, input.symbols));
  }
  auto main =
      builder.create<mlir::func::FuncOp>(builder.getUnknownLoc(), "main", builder.getFunctionType(types, {}));
  main.setAllArgAttrs(attributes);
  impl.entry = main.addEntryBlock();
  builder.setInsertionPointToEnd(impl.entry);

  GraphEmitter emission(emitter, model);
  const Values arguments = argumentsOf(emitter, inputs);
  const Values outputs = emission.run(arguments);
  impl.place.clear();
  impl.location = builder.getUnknownLoc();
  llvm::SmallVector<mlir::Value> results;
  attributes.clear();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string &name = graph.output(static_cast<int>(i)).name();
    if (!outputs[i].isTensor())
      fail("output '", printableName(name), "' is ",
           outputs[i].isSequence() ? "a sequence" : "an empty optional", ", only tensors are supported");
    const Tensor &tensor = outputs[i].tensor();
    results.push_back(denseResult(impl, valueOf(tensor)));
    attributes.push_back(
        edgeAttributes(builder, name, tensor.type(), std::vector<std::string>(tensor.shape().size())));
  }
  builder.create<mlir::func::ReturnOp>(builder.getUnknownLoc(), results);
  main.setFunctionType(builder.getFunctionType(types, mlir::ValueRange(results).getTypes()));
  main.setAllResultAttrs(attributes);
  dropUnused(*impl.entry);
  describeLayers(*module, builder, emission.takeLayers());
  return module;
}

} // namespace

} // namespace onnx_import

bool looksLikeOnnx(std::span<const uint8_t> file) {
  return file.size() > 2 && file[0] == 0x08 && file[1] > 0 && file[1] < 0x40; // ir_version
}

Expected<mlir::OwningOpRef<mlir::ModuleOp>> importOnnx(mlir::MLIRContext &context,
                                                       std::span<const uint8_t> file,
                                                       const std::string &folder,
                                                       const std::map<std::string, int64_t> &extents) {
  context.loadDialect<mlir::arith::ArithDialect, mlir::bufferization::BufferizationDialect,
                      mlir::cf::ControlFlowDialect, mlir::func::FuncDialect, mlir::linalg::LinalgDialect,
                      mlir::math::MathDialect, mlir::scf::SCFDialect, mlir::tensor::TensorDialect,
                      mlir::tosa::TosaDialect>();
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return mlir::success();
  });
  try {
    const onnx_import::Model model = onnx_import::readModel(file, folder);
    auto module = onnx_import::build(context, model, extents);
    // What is left to find here would be a mistake of ours, but it must not go on.
    if (mlir::failed(mlir::verify(*module)))
      return Error{"the imported network does not verify: " + message};
    return module;
  } catch (const onnx_import::ImportError &error) {
    return Error{error.message};
  } catch (const std::exception &error) {
    return Error{std::string("the model cannot be imported: ") + error.what()};
  }
}

} // namespace tessera::compiler
