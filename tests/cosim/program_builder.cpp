#include "program_builder.h"

#include <algorithm>

#include "dram_map.h"

namespace tessera::cosim {

ProgramBuilder::ProgramBuilder(const isa::MachineConfig &machine, Random &random, Context context)
    : machine_(machine), random_(random), context_(std::move(context)), dram_(kDramBytes) {
  context_.geometry = {};
  context_.exitMode = isa::ExitMode::None;
  const uint32_t align = std::max(machine.busBytes(), 16u);
  const auto base = [&] { return random_.chance(40) ? 0 : random_.below(kDataBegin / align) * align; };
  registers_.bases.uop = base();
  registers_.bases.inp = base();
  registers_.bases.wgt = base();
  registers_.bases.acc = base();
  registers_.bases.out = base();
  registers_.bases.par = base();
  registers_.insnAddress = kProgramBegin + random_.below(256) * align;
}

void ProgramBuilder::hostWrite(uint32_t address, std::vector<uint8_t> bytes) {
  std::copy(bytes.begin(), bytes.end(), dram_.begin() + address);
  writes_.push_back({address, std::move(bytes)});
}

void ProgramBuilder::randomFlags(isa::Instruction &instruction) {
  isa::Dependencies &flags = dependenciesOf(instruction);
  const Module module = moduleOf(instruction);
  const auto pop = [&](Channel c) { return tracker_.tokens(c) > 0 && random_.chance(35); };
  const auto push = [&](Channel c) {
    const uint32_t ahead = tracker_.tokens(c);
    return ahead < 12 && random_.chance(ahead < 4 ? 25 : 5);
  };
  flags = {};
  switch (module) {
  case Module::Load:
    flags.popNext = pop(Channel::ComputeToLoad);
    flags.pushNext = push(Channel::LoadToCompute);
    // Flags that name a neighbour that does not exist are ignored.
    flags.popPrev = random_.chance(3);
    flags.pushPrev = random_.chance(3);
    break;
  case Module::Compute:
    flags.popPrev = pop(Channel::LoadToCompute);
    flags.popNext = pop(Channel::StoreToCompute);
    flags.pushPrev = push(Channel::ComputeToLoad);
    flags.pushNext = push(Channel::ComputeToStore);
    break;
  case Module::Store:
    flags.popPrev = pop(Channel::ComputeToStore);
    flags.pushPrev = push(Channel::StoreToCompute);
    flags.popNext = random_.chance(3);
    flags.pushNext = random_.chance(3);
    break;
  }
}

void ProgramBuilder::append(isa::Instruction instruction, AccessSet accesses) {
  advance(machine_, registers_, dram_, context_, instruction);
  tracker_.append(instruction, std::move(accesses));
  instructions_.push_back(std::move(instruction));
}

void ProgramBuilder::sync(Module module, bool popPrev, bool popNext, bool pushPrev, bool pushNext) {
  isa::Instruction instruction;
  if (module == Module::Load) {
    isa::Load load;
    load.memoryType = random_.pick({isa::MemoryType::Inp, isa::MemoryType::Wgt});
    load.ySize = random_.below(3);
    load.sramBase = random_.below(65536);
    instruction = load;
  } else if (module == Module::Store) {
    isa::Store store;
    store.memoryType = isa::MemoryType::Out;
    store.xSize = random_.below(3);
    store.dramBase = random_.word();
    instruction = store;
  } else if (random_.chance(50)) {
    isa::Gemm gemm;
    gemm.uopBgn = random_.below(machine_.uopDepth);
    gemm.uopEnd = gemm.uopBgn;
    gemm.iterIn = random_.below(3);
    instruction = gemm;
  } else {
    isa::Alu alu;
    alu.uopEnd = random_.below(machine_.uopDepth);
    alu.iterOut = random_.below(3);
    alu.useImm = random_.below(2);
    instruction = alu;
  }
  dependenciesOf(instruction) = {popPrev, popNext, pushPrev, pushNext};
  append(std::move(instruction), {});
}

void ProgramBuilder::drain(Channel channel) {
  while (tracker_.tokens(channel))
    switch (channel) {
    case Channel::LoadToCompute:
      sync(Module::Compute, true, false, false, false);
      break;
    case Channel::StoreToCompute:
      sync(Module::Compute, false, true, false, false);
      break;
    case Channel::ComputeToLoad:
      sync(Module::Load, false, true, false, false);
      break;
    case Channel::ComputeToStore:
      sync(Module::Store, true, false, false, false);
      break;
    }
}

void ProgramBuilder::pass(Channel channel) {
  switch (channel) {
  case Channel::LoadToCompute:
    sync(Module::Load, false, false, false, true);
    break;
  case Channel::StoreToCompute:
    sync(Module::Store, false, false, true, false);
    break;
  case Channel::ComputeToLoad:
    sync(Module::Compute, false, false, true, false);
    break;
  case Channel::ComputeToStore:
    sync(Module::Compute, false, false, false, true);
    break;
  }
  drain(channel);
}

void ProgramBuilder::order(const isa::Instruction &instruction, const AccessSet &accesses) {
  const auto through = [&](std::initializer_list<Channel> channels) {
    if (!tracker_.raceFree(instruction, accesses))
      for (Channel c : channels)
        pass(c);
  };
  switch (moduleOf(instruction)) {
  case Module::Load:
    through({Channel::ComputeToLoad});
    through({Channel::StoreToCompute, Channel::ComputeToLoad});
    break;
  case Module::Compute:
    through({Channel::LoadToCompute});
    through({Channel::StoreToCompute});
    break;
  case Module::Store:
    through({Channel::ComputeToStore});
    through({Channel::LoadToCompute, Channel::ComputeToStore});
    break;
  }
}

bool ProgramBuilder::emit(isa::Instruction instruction, uint64_t mostSteps) {
  Effects effects = effectsOf(machine_, registers_, kDramBytes, context_, instruction);
  if (effects.error != isa::ErrorCode::None || effects.steps > std::min(mostSteps, kMostSteps))
    return false;
  randomFlags(instruction);
  const auto fits = [&] { return tracker_.raceFree(instruction, effects.accesses); };
  if (!fits()) { // take every token that is there
    isa::Dependencies &flags = dependenciesOf(instruction);
    const Module module = moduleOf(instruction);
    if (module == Module::Load)
      flags.popNext = tracker_.tokens(Channel::ComputeToLoad) > 0;
    if (module == Module::Store)
      flags.popPrev = tracker_.tokens(Channel::ComputeToStore) > 0;
    if (module == Module::Compute) {
      flags.popPrev = tracker_.tokens(Channel::LoadToCompute) > 0;
      flags.popNext = tracker_.tokens(Channel::StoreToCompute) > 0;
    }
  }
  if (!fits()) {
    if (auto *reduce = std::get_if<isa::Reduce>(&instruction))
      reduce->overlap = 0;
    if (auto *vec = std::get_if<isa::Vec>(&instruction))
      vec->overlap = 0;
  }
  if (!fits() && random_.chance(70)) {
    dependenciesOf(instruction).popPrev = dependenciesOf(instruction).popNext = false;
    order(instruction, effects.accesses);
  }
  if (!fits())
    return false;
  append(std::move(instruction), std::move(effects.accesses));
  return true;
}

void ProgramBuilder::barrier() {
  pass(Channel::LoadToCompute);
  pass(Channel::StoreToCompute);
  pass(Channel::ComputeToLoad);
  pass(Channel::ComputeToStore);
}

void ProgramBuilder::shuffle() {
  // An instruction moves at most kPasses places: nearer than the core's queues are deep, even against one that moves towards it.
  constexpr uint32_t kPasses = 6;
  for (uint32_t n = random_.below(kPasses + 1); n > 0; --n)
    for (size_t i = 0; i + 1 < instructions_.size(); ++i)
      if (moduleOf(instructions_[i]) != moduleOf(instructions_[i + 1]) && random_.chance(50)) {
        std::swap(instructions_[i], instructions_[i + 1]);
        ++i;
      }
}

ProgramCase ProgramBuilder::take(bool finish) {
  if (finish) {
    isa::Finish last;
    last.dependencies.popPrev = tracker_.tokens(Channel::LoadToCompute) > 0 && random_.chance(50);
    last.dependencies.popNext = tracker_.tokens(Channel::StoreToCompute) > 0 && random_.chance(50);
    last.dependencies.pushPrev = random_.chance(10);
    last.dependencies.pushNext = random_.chance(10);
    instructions_.push_back(last);
  }
  const isa::Layout layout(machine_);
  ProgramCase program;
  for (const isa::Instruction &x : instructions_)
    program.words.push_back(layout.encode(x));
  // Instructions after FINISH are never fetched.
  if (finish && random_.chance(20))
    for (uint32_t n = random_.range(1, 4); n > 0; --n)
      program.words.push_back({random_.next(), random_.next()});
  program.registers = registers_;
  program.registers.insnCount = static_cast<uint32_t>(program.words.size());
  program.writes = std::move(writes_);
  return program;
}

} // namespace tessera::cosim
