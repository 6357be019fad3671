#include "recorder.h"

#include "emit.h"

#include "tessera/isa/checker.h"

#include <algorithm>
#include <cstring>

using namespace tessera;
using namespace tessera::driver;

namespace reg = tessera::isa::reg;

namespace {

constexpr uint32_t kStreamAlignment = 64;
constexpr uint32_t kMaxExtent = 1u << 24;
constexpr size_t kMaxLoops = 12;

/// Elements from the first to the last of a transfer.
uint64_t span(uint32_t ySize, uint32_t xSize, uint32_t xStride) {
  return ySize == 0 || xSize == 0 ? 0 : uint64_t{ySize - 1} * xStride + xSize;
}

} // namespace

tsr_recorder::~tsr_recorder() {
  for (uint32_t buffer : buffers)
    device.allocator.release(buffer);
}

Status tsr_recorder::commandFailure(const char *name, const std::string &message) const {
  return failure(TSR_INVALID_ARGUMENT, "command %zu (%s): %s", commands.size(), name, message.c_str());
}

Status tsr_recorder::addNest(std::span<const uint32_t> extents, const uint32_t *strides, uint32_t reduceLoops,
                             uint32_t &kernel) {
  if (extents.size() > kMaxLoops)
    return commandFailure("kernel", text("%zu loops, at most %zu are possible", extents.size(), kMaxLoops));
  if (reduceLoops > extents.size())
    return commandFailure("kernel", text("%u reduction loops of %zu loops", reduceLoops, extents.size()));
  Nest nest;
  nest.reduceLoops = reduceLoops;
  for (size_t l = 0; l < extents.size(); ++l) {
    if (extents[l] == 0 || extents[l] > kMaxExtent)
      return commandFailure("kernel",
                            text("loop %zu has %u iterations, not 1 to %u", l, extents[l], kMaxExtent));
    nest.loops.push_back({extents[l], {strides[3 * l], strides[3 * l + 1], strides[3 * l + 2]}});
    if (l + reduceLoops >= extents.size() && strides[3 * l] != 0)
      return commandFailure("kernel", text("reduction loop %zu has dst stride %u, not 0", l, strides[3 * l]));
  }
  const auto found = std::find(nests.begin(), nests.end(), nest);
  kernel = static_cast<uint32_t>(found - nests.begin());
  if (found == nests.end())
    nests.push_back(std::move(nest));
  return {};
}

Status tsr_recorder::resolve(const char *name, uint32_t region, uint32_t offset, uint64_t elements,
                             uint32_t elementBytes, uint32_t &address) const {
  if (region >= regions.size() || !regions[region])
    return commandFailure(name, text("region %u is not bound", region));
  const Region &bound = *regions[region];
  if (offset % elementBytes != 0)
    return commandFailure(
        name, text("offset %u is not a multiple of the element's %u bytes", offset, elementBytes));
  if (bound.address % elementBytes != 0)
    return commandFailure(name, text("address 0x%x of region %u is not a multiple of the element's %u bytes",
                                     bound.address, region, elementBytes));
  if (offset + elements * elementBytes > bound.bytes)
    return commandFailure(
        name, text("%llu elements of %u bytes from offset %u end past the %u bytes of region %u",
                   static_cast<unsigned long long>(elements), elementBytes, offset, bound.bytes, region));
  address = bound.address + offset;
  return {};
}

Status tsr_recorder::addLoad(LoadCommand command, uint32_t region, uint32_t offset) {
  const isa::MachineConfig &machine = device.machine;
  const uint32_t elementBytes = machine.dramElementBytes(command.memoryType);
  const char *memory = isa::memoryName(command.memoryType);
  if (elementBytes == 0 || command.memoryType == isa::MemoryType::Out ||
      command.memoryType == isa::MemoryType::Uop)
    return commandFailure("load", text("memory type %u (%s) cannot be loaded",
                                       static_cast<uint32_t>(command.memoryType), memory));
  if (!command.moves() && (command.yPad0 || command.yPad1 || command.xPad0 || command.xPad1))
    return commandFailure("load", "padding without data");
  const bool takesValue = command.memoryType == isa::MemoryType::Inp ||
                          (command.memoryType == isa::MemoryType::Acc8bit && command.viaLoad);
  if (command.padded() && command.padValue != 0 && (!takesValue || !machine.has(isa::Feature::PadValue)))
    return commandFailure("load",
                          text("padding value %d, but %s is padded with 0 here", command.padValue, memory));
  if (command.padValue < -128 || command.padValue > 127)
    return commandFailure("load", text("padding value %d is not an int8", command.padValue));
  // rows() and rowElements() are below 2^34, so the comparison without the product comes first.
  const uint64_t depth = machine.depth(command.memoryType), rows = command.rows(),
                 row = command.rowElements();
  if (command.moves() && (rows > depth || row > depth || command.sramBase + rows * row > depth))
    return commandFailure("load",
                          text("%llu x %llu elements at %u exceed %s depth %llu",
                               static_cast<unsigned long long>(rows), static_cast<unsigned long long>(row),
                               command.sramBase, memory, static_cast<unsigned long long>(depth)));
  if (Status status = resolve("load", region, offset, span(command.ySize, command.xSize, command.xStride),
                              elementBytes, command.address);
      !status.ok())
    return status;
  commands.push_back(command);
  return {};
}

Status tsr_recorder::addStore(StoreCommand command, uint32_t region, uint32_t offset) {
  const uint64_t depth = device.machine.accDepth;
  if (command.ySize > depth || command.xSize > depth ||
      command.sramBase + uint64_t{command.ySize} * command.xSize > depth)
    return commandFailure("store",
                          text("%u x %u elements at %u exceed out depth %llu", command.ySize, command.xSize,
                               command.sramBase, static_cast<unsigned long long>(depth)));
  const uint32_t elementBytes = device.machine.dramElementBytes(isa::MemoryType::Out);
  if (Status status = resolve("store", region, offset, span(command.ySize, command.xSize, command.xStride),
                              elementBytes, command.address);
      !status.ok())
    return status;
  commands.push_back(command);
  return {};
}

Status tsr_recorder::addKernel(KernelCommand command) {
  const char *name = commandName(Command(command));
  if (command.kernel >= nests.size())
    return commandFailure(name, text("no kernel %u", command.kernel));
  if (command.instruction.index() >= 2 && device.machine.level == isa::Level::Vta)
    return commandFailure(name, text("machine %s has no such instruction", device.machine.name.c_str()));
  commands.push_back(std::move(command));
  return {};
}

Status tsr_recorder::addSet(const char *name, Command command) {
  if (device.machine.level == isa::Level::Vta)
    return commandFailure(name, text("machine %s has no such instruction", device.machine.name.c_str()));
  commands.push_back(std::move(command));
  return {};
}

Status tsr_recorder::upload(const void *data, size_t bytes, uint32_t &address) {
  if (Status status = allocate(device, bytes, kStreamAlignment, address); !status.ok())
    return status;
  buffers.push_back(address);
  ++statistics.uploads;
  return writeMemory(device, address, {static_cast<const uint8_t *>(data), bytes});
}

Status tsr_recorder::check() {
  isa::CheckContext context;
  context.dramBytes = device.dramBytes;
  context.readWords = [this](uint64_t address, std::span<uint32_t> words) {
    return readMemory(device, static_cast<uint32_t>(address),
                      {reinterpret_cast<uint8_t *>(words.data()), words.size_bytes()})
        .ok();
  };
  const isa::Expected<void> checked = isa::checkProgram(device.machine, stream, context);
  if (checked)
    return {};
  std::string place;
  if (checked.error().index && *checked.error().index < commandOf.size()) {
    const uint32_t command = commandOf[*checked.error().index];
    place = text("command %u (%s): ", command,
                 command < commands.size() ? commandName(commands[command]) : "finish");
  }
  return {TSR_REJECTED, place + checked.error().message};
}

Status tsr_recorder::finish() {
  if (finished)
    return failure(TSR_INVALID_ARGUMENT, "the recording is finished already");
  isa::Expected<EmittedStream> emitted = emitStream(device.machine, nests, commands);
  ++statistics.emissions;
  if (!emitted)
    return {TSR_INVALID_ARGUMENT, emitted.error().message};
  if (!emitted->uopWords.empty()) {
    uint32_t address = 0;
    if (Status status =
            upload(emitted->uopWords.data(), emitted->uopWords.size() * sizeof(uint32_t), address);
        !status.ok())
      return status;
    for (size_t load : emitted->uopLoads)
      std::get<isa::Load>(emitted->instructions[load]).dramBase += address / 4;
  }
  const isa::Layout layout(device.machine);
  stream.reserve(emitted->instructions.size());
  for (const isa::Instruction &instruction : emitted->instructions)
    stream.push_back(layout.encode(instruction));
  commandOf = std::move(emitted->commandOf);
  if (Status status = check(); !status.ok())
    return status;
  if (Status status = upload(stream.data(), stream.size() * sizeof(isa::Word128), streamAddress);
      !status.ok())
    return status;
  statistics.instructions = static_cast<uint32_t>(stream.size());
  statistics.kernels = emitted->kernels;
  statistics.microOps = emitted->microOps;
  statistics.uopLoads = static_cast<uint32_t>(emitted->uopLoads.size());
  finished = true;
  return {};
}

Status tsr_recorder::run(double timeoutSeconds, tsr_launch_result &result) {
  result = {};
  if (!finished)
    return failure(TSR_INVALID_ARGUMENT, "the recording is not finished");
  for (uint32_t base :
       {reg::kUopBase, reg::kInpBase, reg::kWgtBase, reg::kAccBase, reg::kOutBase, reg::kParBase})
    if (Status status = writeRegister(device, base, 0); !status.ok())
      return status;
  if (Status status = writeRegister(device, reg::kInsnAddress, streamAddress); !status.ok())
    return status;
  if (Status status = writeRegister(device, reg::kInsnCount, statistics.instructions); !status.ok())
    return status;
  if (Status status = launch(device); !status.ok())
    return status;
  ++statistics.launches;
  Status status = wait(device, timeoutSeconds, result);
  if (result.errorCode != 0 && result.errorIndex < commandOf.size()) {
    const uint32_t command = commandOf[result.errorIndex];
    status.message += text(", of command %u (%s)", command,
                           command < commands.size() ? commandName(commands[command]) : "finish");
  }
  return status;
}

Status tsr_recorder::readMarks(std::span<uint32_t> cycles) {
  for (size_t i = 0; i < cycles.size(); ++i)
    if (Status status = readRegister(device, reg::kMarks + 4 * static_cast<uint32_t>(i), cycles[i]);
        !status.ok())
      return status;
  return {};
}
