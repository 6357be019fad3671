// Placement. Gives every operation of @main the attributes `npu.where` ("npu" or "cpu") and `npu.why`, and the module
// `npu.placement`, one dictionary a layer of the model file. An operation goes to the NPU if it is part of a sequence that
// match.h knows and the machine has an instruction and the memory for it; a reshape that moves no byte goes where its producer is, and a
// concatenation to the NPU if a part comes from there (concat.h).
// Nothing is refused: what the NPU cannot do runs on the CPU, and `npu.why` says what was missing.
#include "core/computation.h"
#include "core/tiling.h"
#include "passes/concat.h"
#include "passes/match.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

#include <map>

namespace tessera::compiler::npu {
namespace {

struct Verdict {
  bool npu = false;
  std::string why;
};

std::string instructionOf(const Target &target, const Layer &layer) {
  uint32_t blocks = target.channelBlocks(layer.input.channels);
  TensorMatch match = matchComputation(
      target, layer.kind == LayerKind::Add ? addComputation(target, 1)
                                           : windowComputation(target, layer, {1, 1, 1, 1, 1, blocks}));
  return match.instruction ? match.instruction->name : "no instruction";
}

class PlacePass : public mlir::PassWrapper<PlacePass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PlacePass)
  explicit PlacePass(const Target *target) : target_(target) {}
  llvm::StringRef getArgument() const final { return "npu-place"; }
  llvm::StringRef getDescription() const final {
    return "decide for each operation whether the NPU or the CPU runs it";
  }

  void runOnOperation() final {
    auto main = getOperation().lookupSymbol<mlir::func::FuncOp>("main");
    if (!main || main.getBody().getBlocks().size() != 1) {
      getOperation().emitError("the module has no function @main of one block");
      return signalPassFailure();
    }
    readReasons();
    mlir::Block &block = main.getBody().front();
    std::map<mlir::Operation *, Verdict> verdicts;
    std::vector<mlir::Operation *> order;
    for (mlir::Operation &op : block.without_terminator()) {
      order.push_back(&op);
      if (isAnchor(&op))
        place(&op, verdicts);
    }
    for (mlir::Operation *op : order)
      placeRest(op, verdicts);
    mlir::Builder builder(&getContext());
    std::map<int64_t, Verdict> layers;
    for (mlir::Operation *op : order) {
      const Verdict &verdict = verdicts[op];
      op->setAttr("npu.where", builder.getStringAttr(verdict.npu ? "npu" : "cpu"));
      op->setAttr("npu.why", builder.getStringAttr(verdict.why));
      if (op->getNumOperands() == 0) // constants, and buffers without a value
        continue;
      // A layer is on the NPU if all of it is.
      auto [entry, fresh] = layers.try_emplace(layerIndex(op), verdict);
      if (!fresh && entry->second.npu && !verdict.npu)
        entry->second = verdict;
      else if (!fresh && isAnchor(op) && entry->second.npu == verdict.npu)
        entry->second = verdict;
    }
    std::vector<mlir::Attribute> table;
    for (const auto &[index, verdict] : layers)
      table.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("index", builder.getI64IntegerAttr(index)),
           builder.getNamedAttr("where", builder.getStringAttr(verdict.npu ? "npu" : "cpu")),
           builder.getNamedAttr("why", builder.getStringAttr(verdict.why))}));
    getOperation()->setAttr("npu.placement", builder.getArrayAttr(table));
  }

private:
  // What the importer says about layers that it could not make integer ones.
  void readReasons() {
    reasons_.clear();
    concatWeights_ = 0;
    if (auto layers = getOperation()->getAttrOfType<mlir::ArrayAttr>("tessera.layers"))
      for (auto layer : layers.getAsRange<mlir::DictionaryAttr>())
        if (auto why = layer.getAs<mlir::StringAttr>("why"))
          reasons_[layer.getAs<mlir::IntegerAttr>("index").getInt()] = why.getValue().str();
  }

  void place(mlir::Operation *anchor, std::map<mlir::Operation *, Verdict> &verdicts) {
    LayerMatch match = matchLayer(anchor);
    Verdict verdict;
    if (!target_) {
      verdict.why = "no machine to place on";
    } else if (!match) {
      verdict.why = match.why;
    } else if (verdict.why = refusal(*target_, match.layer); verdict.why.empty()) {
      verdict.npu = true;
      verdict.why =
          std::string(layerKindName(match.layer.kind)) + " with " + instructionOf(*target_, match.layer);
    }
    verdicts[anchor] = verdict;
    if (!verdict.npu)
      return;
    for (mlir::Operation *op : match.operations)
      if (op != anchor)
        verdicts[op] = {true,
                        "part of " + std::string(layerKindName(match.layer.kind)) + " " + match.layer.name};
  }

  void placeRest(mlir::Operation *op, std::map<mlir::Operation *, Verdict> &verdicts) {
    if (verdicts.count(op))
      return;
    if (op->hasTrait<mlir::OpTrait::ConstantLike>()) {
      verdicts[op] = {false, "constant"};
      return;
    }
    mlir::Operation *producer = op->getNumOperands() ? op->getOperand(0).getDefiningOp() : nullptr;
    if (target_ && isView(op) && producer && verdicts[producer].npu) {
      verdicts[op] = {true, "moves no byte"};
      return;
    }
    std::string why = "no machine to place on";
    if (target_ && llvm::isa<mlir::tosa::ConcatOp>(op)) {
      bool near = llvm::any_of(op->getOperands(), [&](mlir::Value part) {
        return part.getDefiningOp() && verdicts[part.getDefiningOp()].npu;
      });
      why = near ? concatRefusal(*target_, op, concatWeights_)
                 : "a concatenation of parts that all come from the host";
      verdicts[op] = {why.empty(),
                      why.empty() ? "moves no byte: its parts are stored beside each other" : why};
      return;
    }
    if (auto reason = reasons_.find(layerIndex(op)); target_ && reason != reasons_.end())
      why = reason->second;
    else if (auto custom = llvm::dyn_cast<mlir::tosa::CustomOp>(op); target_ && custom)
      why = "no tensor instruction computes " + custom.getOperatorName().str();
    else if (target_ && op->getName().getDialectNamespace() == "tosa")
      why = "no tensor instruction computes " + op->getName().getStringRef().str();
    else if (target_)
      why = "no int8 layer (" + op->getName().getStringRef().str() + ")";
    verdicts[op] = {false, why};
  }

  const Target *target_;
  std::map<int64_t, std::string> reasons_; // by layer
  uint64_t concatWeights_ = 0;             // of the concatenations placed on the NPU
};

} // namespace

std::unique_ptr<mlir::Pass> createPlacePass(const Target *target) {
  return std::make_unique<PlacePass>(target);
}

} // namespace tessera::compiler::npu
