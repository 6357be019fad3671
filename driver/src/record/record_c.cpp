// The C functions of record.h.
#include "recorder.h"

#include <algorithm>

using namespace tessera;
using namespace tessera::driver;

namespace {

isa::Dependencies dependenciesFrom(uint32_t flags) {
  return {(flags & TSR_POP_PREV) != 0, (flags & TSR_POP_NEXT) != 0, (flags & TSR_PUSH_PREV) != 0,
          (flags & TSR_PUSH_NEXT) != 0};
}

/// A check of one enumeration or field that instructions cannot hold.
Status checkBelow(const tsr_recorder &r, const char *command, const char *what, uint32_t value,
                  uint32_t limit) {
  if (value < limit)
    return {};
  return failure(TSR_INVALID_ARGUMENT, "command %zu (%s): %s %u is not below %u", r.commands.size(), command,
                 what, value, limit);
}

/// Runs one record call of an unfinished recorder.
template <class Body> tsr_status record(tsr_recorder *recorder, Body &&body) {
  if (!recorder)
    return TSR_INVALID_ARGUMENT;
  return recorder->step([&]() -> Status {
    if (recorder->finished)
      return failure(TSR_INVALID_ARGUMENT, "the recording is finished already");
    return body(*recorder);
  });
}

} // namespace

extern "C" {

tsr_status tsr_record_begin(tsr_device *device, tsr_recorder **recorder) {
  if (!recorder)
    return TSR_INVALID_ARGUMENT;
  *recorder = nullptr;
  if (!device)
    return TSR_INVALID_ARGUMENT;
  return guarded(device->message, [&] {
    *recorder = new tsr_recorder(*device);
    return TSR_OK;
  });
}

void tsr_record_end(tsr_recorder *recorder) { delete recorder; }

const char *tsr_record_message(const tsr_recorder *recorder) {
  if (!recorder)
    return "no recorder";
  return recorder->failed.ok() ? recorder->runMessage.c_str() : recorder->failed.message.c_str();
}

tsr_status tsr_record_region(tsr_recorder *recorder, uint32_t region, uint32_t address, uint32_t bytes) {
  return record(recorder, [&](tsr_recorder &r) -> Status {
    if (Status status = checkBelow(r, "region", "region", region, static_cast<uint32_t>(r.regions.size()));
        !status.ok())
      return status;
    if (uint64_t{address} + bytes > r.device.dramBytes)
      return failure(TSR_OUT_OF_RANGE,
                     "region %u: %u bytes at address 0x%x end past the device's %llu bytes of memory", region,
                     bytes, address, static_cast<unsigned long long>(r.device.dramBytes));
    r.regions[region] = {address, bytes};
    return {};
  });
}

tsr_status tsr_record_kernel(tsr_recorder *recorder, uint32_t loops, const uint32_t *extents,
                             const uint32_t *strides, uint32_t reduceLoops, uint32_t *kernel) {
  return record(recorder, [&](tsr_recorder &r) -> Status {
    if (!kernel || (loops && (!extents || !strides)))
      return failure(TSR_INVALID_ARGUMENT, "kernel: an argument is missing");
    return r.addNest({extents, loops}, strides, reduceLoops, *kernel);
  });
}

tsr_status tsr_record_load(tsr_recorder *recorder, uint32_t memoryType, uint32_t sramBase, uint32_t region,
                           uint32_t offset, uint32_t ySize, uint32_t xSize, uint32_t xStride, uint32_t yPad0,
                           uint32_t yPad1, uint32_t xPad0, uint32_t xPad1, int32_t padValue, uint32_t viaLoad,
                           uint32_t dependencies) {
  return record(recorder, [&](tsr_recorder &r) -> Status {
    if (Status status = checkBelow(r, "load", "memory type", memoryType, 7); !status.ok())
      return status;
    LoadCommand load;
    load.memoryType = static_cast<isa::MemoryType>(memoryType);
    load.sramBase = sramBase;
    load.ySize = ySize, load.xSize = xSize, load.xStride = xStride;
    load.yPad0 = yPad0, load.yPad1 = yPad1, load.xPad0 = xPad0, load.xPad1 = xPad1;
    load.padValue = padValue;
    load.viaLoad = viaLoad != 0;
    load.dependencies = dependenciesFrom(dependencies);
    return r.addLoad(load, region, offset);
  });
}

tsr_status tsr_record_store(tsr_recorder *recorder, uint32_t sramBase, uint32_t region, uint32_t offset,
                            uint32_t ySize, uint32_t xSize, uint32_t xStride, uint32_t dependencies) {
  return record(recorder, [&](tsr_recorder &r) {
    return r.addStore({sramBase, 0, ySize, xSize, xStride, dependenciesFrom(dependencies)}, region, offset);
  });
}

tsr_status tsr_record_gemm(tsr_recorder *recorder, uint32_t kernel, uint32_t reset, uint32_t dstBase,
                           uint32_t srcBase, uint32_t wgtBase, uint32_t dependencies) {
  return record(recorder, [&](tsr_recorder &r) {
    return r.addKernel({kernel,
                        {dstBase, srcBase, wgtBase},
                        isa::Gemm{.dependencies = dependenciesFrom(dependencies), .reset = reset != 0}});
  });
}

tsr_status tsr_record_alu(tsr_recorder *recorder, uint32_t kernel, uint32_t opcode, uint32_t useImmediate,
                          int32_t immediate, uint32_t dstBase, uint32_t srcBase, uint32_t dependencies) {
  return record(recorder, [&](tsr_recorder &r) -> Status {
    if (Status status = checkBelow(r, "alu", "opcode", opcode, 5); !status.ok())
      return status;
    isa::Alu alu{.dependencies = dependenciesFrom(dependencies)};
    alu.aluOpcode = static_cast<isa::AluOpcode>(opcode);
    alu.useImm = useImmediate != 0;
    alu.imm = immediate;
    return r.addKernel({kernel, {dstBase, srcBase, 0}, alu});
  });
}

tsr_status tsr_record_exit(tsr_recorder *recorder, uint32_t mode, int32_t zeroPoint, int32_t clampMin,
                           int32_t clampMax) {
  return record(recorder, [&](tsr_recorder &r) -> Status {
    if (Status status = checkBelow(r, "exit", "mode", mode, 5); !status.ok())
      return status;
    return r.addSet("exit", isa::SetExit{.dependencies = {},
                                         .mode = static_cast<isa::ExitMode>(mode),
                                         .zeroPoint = zeroPoint,
                                         .clampMin = clampMin,
                                         .clampMax = clampMax});
  });
}

tsr_status tsr_record_operand(tsr_recorder *recorder, uint32_t rhs, int32_t zeroPoint, uint32_t multiplier,
                              int32_t shift) {
  return record(recorder, [&](tsr_recorder &r) {
    if (rhs)
      return r.addSet(
          "operand",
          isa::SetRhs{.dependencies = {}, .zeroPoint = zeroPoint, .shift = shift, .multiplier = multiplier});
    return r.addSet(
        "operand",
        isa::SetLhs{.dependencies = {}, .zeroPoint = zeroPoint, .shift = shift, .multiplier = multiplier});
  });
}

tsr_status tsr_record_reduce(tsr_recorder *recorder, uint32_t kernel, uint32_t op, uint32_t taps,
                             uint32_t init, uint32_t destination, uint32_t dstBase, uint32_t srcBase,
                             uint32_t wgtBase, uint32_t par, uint32_t overlap, uint32_t dependencies) {
  return record(recorder, [&](tsr_recorder &r) -> Status {
    for (auto [what, value, limit] : {std::tuple{"op", op, 4u},
                                      {"init", init, 3u},
                                      {"destination", destination, 3u},
                                      {"taps - 1", taps - 1, std::max(r.device.machine.depthwiseTaps, 1u)}})
      if (Status status = checkBelow(r, "reduce", what, value, limit); !status.ok())
        return status;
    isa::Reduce reduce{.dependencies = dependenciesFrom(dependencies), .overlap = overlap != 0, .par = par};
    reduce.op = static_cast<isa::ReduceOp>(op);
    reduce.taps = taps - 1;
    reduce.init = static_cast<isa::ReduceInit>(init);
    reduce.destination = static_cast<isa::Destination>(destination);
    return r.addKernel({kernel, {dstBase, srcBase, wgtBase}, reduce});
  });
}

tsr_status tsr_record_vec(tsr_recorder *recorder, uint32_t kernel, uint32_t op, uint32_t destination,
                          uint32_t dstBase, uint32_t lhsBase, uint32_t rhsBase, uint32_t par,
                          uint32_t overlap, uint32_t dependencies) {
  return record(recorder, [&](tsr_recorder &r) -> Status {
    for (auto [what, value, limit] : {std::tuple{"op", op, 3u}, {"destination", destination, 3u}})
      if (Status status = checkBelow(r, "vec", what, value, limit); !status.ok())
        return status;
    isa::Vec vec{.dependencies = dependenciesFrom(dependencies),
                 .overlap = overlap != 0,
                 .lhsBase = lhsBase,
                 .par = par};
    vec.op = static_cast<isa::VecOp>(op);
    vec.destination = static_cast<isa::Destination>(destination);
    return r.addKernel({kernel, {dstBase, rhsBase, 0}, vec});
  });
}

tsr_status tsr_record_sync(tsr_recorder *recorder, uint32_t dependencies) {
  return record(recorder, [&](tsr_recorder &r) -> Status {
    r.commands.push_back(SyncCommand{dependenciesFrom(dependencies)});
    return {};
  });
}

tsr_status tsr_record_mark(tsr_recorder *recorder, uint32_t) {
  return record(recorder, [&](tsr_recorder &r) -> Status {
    if (Status status = checkBelow(r, "mark", "mark", r.markCount, isa::reg::kMarksCount); !status.ok())
      return status;
    if (Status status = r.addSet("mark", isa::SetMark{.dependencies = {}, .index = r.markCount});
        !status.ok())
      return status;
    ++r.markCount;
    return {};
  });
}

tsr_status tsr_record_finish(tsr_recorder *recorder) {
  return record(recorder, [](tsr_recorder &r) { return r.finish(); });
}

tsr_status tsr_record_run(tsr_recorder *recorder, double timeoutSeconds, tsr_launch_result *result) {
  if (!recorder)
    return TSR_INVALID_ARGUMENT;
  if (!recorder->failed.ok())
    return recorder->failed.code;
  return guarded(recorder->runMessage, [&] {
    tsr_launch_result unused;
    Status status = recorder->run(timeoutSeconds, result ? *result : unused);
    recorder->runMessage = std::move(status.message);
    return status.code;
  });
}

tsr_status tsr_record_marks(tsr_recorder *recorder, uint32_t *cycles, uint32_t capacity, uint32_t *count) {
  if (!recorder || (!cycles && capacity))
    return TSR_INVALID_ARGUMENT;
  if (count)
    *count = recorder->markCount;
  return guarded(recorder->runMessage, [&] {
    Status status = recorder->readMarks({cycles, std::min(capacity, recorder->markCount)});
    if (!status.ok())
      recorder->runMessage = std::move(status.message);
    return status.code;
  });
}

void tsr_record_get_statistics(const tsr_recorder *recorder, tsr_record_statistics *statistics) {
  if (!recorder || !statistics)
    return;
  *statistics = recorder->statistics;
  statistics->commands = static_cast<uint32_t>(recorder->commands.size());
}

tsr_status tsr_record_stream(const tsr_recorder *recorder, const void **instructions, uint32_t *count) {
  if (!recorder || !instructions || !count)
    return TSR_INVALID_ARGUMENT;
  *instructions = recorder->stream.data();
  *count = static_cast<uint32_t>(recorder->stream.size());
  return recorder->finished ? TSR_OK : TSR_INVALID_ARGUMENT;
}
}
