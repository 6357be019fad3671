// A chain of convolutions as a program, the way the compiler would write one: what the functional model is measured with.
#ifndef TESSERA_BENCH_CONVOLUTION_PROGRAM_H
#define TESSERA_BENCH_CONVOLUTION_PROGRAM_H

#include <cstdint>
#include <vector>

#include "tessera/isa/encoding.h"
#include "tessera/isa/machine.h"
#include "tessera/simulator/functional_core.h"

namespace tessera::bench {

/// Square image of `size`, padded so that the output has size / stride; channels are whole blocks on the machine.
struct Convolution {
  uint32_t size, inputs, outputs, kernel, stride;
};

struct Workload {
  std::vector<uint8_t> dram;
  simulator::LaunchRegisters registers;
  uint64_t macs = 0; ///< with the machine's blocks filled
};

/// Each layer loads its input, its channel parameters and weights block by block, reduces with requantisation and stores.
/// The machine has R = 1 and a batch of 1.
Workload makeWorkload(const isa::MachineConfig &machine, const std::vector<Convolution> &layers);

/// The convolutions of MLPerf Tiny's image classifier (ResNet-8 on 32x32 pictures), 12.5 M multiply-accumulates before padding
/// of the first layer's channels.
std::vector<Convolution> imageClassifier();

} // namespace tessera::bench

#endif
