#include "passes/host_builder.h"

#include <algorithm>

namespace tessera::compiler::npu {

RecordBuilder::RecordBuilder(HostBuilder &builder, std::string prefix)
    : b_(builder), prefix_(std::move(prefix)) {}

void RecordBuilder::enter(mlir::Value recorder, mlir::Value numbers) {
  recorder_ = recorder;
  numbers_ = numbers;
  status_ = {};
}

mlir::Value RecordBuilder::numberOf(size_t kernel) {
  if (numbers_)
    return b_.word(numbers_, kernel);
  while (slots_.size() <= kernel)
    slots_.push_back(b_.slot(b_.i32()));
  return slots_[kernel];
}

std::vector<mlir::Value> RecordBuilder::words(std::initializer_list<int64_t> values) {
  std::vector<mlir::Value> out;
  for (int64_t value : values)
    out.push_back(b_.constant(int32_t(uint32_t(value))));
  return out;
}

void RecordBuilder::emit(const std::string &callee, std::vector<mlir::Value> arguments) {
  arguments.insert(arguments.begin(), recorder_);
  status_ = b_.call(callee, arguments);
}

mlir::Value RecordBuilder::kernel(const Kernel &kernel) {
  auto known = std::find(kernels_.begin(), kernels_.end(), kernel);
  if (known != kernels_.end())
    return b_.load(b_.i32(), numberOf(size_t(known - kernels_.begin())));
  std::vector<int32_t> numbers; // extents, then strides
  for (const Kernel::Loop &loop : kernel.loops)
    numbers.push_back(int32_t(loop.extent));
  std::vector<int32_t> strides;
  for (const Kernel::Loop &loop : kernel.loops)
    for (uint32_t step : {loop.dst, loop.src, loop.wgt})
      strides.push_back(int32_t(step));
  numbers.resize(std::max<size_t>(1, numbers.size()));
  strides.resize(std::max<size_t>(1, strides.size()));
  std::string name = prefix_ + "_kernel_" + std::to_string(kernels_.size());
  mlir::Value extentsAt = b_.wordArray(name + "_extents", numbers),
              stridesAt = b_.wordArray(name + "_strides", strides);
  mlir::Value number = numberOf(kernels_.size());
  emit("tsr_record_kernel", {b_.constant(int64_t(kernel.loops.size())), extentsAt, stridesAt,
                             b_.constant(kernel.reduceLoops), number});
  kernels_.push_back(kernel);
  return b_.load(b_.i32(), number);
}

void RecordBuilder::exit(const Exit &exit) {
  if (exit_ == exit)
    return;
  exit_ = exit;
  emit("tsr_record_exit", words({int64_t(exit.mode), exit.zeroPoint, exit.clampMin, exit.clampMax}));
}

void RecordBuilder::operand(bool rhs, const Operand &operand) {
  if (operands_[rhs] == operand)
    return;
  operands_[rhs] = operand;
  emit("tsr_record_operand", words({rhs, operand.zeroPoint, operand.multiplier, operand.shift}));
}

void RecordBuilder::add(const Command &c) {
  switch (c.kind) {
  case Command::Kind::Load:
    return emit("tsr_record_load", words({int64_t(c.memory), c.sramBase, c.place.region, c.place.offset,
                                          c.rows, c.columns, c.stride, c.pads[0], c.pads[1], c.pads[2],
                                          c.pads[3], c.padValue, c.viaLoad(), c.dependencies}));
  case Command::Kind::Store:
    return emit("tsr_record_store", words({c.sramBase, c.place.region, c.place.offset, c.rows, c.columns,
                                           c.stride, c.dependencies}));
  case Command::Kind::Reduce: {
    exit(c.exit);
    std::vector<mlir::Value> arguments{kernel(c.kernel)};
    for (mlir::Value word : words({c.op, c.taps, int64_t(c.init), int64_t(c.destination), c.dstBase,
                                   c.srcBase, c.wgtBase, c.par, c.overlap, c.dependencies}))
      arguments.push_back(word);
    return emit("tsr_record_reduce", arguments);
  }
  case Command::Kind::Vec: {
    exit(c.exit);
    operand(false, c.lhs);
    operand(true, c.rhs);
    std::vector<mlir::Value> arguments{kernel(c.kernel)};
    for (mlir::Value word : words({c.op, int64_t(c.destination), c.dstBase, c.srcBase, c.wgtBase, c.par,
                                   c.overlap, c.dependencies}))
      arguments.push_back(word);
    return emit("tsr_record_vec", arguments);
  }
  case Command::Kind::Gemm: {
    std::vector<mlir::Value> arguments{kernel(c.kernel)};
    for (mlir::Value word : words({c.reset, c.dstBase, c.srcBase, c.wgtBase, c.dependencies}))
      arguments.push_back(word);
    return emit("tsr_record_gemm", arguments);
  }
  case Command::Kind::Alu: {
    std::vector<mlir::Value> arguments{kernel(c.kernel)};
    for (mlir::Value word : words({c.op, c.useImmediate, c.immediate, c.dstBase, c.srcBase, c.dependencies}))
      arguments.push_back(word);
    return emit("tsr_record_alu", arguments);
  }
  case Command::Kind::Sync:
    return emit("tsr_record_sync", words({c.dependencies}));
  case Command::Kind::Mark:
    return emit("tsr_record_mark", words({c.layer}));
  }
}

} // namespace tessera::compiler::npu
