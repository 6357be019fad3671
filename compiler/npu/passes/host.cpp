// Host code. Makes the LLVM functions of docs/host-code.md: `npu_record_K` (one call of record.h a command), `npu_segment_K` (edges,
// first-run recording, launch) and `tessera_main` (the segments in order on static buffers), declares `cpu_segment_K` for each
// `@cpu_body_K`, and removes @main and the recorded commands. Refuses a @main that does more than call segments.
#include "dialect/convert.h"
#include "passes/blocked.h"
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
    std::vector<mlir::func::FuncOp> segments, records, blocked;
    for (auto function : getOperation().getOps<mlir::func::FuncOp>()) {
      if (function->hasAttr("npu.segment"))
        segments.push_back(function);
      else if (function.getName().starts_with("npu_record_"))
        records.push_back(function);
    }
    for (auto function : getOperation().getOps<mlir::func::FuncOp>())
      if (function->hasAttr(kBlocked))
        blocked.push_back(function);
    HostBuilder builder(getOperation());
    llvm::DenseSet<int64_t> inTwo; // segments
    for (auto call : main.getOps<mlir::func::CallOp>())
      if (isLaunch(call) && !callsBeside(call).empty())
        inTwo.insert(calleeOf(call)->getAttrOfType<mlir::IntegerAttr>("npu.segment").getInt());
    buildMain(builder, main);
    main.erase();
    llvm::for_each(blocked, dropCasts);
    for (auto record : records) {
      std::vector<Command> commands = readCommands(record.getBody().front());
      std::string name = record.getName().str();
      record.erase();
      buildRecord(builder, name, commands);
    }
    for (auto segment : segments) {
      const std::vector<Edge> inputs = edgesOf(segment, "npu.inputs"),
                              outputs = edgesOf(segment, "npu.outputs");
      int64_t index = segment->getAttrOfType<mlir::IntegerAttr>("npu.segment").getInt();
      segment.erase();
      buildSegment(builder, index, inTwo.contains(index), inputs, outputs);
    }
  }

private:
  static uint64_t bytesOf(mlir::Type type) {
    auto tensor = llvm::cast<mlir::RankedTensorType>(type);
    return uint64_t(tensor.getNumElements()) * ((tensor.getElementTypeBitWidth() + 7) / 8);
  }

  using Edge = llvm::ArrayRef<int64_t>;
  static std::vector<Edge> edgesOf(mlir::Operation *segment, const char *name) {
    std::vector<Edge> edges;
    for (mlir::Attribute attribute : segment->getAttrOfType<mlir::ArrayAttr>(name))
      edges.push_back(llvm::cast<mlir::DenseI64ArrayAttr>(attribute).asArrayRef());
    return edges;
  }
  // What npu-layout says of a value: [] is no business of the host's, [offset, bytes] it uses where it lies.
  static bool isNone(Edge edge) { return edge.empty(); }
  static bool isShared(Edge edge) { return edge.size() == 2; }

  // Values that host code does not keep in arrays of its own: in the arena, or known to launches alone.
  static llvm::DenseMap<mlir::Value, Edge> placedOutside(mlir::func::FuncOp main) {
    llvm::DenseMap<mlir::Value, Edge> placed;
    for (auto call : main.getOps<mlir::func::CallOp>()) {
      if (!isLaunch(call))
        continue;
      mlir::func::FuncOp segment = calleeOf(call);
      for (auto [value, edge] : llvm::zip_equal(call.getOperands(), edgesOf(segment, "npu.inputs")))
        if (isShared(edge))
          placed[value] = edge;
      for (auto [value, edge] : llvm::zip_equal(call.getResults(), edgesOf(segment, "npu.outputs")))
        if (isShared(edge) || isNone(edge))
          placed[value] = edge;
    }
    return placed;
  }

  void buildMain(HostBuilder &b, mlir::func::FuncOp main) {
    const llvm::DenseMap<mlir::Value, Edge> placed = placedOutside(main);
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
    auto pointerOf = [&](mlir::Value value) {
      auto [pointer, fresh] = pointers.try_emplace(value);
      auto place = placed.find(value);
      if (fresh && place == placed.end())
        pointer->second = b.buffer("tessera_buffer_" + std::to_string(buffers++), bytesOf(value.getType()));
      else if (fresh && isNone(place->second))
        pointer->second = b.null();
      else if (fresh) {
        mlir::Value data = b.slot(b.ptr());
        b.callOrReturn("tsr_runtime_share",
                       {runtime, b.constant(place->second[0]), b.constant(place->second[1]), data});
        pointer->second = b.load(b.ptr(), data);
      }
      return pointer->second;
    };
    // For each call, the launches whose end the host waits for behind it.
    llvm::DenseMap<mlir::Operation *, std::pair<std::string, mlir::Value>> ends;
    const bool hasLaunches = llvm::any_of(body.getOps<mlir::func::CallOp>(), isLaunch);
    for (auto call : body.getOps<mlir::func::CallOp>()) {
      std::vector<mlir::Value> inputs, outputs;
      for (mlir::Value operand : call.getOperands())
        inputs.push_back(pointerOf(operand));
      for (mlir::Value result : call.getResults())
        outputs.push_back(pointerOf(result));
      mlir::Value in = b.pointerArray(inputs), out = b.pointerArray(outputs);
      const std::string number = call.getCallee().rsplit('_').second.str();
      if (isLaunch(call)) {
        if (auto beside = callsBeside(call); !beside.empty()) {
          b.callOrReturn("npu_start_" + number, {runtime, in});
          ends[beside.back()] = {"npu_end_" + number, out};
        } else {
          b.callOrReturn("npu_segment_" + number, {runtime, in, out});
        }
        continue;
      }
      if (hasLaunches) { // libraries and host code alone have no runtime that draws a timeline
        auto name = calleeOf(call)->getAttrOfType<mlir::StringAttr>("cpu.name");
        calleeOf(call)->setAttr("cpu.has_timeline",
                                mlir::UnitAttr::get(&getContext())); // which cpu-outline looks for
        b.callOrReturn("tsr_runtime_cpu_begin", {runtime, b.constant(std::stoi(number)),
                                                 b.text("cpu_name_" + number, name ? name.str() : "CPU")});
      }
      b.callVoid("cpu_segment_" + number, {in, out});
      if (hasLaunches)
        b.callOrReturn("tsr_runtime_cpu_end", {runtime});
      if (auto end = ends.find(call); end != ends.end())
        b.callOrReturn(end->second.first, {runtime, end->second.second});
    }
    for (auto [from, to] : copies)
      b.copy(to, pointers[from], bytesOf(from.getType()));
    b.finish();
  }

  // runtime, offset, pointer i of the array, height, width, channels.
  static std::vector<mlir::Value> edge(HostBuilder &b, mlir::Value runtime, mlir::Value pointers, size_t i,
                                       Edge e) {
    return {runtime,          b.constant(e[0]), b.loadPointer(pointers, i),
            b.constant(e[1]), b.constant(e[2]), b.constant(e[3])};
  }

  // The launch and what its edges ask for, in one function, or in two where the CPU has work beside it.
  void buildSegment(HostBuilder &b, int64_t index, bool inTwo, const std::vector<Edge> &inputs,
                    const std::vector<Edge> &outputs) {
    const std::string number = std::to_string(index);
    auto begin = [&](const std::string &name, size_t pointers) {
      return b.begin(name + number, std::vector<mlir::Type>(pointers, b.ptr()));
    };
    auto function = inTwo ? begin("npu_start_", 2) : begin("npu_segment_", 3);
    mlir::Value runtime = function.getArgument(0), segment = b.constant(index);
    mlir::Value recorder = b.slot(b.ptr()), fresh = b.slot(b.i32());
    b.callOrReturn("tsr_runtime_recorder", {runtime, segment, recorder, fresh});
    b.ifNotZero(b.load(b.i32(), fresh), [&] {
      b.callOrReturn("npu_record_" + number, {b.load(b.ptr(), recorder)});
      b.callOrReturn("tsr_runtime_finish", {runtime, segment});
    });
    buildInputs(b, number, runtime, function.getArgument(1), inputs);
    b.callOrReturn(inTwo ? "tsr_runtime_start" : "tsr_runtime_run", {runtime, segment});
    if (inTwo) {
      b.finish();
      function = begin("npu_end_", 2);
      runtime = function.getArgument(0);
      b.callOrReturn("tsr_runtime_wait", {runtime, b.constant(index)});
    }
    mlir::Value results = function.getArgument(inTwo ? 1 : 2);
    for (auto [i, e] : llvm::enumerate(outputs)) {
      if (isShared(e))
        b.callOrReturn("tsr_runtime_take", {runtime, b.constant(e[0]), b.constant(e[1])});
      else if (!isNone(e))
        b.callOrReturn("tsr_runtime_read_blocked", edge(b, runtime, results, i, e));
    }
    b.finish();
  }

  void buildInputs(HostBuilder &b, const std::string &number, mlir::Value runtime, mlir::Value pointers,
                   const std::vector<Edge> &inputs) {
    for (auto [i, e] : llvm::enumerate(inputs)) {
      if (isNone(e))
        continue;
      if (isShared(e)) {
        b.callOrReturn("tsr_runtime_give", {runtime, b.constant(e[0]), b.constant(e[1])});
        continue;
      }
      auto arguments = edge(b, runtime, pointers, i, e);
      bool gathered = e.size() > 4; // windows: their geometry, then the fill
      if (gathered)
        arguments.push_back(b.wordArray("npu_segment_" + number + "_window_" + std::to_string(i),
                                        {e.begin() + 4, e.end() - 1}));
      arguments.push_back(b.constant(gathered ? e.back() : 0));
      b.callOrReturn(gathered ? "tsr_runtime_write_windows" : "tsr_runtime_write_blocked", arguments);
    }
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
