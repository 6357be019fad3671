// Host code. Makes the LLVM functions of docs/host-code.md: `npu_record_K` (one call of record.h a command), `npu_segment_K` (edges,
// first-run recording, launch) and `tessera_main` (the segments in order on static buffers), declares `cpu_segment_K` for each
// `@cpu_body_K`, and removes @main and the recorded commands. Refuses a @main that does more than call segments.
#include "dialect/convert.h"
#include "passes/host_builder.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tessera::compiler::npu {
namespace {

class HostPass : public mlir::PassWrapper<HostPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(HostPass)
  llvm::StringRef getArgument() const final { return "npu-host"; }
  llvm::StringRef getDescription() const final {
    return "make the host functions that record, launch and convert";
  }
  void getDependentDialects(mlir::DialectRegistry &registry) const final {
    registry.insert<mlir::LLVM::LLVMDialect>();
  }

  void runOnOperation() final {
    auto main = getOperation().lookupSymbol<mlir::func::FuncOp>("main");
    for (mlir::Operation &op : main.getBody().front())
      if (!llvm::isa<mlir::func::CallOp, mlir::func::ReturnOp>(op)) {
        op.emitError("stands in @main, which may only call segments");
        return signalPassFailure();
      }
    std::vector<mlir::func::FuncOp> segments, records;
    for (auto function : getOperation().getOps<mlir::func::FuncOp>()) {
      if (function->hasAttr("npu.segment"))
        segments.push_back(function);
      else if (function.getName().starts_with("npu_record_"))
        records.push_back(function);
    }
    HostBuilder builder(getOperation());
    buildMain(builder, main);
    main.erase();
    for (auto record : records) {
      std::vector<Command> commands = readCommands(record.getBody().front());
      std::string name = record.getName().str();
      record.erase();
      buildRecord(builder, name, commands);
    }
    for (auto segment : segments) {
      std::string name = segment.getName().str();
      auto inputs = segment->getAttrOfType<mlir::ArrayAttr>("npu.inputs"),
           outputs = segment->getAttrOfType<mlir::ArrayAttr>("npu.outputs");
      int64_t index = segment->getAttrOfType<mlir::IntegerAttr>("npu.segment").getInt();
      segment.erase();
      buildSegment(builder, name, index, inputs, outputs);
    }
  }

private:
  static uint64_t bytesOf(mlir::Type type) {
    auto tensor = llvm::cast<mlir::RankedTensorType>(type);
    return uint64_t(tensor.getNumElements()) * ((tensor.getElementTypeBitWidth() + 7) / 8);
  }

  void buildMain(HostBuilder &b, mlir::func::FuncOp main) {
    mlir::Block &body = main.getBody().front();
    auto function = b.begin("tessera_main", {b.ptr(), b.ptr(), b.ptr()});
    mlir::Value runtime = function.getArgument(0);
    llvm::DenseMap<mlir::Value, mlir::Value> pointers;
    for (mlir::BlockArgument argument : body.getArguments())
      pointers[argument] = b.loadPointer(function.getArgument(1), argument.getArgNumber());
    std::vector<std::pair<mlir::Value, mlir::Value>> copies; // results that a segment does not write in place
    for (auto [index, result] : llvm::enumerate(body.getTerminator()->getOperands())) {
      mlir::Value out = b.loadPointer(function.getArgument(2), index);
      if (!pointers.count(result))
        pointers[result] = out;
      else
        copies.push_back({result, out});
    }
    size_t buffers = 0;
    for (auto call : body.getOps<mlir::func::CallOp>()) {
      for (mlir::Value result : call.getResults())
        if (!pointers.count(result))
          pointers[result] =
              b.buffer("tessera_buffer_" + std::to_string(buffers++), bytesOf(result.getType()));
      std::vector<mlir::Value> inputs, outputs;
      for (mlir::Value operand : call.getOperands())
        inputs.push_back(pointers[operand]);
      for (mlir::Value result : call.getResults())
        outputs.push_back(pointers[result]);
      mlir::Value in = b.pointerArray(inputs), out = b.pointerArray(outputs);
      llvm::StringRef callee = call.getCallee();
      if (callee.consume_front("cpu_body_"))
        b.callVoid("cpu_segment_" + callee.str(), {in, out});
      else
        b.callOrReturn(callee.str(), {runtime, in, out});
    }
    for (auto [from, to] : copies)
      b.copy(to, pointers[from], bytesOf(from.getType()));
    b.finish();
  }

  // runtime, offset, pointer i of the array, height, width, channels.
  static std::vector<mlir::Value> edge(HostBuilder &b, mlir::Value runtime, mlir::Value pointers, size_t i,
                                       llvm::ArrayRef<int64_t> e) {
    return {runtime,          b.constant(e[0]), b.loadPointer(pointers, i),
            b.constant(e[1]), b.constant(e[2]), b.constant(e[3])};
  }

  void buildSegment(HostBuilder &b, const std::string &name, int64_t index, mlir::ArrayAttr inputs,
                    mlir::ArrayAttr outputs) {
    auto function = b.begin(name, {b.ptr(), b.ptr(), b.ptr()});
    mlir::Value runtime = function.getArgument(0), segment = b.constant(index);
    mlir::Value recorder = b.slot(b.ptr()), fresh = b.slot(b.i32());
    b.callOrReturn("tsr_runtime_recorder", {runtime, segment, recorder, fresh});
    b.ifNotZero(b.load(b.i32(), fresh), [&] {
      b.callOrReturn("npu_record_" + std::to_string(index), {b.load(b.ptr(), recorder)});
      b.callOrReturn("tsr_runtime_finish", {runtime, segment});
    });
    for (auto [i, attribute] : llvm::enumerate(inputs)) {
      auto e = llvm::cast<mlir::DenseI64ArrayAttr>(attribute).asArrayRef();
      auto arguments = edge(b, runtime, function.getArgument(1), i, e);
      bool gathered = e.size() > 4; // windows: their geometry, then the fill
      if (gathered)
        arguments.push_back(b.wordArray(name + "_window_" + std::to_string(i), {e.begin() + 4, e.end() - 1}));
      arguments.push_back(b.constant(gathered ? e.back() : 0));
      b.callOrReturn(gathered ? "tsr_runtime_write_windows" : "tsr_runtime_write_blocked", arguments);
    }
    b.callOrReturn("tsr_runtime_run", {runtime, segment});
    for (auto [i, attribute] : llvm::enumerate(outputs)) {
      auto e = llvm::cast<mlir::DenseI64ArrayAttr>(attribute).asArrayRef();
      b.callOrReturn("tsr_runtime_read_blocked", edge(b, runtime, function.getArgument(2), i, e));
    }
    b.finish();
  }

  // LLVM's time for a function grows with the square of its calls, so long lists are cut into several.
  static constexpr size_t kCommandsOfFunction = 500;

  void buildRecord(HostBuilder &b, const std::string &name, const std::vector<Command> &commands) {
    RecordBuilder record(b, name);
    auto add = [&](size_t first) {
      for (size_t i = first; i < std::min(first + kCommandsOfFunction, commands.size()); ++i)
        record.add(commands[i]);
      b.finish(record.status());
    };
    if (commands.size() <= kCommandsOfFunction) {
      record.enter(b.begin(name, {b.ptr()}).getArgument(0), {});
      return add(0);
    }
    size_t parts = 0;
    auto part = [&](size_t i) { return name + "_part_" + std::to_string(i); };
    for (size_t first = 0; first < commands.size(); first += kCommandsOfFunction) {
      auto function = b.begin(part(parts++), {b.ptr(), b.ptr()});
      record.enter(function.getArgument(0), function.getArgument(1));
      add(first);
    }
    auto function = b.begin(name, {b.ptr()});
    mlir::Value numbers = b.buffer(name + "_kernels", 4 * std::max<size_t>(1, record.kernels()));
    for (size_t i = 0; i < parts; ++i)
      b.callOrReturn(part(i), {function.getArgument(0), numbers});
    b.finish();
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createHostPass() { return std::make_unique<HostPass>(); }

} // namespace tessera::compiler::npu
