#include "tessera/isa/modules.h"

namespace tessera::isa {
namespace {

constexpr uint8_t bit(TokenQueue queue) { return static_cast<uint8_t>(1u << static_cast<uint32_t>(queue)); }

/// The queues of a module's flags, in the order pop_prev, pop_next, push_prev, push_next.
constexpr uint8_t kFlagQueues[kModuleCount][4] = {
    {0, bit(TokenQueue::ComputeToLoad), 0, bit(TokenQueue::LoadToCompute)},
    {bit(TokenQueue::LoadToCompute), bit(TokenQueue::StoreToCompute), bit(TokenQueue::ComputeToLoad),
     bit(TokenQueue::ComputeToStore)},
    {bit(TokenQueue::ComputeToStore), 0, bit(TokenQueue::StoreToCompute), 0}};

} // namespace

const char *moduleName(Module module) {
  constexpr const char *kNames[kModuleCount] = {"load", "compute", "store"};
  return kNames[static_cast<size_t>(module)];
}

const char *tokenQueueName(TokenQueue queue) {
  constexpr const char *kNames[kTokenQueueCount] = {"load to compute", "compute to load", "compute to store",
                                                    "store to compute"};
  return kNames[static_cast<size_t>(queue)];
}

Module moduleOf(const Instruction &instruction) {
  if (const auto *load = std::get_if<Load>(&instruction)) {
    bool toCompute = load->memoryType == MemoryType::Uop || load->memoryType == MemoryType::Acc ||
                     load->memoryType == MemoryType::Acc8bit;
    return toCompute && !load->viaLoad ? Module::Compute : Module::Load;
  }
  if (std::holds_alternative<SetPad>(instruction))
    return Module::Load;
  return std::holds_alternative<Store>(instruction) ? Module::Store : Module::Compute;
}

TokenUse tokenUse(Module module, const Dependencies &d) {
  const auto &queues = kFlagQueues[static_cast<size_t>(module)];
  return {static_cast<uint8_t>((d.popPrev ? queues[0] : 0) | (d.popNext ? queues[1] : 0)),
          static_cast<uint8_t>((d.pushPrev ? queues[2] : 0) | (d.pushNext ? queues[3] : 0))};
}

const Dependencies &dependenciesOf(const Instruction &instruction) {
  return std::visit([](const auto &x) -> const Dependencies & { return x.dependencies; }, instruction);
}

} // namespace tessera::isa
