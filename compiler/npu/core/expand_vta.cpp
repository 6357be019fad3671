#include "expand_vta.h"

#include "shift_exit.h"

#include <algorithm>

namespace tessera::compiler::npu {
namespace {

class Expander {
public:
  Expander(const Target &target, std::vector<Command> &out) : target_(target), out_(out) {}

  void add(Command c) {
    if (c.kind == Command::Kind::Load && c.memory == MemoryType::Par) {
      c.memory = MemoryType::Acc;
      c.sramBase += target_.biasBase();
      out_.push_back(c);
    } else if (c.kind == Command::Kind::Reduce) {
      reduce(c);
    } else if (c.kind == Command::Kind::Store) {
      waiting_.push_back(c);
    } else {
      out_.push_back(c);
    }
  }

  // What still waits for a GEMM to run beside.
  void flush() {
    out_.insert(out_.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
  }

private:
  // The loops over results of a kernel, or those over its reduction.
  static std::vector<Kernel::Loop> loopsOf(const Kernel &kernel, bool reduction) {
    auto middle = kernel.loops.end() - std::ptrdiff_t(kernel.reduceLoops);
    return reduction ? std::vector<Kernel::Loop>(middle, kernel.loops.end())
                     : std::vector<Kernel::Loop>(kernel.loops.begin(), middle);
  }

  // A loop nest over results alone; sources move as `move` says.
  template <class Move> static Kernel over(const std::vector<Kernel::Loop> &loops, Move move) {
    Kernel kernel;
    for (const Kernel::Loop &loop : loops)
      kernel.loops.push_back({loop.extent, loop.dst, move(loop), 0});
    return kernel;
  }

  void gemm(const Kernel &kernel, bool reset, uint32_t dst, uint32_t src, uint32_t wgt) {
    Command c;
    c.kind = Command::Kind::Gemm;
    c.kernel = kernel;
    c.reset = reset;
    c.dstBase = dst, c.srcBase = src, c.wgtBase = wgt;
    out_.push_back(c);
    running_ = !reset;
  }

  void reduce(const Command &c) {
    std::vector<Kernel::Loop> loops = loopsOf(c.kernel, false);
    Kernel results = over(loops, [](const Kernel::Loop &loop) { return loop.dst; });
    if (collides(results, c.dstBase))
      flush();
    if (c.op == uint32_t(isa::ReduceOp::Max)) {
      maximum(c, loops, results);
    } else {
      if (c.init != isa::ReduceInit::Acc)
        clear(results, c.dstBase);
      if (c.init == isa::ReduceInit::Bias) {
        Kernel bias = over(loops, [](const Kernel::Loop &) { return 0u; });
        out_.push_back(aluTensor(isa::AluOpcode::Add, bias, c.dstBase, target_.biasBase() + c.par));
      }
      gemm(c.kernel, false, c.dstBase, c.srcBase, c.wgtBase);
    }
    flush();
    if (c.destination == isa::Destination::Out)
      waiting_ = exitCommands(target_, c.exit, results, c.dstBase);
  }

  // Whether what waits has to do with results there.
  bool collides(const Kernel &results, uint32_t base) const {
    const Accesses here = accessesOf(target_, aluImmediate(isa::AluOpcode::Max, results, base, 0));
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [&](const Command &command) { return conflict(accessesOf(target_, command), here); });
  }

  // To zero: by the array where it is idle, else by the vector unit beside it.
  void clear(const Kernel &results, uint32_t base) {
    if (!running_)
      return gemm(results, true, base, 0, 0);
    setResults(out_, results, base, 0);
  }

  // Each tap comes from INP through the diagonal: the first straight into the result, the others beside it, to be compared.
  void maximum(const Command &c, const std::vector<Kernel::Loop> &loops, const Kernel &results) {
    std::vector<uint32_t> taps{0};
    for (const Kernel::Loop &loop : loopsOf(c.kernel, true)) {
      std::vector<uint32_t> more;
      for (uint32_t tap : taps)
        for (uint32_t i = 0; i < loop.extent; ++i)
          more.push_back(tap + i * loop.src);
      taps = std::move(more);
    }
    Kernel carry{loops, 0};
    if (target_.inputsPerOutput() > 1)
      carry.loops.push_back({target_.inputsPerOutput(), 0, 1, 1}), carry.reduceLoops = 1;
    for (uint32_t tap : taps) {
      uint32_t to = tap == taps.front() ? c.dstBase : target_.temporaryBase();
      gemm(results, true, to, 0, 0);
      gemm(carry, false, to, c.srcBase + tap, c.wgtBase);
      if (to != c.dstBase)
        out_.push_back(aluTensor(isa::AluOpcode::Max, results, c.dstBase, to));
    }
  }

  const Target &target_;
  std::vector<Command> &out_;
  std::vector<Command> waiting_; // in their order, behind the next GEMM
  bool running_ = false;         // the array has had something to do
};

} // namespace

void expandForVta(const Target &target, size_t first, std::vector<Command> &commands) {
  std::vector<Command> made(commands.begin() + std::ptrdiff_t(first), commands.end());
  commands.resize(first);
  Expander expander(target, commands);
  for (Command &command : made)
    expander.add(std::move(command));
  expander.flush();
}

} // namespace tessera::compiler::npu
