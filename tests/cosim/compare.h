// Runs a session on two models and says where they differ.
#ifndef TESSERA_COSIM_COMPARE_H
#define TESSERA_COSIM_COMPARE_H

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session.h"

namespace tessera::cosim {

/// A core from power-up. run() launches one program on the DRAM given, and leaves the DRAM as the program did.
class Model {
public:
  virtual ~Model() = default;
  struct Outcome {
    isa::ErrorCode code = isa::ErrorCode::None;
    uint32_t index = 0;
    std::string trouble; ///< it hung or an assertion failed; the rest is then meaningless
    uint64_t cycles = 0;
  };
  virtual Outcome run(const simulator::LaunchRegisters &registers, std::vector<uint8_t> &dram) = 0;
  /// The cycle count at a mark of the last launch, 0 where it was not set; nothing where the model has no cycles.
  virtual std::optional<uint32_t> mark(uint32_t) { return std::nullopt; }

  /// What is wrong with the classes of the cycles up to a mark that is set; empty where nothing is, or the model has none.
  virtual std::string classTrouble(uint32_t) { return {}; }
};

/// Makes a model for a session; fails where there is none for the machine.
using ModelMaker =
    std::function<isa::Expected<std::unique_ptr<Model>>(const isa::MachineConfig &, const Session &)>;

isa::Expected<std::unique_ptr<Model>> makeFunctional(const isa::MachineConfig &, const Session &);
/// The functional model with its portable kernels.
isa::Expected<std::unique_ptr<Model>> makePortable(const isa::MachineConfig &, const Session &);
isa::Expected<std::unique_ptr<Model>> makeReference(const isa::MachineConfig &, const Session &);

struct Difference {
  size_t program = 0; ///< of the session
  std::string text;
};

struct Comparison {
  std::optional<Difference> difference;
  std::vector<Model::Outcome> outcomes; ///< of the first model, up to the difference
  uint64_t cycles = 0;                  ///< of the second model
};

/// Both models see the same DRAM at every launch. After an error, what stores of the failing instruction and of later ones
/// may have written is left out of the comparison.
isa::Expected<Comparison> compare(const isa::MachineConfig &machine, const Session &session,
                                  const ModelMaker &first, const ModelMaker &second);

} // namespace tessera::cosim

#endif
