#include "record_commands.h"

namespace tessera::compiler::npu {
namespace {

uint32_t recordKernel(tsr_recorder *recorder, const Kernel &kernel) {
  std::vector<uint32_t> extents, strides;
  for (const Kernel::Loop &loop : kernel.loops) {
    extents.push_back(loop.extent);
    strides.insert(strides.end(), {loop.dst, loop.src, loop.wgt});
  }
  uint32_t id = 0;
  tsr_record_kernel(recorder, uint32_t(extents.size()), extents.data(), strides.data(), kernel.reduceLoops,
                    &id);
  return id;
}

} // namespace

tsr_status recordCommands(tsr_recorder *r, std::span<const Command> commands) {
  tsr_status status = TSR_OK;
  for (const Command &c : commands) {
    if (c.kind == Command::Kind::Reduce || c.kind == Command::Kind::Vec)
      tsr_record_exit(r, uint32_t(c.exit.mode), c.exit.zeroPoint, c.exit.clampMin, c.exit.clampMax);
    switch (c.kind) {
    case Command::Kind::Load:
      status = tsr_record_load(r, uint32_t(c.memory), c.sramBase, c.place.region, c.place.offset, c.rows,
                               c.columns, c.stride, c.pads[0], c.pads[1], c.pads[2], c.pads[3], c.padValue,
                               c.viaLoad(), c.dependencies);
      break;
    case Command::Kind::Store:
      status = tsr_record_store(r, c.sramBase, c.place.region, c.place.offset, c.rows, c.columns, c.stride,
                                c.dependencies);
      break;
    case Command::Kind::Reduce:
      status = tsr_record_reduce(r, recordKernel(r, c.kernel), c.op, c.taps, uint32_t(c.init),
                                 uint32_t(c.destination), c.dstBase, c.srcBase, c.wgtBase, c.par, c.overlap,
                                 c.dependencies);
      break;
    case Command::Kind::Vec:
      tsr_record_operand(r, 0, c.lhs.zeroPoint, c.lhs.multiplier, c.lhs.shift);
      tsr_record_operand(r, 1, c.rhs.zeroPoint, c.rhs.multiplier, c.rhs.shift);
      status = tsr_record_vec(r, recordKernel(r, c.kernel), c.op, uint32_t(c.destination), c.dstBase,
                              c.srcBase, c.wgtBase, c.par, c.overlap, c.dependencies);
      break;
    case Command::Kind::Gemm:
      status = tsr_record_gemm(r, recordKernel(r, c.kernel), c.reset, c.dstBase, c.srcBase, c.wgtBase,
                               c.dependencies);
      break;
    case Command::Kind::Alu:
      status = tsr_record_alu(r, recordKernel(r, c.kernel), c.op, c.useImmediate, c.immediate, c.dstBase,
                              c.srcBase, c.dependencies);
      break;
    case Command::Kind::Sync:
      status = tsr_record_sync(r, c.dependencies);
      break;
    case Command::Kind::Mark:
      status = tsr_record_mark(r, c.layer);
      break;
    }
    if (status != TSR_OK)
      return status;
  }
  return status;
}

} // namespace tessera::compiler::npu
