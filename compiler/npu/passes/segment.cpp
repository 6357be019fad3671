// Segments. Cuts @main into maximal runs of operations of one kind: each run of npu operations becomes `@npu_segment_K` (one
// launch), each run of others `@cpu_body_K`, and @main only calls them. Runs are grown greedily: as long as an operation of the
// same kind has its operands, it joins. What the CPU could do before a launch that does not need it comes behind it. Constants go with their users. Refuses a result that is a constant.
#include "dialect/NpuDialect.h"
#include "import/layers.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

#include <set>

namespace tessera::compiler::npu {
namespace {

bool isConstant(mlir::Operation *op) { return op->hasTrait<mlir::OpTrait::ConstantLike>(); }
bool isNpu(mlir::Operation *op) { return llvm::isa<NpuDialect>(op->getDialect()); }

// What an operation uses: its operands, and what its regions take from outside (an element-wise body may name a constant).
llvm::SetVector<mlir::Value> usesOf(mlir::Operation *op) {
  llvm::SetVector<mlir::Value> values(op->operand_begin(), op->operand_end());
  mlir::getUsedValuesDefinedAbove(op->getRegions(), values);
  return values;
}

struct Segment {
  bool npu;
  std::vector<mlir::Operation *> operations;
};

std::vector<Segment> cut(mlir::Block &block) {
  std::vector<mlir::Operation *> waiting;
  for (mlir::Operation &op : block.without_terminator())
    if (!isConstant(&op))
      waiting.push_back(&op);
  std::set<mlir::Operation *> done; // membership only, never iterated
  auto ready = [&](mlir::Operation *op) {
    return llvm::all_of(usesOf(op), [&](mlir::Value v) {
      mlir::Operation *from = v.getDefiningOp();
      return !from || isConstant(from) || done.count(from);
    });
  };
  std::vector<Segment> segments;
  while (!waiting.empty()) {
    Segment segment{isNpu(waiting.front()), {}};
    std::vector<mlir::Operation *> later;
    for (mlir::Operation *op : waiting) {
      if (isNpu(op) != segment.npu || !ready(op)) {
        later.push_back(op);
        continue;
      }
      segment.operations.push_back(op);
      done.insert(op);
    }
    waiting = std::move(later);
    segments.push_back(std::move(segment));
  }
  return segments;
}

// Of the CPU's run before a launch only what the launch needs stays there. The rest comes behind it, where it runs beside it (beside.h).
std::vector<Segment> restBehindLaunches(std::vector<Segment> segments) {
  std::vector<Segment> all;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].npu || i + 1 == segments.size()) {
      all.push_back(std::move(segments[i]));
      continue;
    }
    const std::set<mlir::Operation *> mine(segments[i].operations.begin(), segments[i].operations.end());
    std::set<mlir::Operation *> needed; // membership only, never iterated
    std::vector<mlir::Operation *> work = segments[i + 1].operations;
    while (!work.empty()) {
      mlir::Operation *op = work.back();
      work.pop_back();
      for (mlir::Value v : usesOf(op))
        if (mlir::Operation *from = v.getDefiningOp(); mine.count(from) && needed.insert(from).second)
          work.push_back(from);
    }
    Segment first{false, {}}, rest{false, {}};
    for (mlir::Operation *op : segments[i].operations)
      (needed.count(op) ? first : rest).operations.push_back(op);
    if (!first.operations.empty())
      all.push_back(std::move(first));
    all.push_back(std::move(segments[++i]));
    if (!rest.operations.empty())
      all.push_back(std::move(rest));
  }
  return all;
}

// What a run of the CPU's is called on a timeline.
std::string nameOf(const Segment &segment) {
  llvm::SmallVector<mlir::Location> locations;
  for (mlir::Operation *op : segment.operations)
    locations.push_back(op->getLoc());
  const std::string text = layersText(locations);
  return text.empty() ? "CPU" : text;
}

class SegmentPass : public mlir::PassWrapper<SegmentPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SegmentPass)
  llvm::StringRef getArgument() const final { return "npu-segment"; }
  llvm::StringRef getDescription() const final { return "outline runs of NPU and of CPU operations"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const final {
    registry.insert<mlir::func::FuncDialect>();
  }

  void runOnOperation() final {
    auto main = getOperation().lookupSymbol<mlir::func::FuncOp>("main");
    mlir::Block &block = main.getBody().front();
    for (mlir::Value result : block.getTerminator()->getOperands())
      if (mlir::Operation *from = result.getDefiningOp(); from && isConstant(from)) {
        from->emitError("a constant as a result of the network is not supported");
        return signalPassFailure();
      }
    int64_t next[2] = {0, 0};
    for (const Segment &segment : restBehindLaunches(cut(block)))
      outline(main, segment, next[segment.npu]++);
    for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isConstant(&op) && op.use_empty())
        op.erase();
  }

private:
  void outline(mlir::func::FuncOp main, const Segment &segment, int64_t index) {
    std::set<mlir::Operation *> members(segment.operations.begin(), segment.operations.end());
    std::vector<mlir::Value> inputs, outputs;
    for (mlir::Operation *op : segment.operations) {
      for (mlir::Value v : usesOf(op)) {
        mlir::Operation *from = v.getDefiningOp();
        if ((!from || (!isConstant(from) && !members.count(from))) && !llvm::is_contained(inputs, v))
          inputs.push_back(v);
      }
      for (mlir::Value v : op->getResults())
        if (llvm::any_of(v.getUsers(), [&](mlir::Operation *user) {
              return !members.count(op->getBlock()->findAncestorOpInBlock(*user));
            }))
          outputs.push_back(v);
    }
    mlir::OpBuilder builder(&getContext());
    builder.setInsertionPoint(main);
    auto type =
        builder.getFunctionType(mlir::ValueRange(inputs).getTypes(), mlir::ValueRange(outputs).getTypes());
    std::string name = (segment.npu ? "npu_segment_" : "cpu_body_") + std::to_string(index);
    auto function = builder.create<mlir::func::FuncOp>(segment.operations.front()->getLoc(), name, type);
    function.setPrivate();
    function->setAttr(segment.npu ? "npu.segment" : "cpu.segment", builder.getI64IntegerAttr(index));
    if (!segment.npu)
      function->setAttr("cpu.name", builder.getStringAttr(nameOf(segment)));

    mlir::Block *body = function.addEntryBlock();
    builder.setInsertionPointToEnd(body);
    mlir::IRMapping mapping;
    for (size_t i = 0; i < inputs.size(); ++i)
      mapping.map(inputs[i], body->getArgument(unsigned(i)));
    for (mlir::Operation *op : segment.operations) {
      for (mlir::Value v : usesOf(op))
        if (mlir::Operation *from = v.getDefiningOp(); from && isConstant(from) && !mapping.contains(v))
          builder.clone(*from, mapping);
      builder.clone(*op, mapping);
    }
    std::vector<mlir::Value> results;
    for (mlir::Value v : outputs)
      results.push_back(mapping.lookup(v));
    builder.create<mlir::func::ReturnOp>(function.getLoc(), results);

    builder.setInsertionPoint(main.getBody().front().getTerminator());
    auto call = builder.create<mlir::func::CallOp>(function.getLoc(), function, inputs);
    for (size_t i = 0; i < outputs.size(); ++i)
      outputs[i].replaceAllUsesWith(call.getResult(unsigned(i)));
    for (auto op = segment.operations.rbegin(); op != segment.operations.rend(); ++op)
      (*op)->erase();
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createSegmentPass() { return std::make_unique<SegmentPass>(); }

} // namespace tessera::compiler::npu
