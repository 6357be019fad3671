// A core under test: the model library of the data movers (with the stand-in for compute), its DRAM and its registers.
#pragma once

#include "cycle_abi.h"

#include "tessera/isa/encoding.h"
#include "tessera/isa/machine.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace tessera::test {

struct Ending {
  uint32_t result = 0; // kTsrCycle...
  uint32_t control = 0, code = 0, index = 0;
  uint64_t cycles = 0;
};

class CoreHarness {
public:
  CoreHarness(const std::string &library, const std::string &machine, const std::string &memory,
              std::size_t dramBytes = std::size_t{16} << 20)
      : dram(dramBytes), machine_(*isa::loadMachine(machine)), layout_(machine_) {
    const char *mutant = std::getenv("TSR_DMA_LIBRARY"); // axi_mutants.py puts its own in the place
    void *handle = dlopen(mutant ? mutant : library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      ADD_FAILURE() << dlerror();
      return;
    }
    api = reinterpret_cast<const TsrCycleApi *(*)()>(dlsym(handle, "tsr_cycle_api"))();
    char message[256] = "";
    model = api->create(dram.data(), dram.size(), memory.c_str(), message, sizeof message);
    if (!model)
      ADD_FAILURE() << message;
  }
  ~CoreHarness() {
    if (model)
      api->destroy(model);
  }
  CoreHarness(const CoreHarness &) = delete;
  CoreHarness &operator=(const CoreHarness &) = delete;

  const isa::MachineConfig &machine() const { return machine_; }
  uint32_t read(uint32_t offset) { return api->readRegister(model, offset); }
  void write(uint32_t offset, uint32_t value) { api->writeRegister(model, offset, value); }

  /// Puts the program at kProgram and sets the registers; `count` other than the program's length if given.
  void program(const std::vector<isa::Instruction> &instructions, uint32_t count = ~0u,
               uint32_t at = kProgram) {
    for (std::size_t k = 0; k < instructions.size(); ++k) {
      isa::Word128 word = layout_.encode(instructions[k]);
      std::memcpy(&dram[at + 16 * k], &word, 16);
    }
    write(isa::reg::kInsnAddress, at);
    write(isa::reg::kInsnCount, count == ~0u ? static_cast<uint32_t>(instructions.size()) : count);
  }

  Ending launch(uint64_t maxCycles = 2'000'000) {
    write(isa::reg::kControl, 1);
    Ending ending;
    ending.result = api->run(model, maxCycles);
    ending.control = read(isa::reg::kControl);
    ending.code = read(isa::reg::kErrorCode);
    ending.index = read(isa::reg::kErrorIndex);
    ending.cycles = read(isa::reg::kCycleCount);
    EXPECT_NE(ending.result, uint32_t{kTsrCycleAssertion}) << api->message(model);
    return ending;
  }

  static constexpr uint32_t kProgram = 0x10000;

  std::vector<uint8_t> dram;
  const TsrCycleApi *api = nullptr;
  void *model = nullptr;

private:
  isa::MachineConfig machine_;
  isa::Layout layout_;
};

} // namespace tessera::test
