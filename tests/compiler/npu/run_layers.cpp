#include "run_layers.h"
#include "core/chain.h"
#include "core/command.h"
#include "core/record_commands.h"
#include "core/region.h"
#include "core/shift_exit.h"

namespace tessera::compiler::npu::test {
namespace {

std::vector<uint8_t> toBlocked(const Target &target, const std::vector<int8_t> &nhwc, Shape s) {
  std::vector<uint8_t> out(target.activationBytes(s.height, s.width, s.channels), 0x55);
  uint32_t block = target.blockOut();
  for (uint32_t pixel = 0; pixel < s.height * s.width; ++pixel)
    for (uint32_t c = 0; c < s.channels; ++c)
      out[((size_t(c / block) * s.height * s.width + pixel) * target.batch()) * block + c % block] =
          uint8_t(nhwc[size_t(pixel) * s.channels + c]);
  return out;
}

std::vector<int8_t> fromBlocked(const Target &target, const std::vector<uint8_t> &bytes, Shape s) {
  std::vector<int8_t> out(size_t(s.height) * s.width * s.channels);
  uint32_t block = target.blockOut();
  for (uint32_t pixel = 0; pixel < s.height * s.width; ++pixel)
    for (uint32_t c = 0; c < s.channels; ++c)
      out[size_t(pixel) * s.channels + c] = int8_t(
          bytes[((size_t(c / block) * s.height * s.width + pixel) * target.batch()) * block + c % block]);
  return out;
}

struct Owned {
  tsr_device *device;
  tsr_recorder *recorder = nullptr;
  std::vector<uint32_t> buffers;
  ~Owned() {
    tsr_record_end(recorder);
    for (uint32_t buffer : buffers)
      tsr_device_free(device, buffer);
  }
};

// Level vta: weights of the layers whose channels do not mix, and the biases of all.
void packDiagonals(const Target &target, const LayerCase &c, const Layer &layer,
                   std::vector<uint8_t> &constants) {
  if (layer.kind == LayerKind::Depthwise)
    return packDiagonalWeights(target, layer, c.weights, constants);
  if (layer.kind == LayerKind::Add) {
    packUniformDiagonal(target, int8_t(layer.lhsStep), constants);
    return packUniformDiagonal(target, int8_t(layer.rhsStep), constants);
  }
  for (uint32_t block = 0; block < target.channelBlocks(layer.output.channels); ++block)
    packUniformDiagonal(target, 1, constants);
}

std::vector<int32_t> vtaBiases(const Target &target, const LayerCase &c, const Layer &layer) {
  if (layer.kind == LayerKind::Conv || layer.kind == LayerKind::Depthwise)
    return c.parameters.bias;
  int32_t zero = layer.lhs.zeroPoint * layer.lhsStep + layer.rhs.zeroPoint * layer.rhsStep;
  return std::vector<int32_t>(target.blockOut(), layer.kind == LayerKind::Add ? -zero : 0);
}

// A layer with its constants behind those that are there.
Layer packed(const Target &target, const LayerCase &c, std::vector<uint8_t> &constants) {
  Layer layer = c.layer;
  resolveShift(layer, c.parameters.multiplier, c.parameters.shift);
  auto align = [&](MemoryType memory) {
    uint32_t bytes = target.elementBytes(memory);
    constants.resize((constants.size() + bytes - 1) / bytes * bytes);
    return Place{kConstants, uint32_t(constants.size())};
  };
  layer.weightPlace = align(MemoryType::Wgt);
  if (layer.kind == LayerKind::Conv)
    packConvWeights(target, layer, c.weights, constants);
  else if (target.isVta())
    packDiagonals(target, c, layer, constants);
  else if (layer.kind == LayerKind::Depthwise)
    packDepthwiseWeights(target, layer, c.weights, constants);
  layer.parameterPlace = align(MemoryType::Par);
  if (target.isVta())
    packBiases(target, vtaBiases(target, c, layer), biasOffset(*layer.shiftExit), constants);
  else if (layer.kind == LayerKind::AveragePool)
    packAverageParameters(target, layer, constants);
  else if (layer.kind == LayerKind::Add)
    packUniformParameters(target, uint32_t(c.parameters.multiplier[0]), c.parameters.shift[0], constants);
  else
    packParameters(target, c.parameters, constants);
  return layer;
}

// Device memory: constants, and the arena with what it holds at the start.
isa::Expected<LayerRun> runCommands(tsr_device *device, const Target &target, std::vector<uint8_t> constants,
                                    const std::vector<uint8_t> &arena, const Layer &last,
                                    const std::vector<Command> &commands) {
  constants.resize(constants.size() + 64);
  std::vector<uint8_t> output(
      target.activationBytes(last.output.height, last.output.width, last.output.channels));
  Owned owned{device, nullptr, {}};
  uint32_t places[2], sizes[2] = {uint32_t(constants.size()), uint32_t(arena.size())};
  for (int i = 0; i < 2; ++i) {
    if (tsr_device_allocate(device, sizes[i], target.regionAlignment(), &places[i]) != TSR_OK)
      return isa::Error{tsr_device_message(device)};
    owned.buffers.push_back(places[i]);
  }
  tsr_device_write(device, places[0], constants.data(), constants.size());
  if (tsr_record_begin(device, &owned.recorder) != TSR_OK)
    return isa::Error{tsr_device_message(device)};
  for (uint32_t region = 0; region < 2; ++region)
    tsr_record_region(owned.recorder, region, places[region], sizes[region]);
  if (recordCommands(owned.recorder, commands) != TSR_OK || tsr_record_finish(owned.recorder) != TSR_OK)
    return isa::Error{tsr_record_message(owned.recorder)};
  tsr_launch_result result{};
  for (int run = 0; run < 2; ++run) {
    tsr_device_write(device, places[1], arena.data(), arena.size()); // nothing of the run before
    if (tsr_record_run(owned.recorder, 60, &result) != TSR_OK)
      return isa::Error{std::string(tsr_record_message(owned.recorder)) + " error " +
                        std::to_string(result.errorCode) + " at " + std::to_string(result.errorIndex)};
  }
  tsr_device_read(device, places[1] + last.outputPlace.offset, output.data(), output.size());
  return LayerRun{fromBlocked(target, output, last.output), result.cycles, commands};
}

// Puts tensors one behind the other.
class Arena {
public:
  explicit Arena(const Target &target) : target_(target) {}
  Place add(const std::vector<int8_t> &nhwc, const Shape &shape) {
    return append(toBlocked(target_, nhwc, shape));
  }
  Place room(const Shape &s) {
    return append(std::vector<uint8_t>(target_.activationBytes(s.height, s.width, s.channels)));
  }
  const std::vector<uint8_t> &bytes() const { return bytes_; }

private:
  Place append(const std::vector<uint8_t> &more) {
    Place place{kArena, uint32_t(bytes_.size())};
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return place;
  }
  const Target &target_;
  std::vector<uint8_t> bytes_;
};

} // namespace

isa::Expected<LayerRun> runLayer(tsr_device *device, const Target &target, const LayerCase &c) {
  std::vector<uint8_t> constants;
  Layer layer = packed(target, c, constants);
  Arena arena(target);
  layer.inputPlace = arena.add(c.input, layer.input);
  layer.rhsPlace = layer.kind == LayerKind::Add ? arena.add(c.rhs, layer.input) : Place{kArena, 0};
  layer.outputPlace = arena.room(layer.output);
  auto commands = scheduleRegion(target, std::span(&layer, 1));
  if (!commands)
    return commands.error();
  return runCommands(device, target, constants, arena.bytes(), layer, *commands);
}

namespace {

// Layers of which each reads what the one before gives; `arena` and `constants` hold what they need.
std::vector<Layer> follow(const Target &target, std::span<const LayerCase> cases, Arena &arena,
                          std::vector<uint8_t> &constants) {
  std::vector<Layer> layers;
  for (const LayerCase &c : cases) {
    Layer layer = packed(target, c, constants);
    layer.inputPlace = layers.empty() ? arena.add(c.input, layer.input) : layers.back().outputPlace;
    if (layer.kind == LayerKind::Add)
      layer.rhsPlace = arena.add(c.rhs, layer.input);
    layer.outputPlace = arena.room(layer.output);
    layers.push_back(layer);
  }
  return layers;
}

} // namespace

std::optional<isa::Expected<LayerRun>> runPair(tsr_device *device, const Target &target,
                                               const LayerCase &first, const LayerCase &second,
                                               bool rowsOuter) {
  std::vector<uint8_t> constants;
  Arena arena(target);
  const LayerCase cases[] = {first, second};
  std::vector<Layer> layers = follow(target, cases, arena, constants);
  auto plan = planPair(target, layers[0], layers[1]);
  if (!plan)
    return std::nullopt;
  std::vector plans{plan->first, plan->second};
  for (LayerPlan &p : plans) // small layers too are cut into many pieces
    p.tiling.rows = p.tiling.blocks = 1, p.tiling.weightsOuter = false;
  plans[0].tiling.weightsOuter = !rowsOuter;
  auto commands = scheduleRegion(target, layers, plans);
  if (!commands)
    return commands.error();
  return runCommands(device, target, constants, arena.bytes(), layers[1], *commands);
}

std::optional<isa::Expected<LayerRun>> runChain(tsr_device *device, const Target &target,
                                                std::span<const LayerCase> cases, uint32_t rows) {
  std::vector<uint8_t> constants;
  Arena arena(target);
  std::vector<Layer> layers = follow(target, cases, arena, constants);
  for (Layer &layer : layers)
    layer.handsOn = true;
  if (!chainLayout(target, layers, rows))
    return std::nullopt;
  std::vector<LayerPlan> plans(layers.size());
  for (size_t i = 0; i < layers.size(); ++i)
    plans[i].joins = i > 0, plans[i].chained = true;
  plans.back().tiling.rows = rows;
  auto commands = scheduleRegion(target, layers, plans);
  if (!commands)
    return commands.error();
  return runCommands(device, target, constants, arena.bytes(), layers.back(), *commands);
}

isa::Expected<LayerRun>
runPlans(tsr_device *device, const Target &target, std::span<const LayerCase> cases,
         const std::function<std::vector<LayerPlan>(std::span<const Layer>)> &plansOf) {
  std::vector<uint8_t> constants;
  Arena arena(target);
  std::vector<Layer> layers = follow(target, cases, arena, constants);
  for (Layer &layer : layers)
    layer.handsOn = &layer != &layers.back();
  auto commands = scheduleRegion(target, layers, plansOf(layers));
  if (!commands)
    return commands.error();
  return runCommands(device, target, constants, arena.bytes(), layers.back(), *commands);
}

} // namespace tessera::compiler::npu::test
