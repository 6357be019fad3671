// The program checker: every kind of fault with its message, and its speed.
#include "tessera/isa/checker.h"

#include <gtest/gtest.h>

#include <chrono>

using namespace tessera::isa;

namespace {

constexpr uint32_t kUopBase = 0x1000; ///< where the fake DRAM holds micro-ops, bytes

class CheckerTest : public testing::Test {
protected:
  MachineConfig machine = *loadMachine("pynq");
  std::vector<Instruction> program;
  std::vector<MicroOp> microOps{{0, 0, 0}};
  uint64_t dramBytes = 1 << 20;
  std::vector<uint32_t> uopMemory;

  static Load loadOf(MemoryType type, uint32_t sramBase, uint32_t dramBase, uint32_t ySize, uint32_t xSize,
                     uint32_t xStride) {
    Load load;
    load.memoryType = type;
    load.sramBase = sramBase, load.dramBase = dramBase, load.ySize = ySize, load.xSize = xSize,
    load.xStride = xStride;
    return load;
  }
  void addMicroOps() {
    auto count = static_cast<uint32_t>(microOps.size());
    program.push_back(loadOf(MemoryType::Uop, 0, kUopBase / 4, 1, count, count));
  }
  static Gemm gemmOf(uint32_t uopEnd, uint32_t iterOut, uint32_t iterIn) {
    Gemm gemm;
    gemm.uopEnd = uopEnd, gemm.iterOut = iterOut, gemm.iterIn = iterIn;
    return gemm;
  }
  static Store storeOf(uint32_t sramBase, uint32_t dramBase, uint32_t ySize, uint32_t xSize,
                       uint32_t xStride) {
    Store store;
    store.memoryType = MemoryType::Out;
    store.sramBase = sramBase, store.dramBase = dramBase, store.ySize = ySize, store.xSize = xSize,
    store.xStride = xStride;
    return store;
  }
  template <class T> static T with(T x, Dependencies dependencies) {
    x.dependencies = dependencies;
    return x;
  }

  Expected<void> check() {
    Layout layout(machine);
    std::vector<Word128> words;
    for (const Instruction &instruction : program)
      words.push_back(layout.encode(instruction));
    CheckContext context;
    context.dramBytes = dramBytes;
    context.uopMemory = uopMemory;
    context.readWords = [&](uint64_t address, std::span<uint32_t> into) {
      for (size_t i = 0; i < into.size(); ++i) {
        size_t element = (address - kUopBase) / 4 + i;
        into[i] = element < microOps.size() ? layout.encodeMicroOp(microOps[element]) : 0;
      }
      return address >= kUopBase;
    };
    return checkProgram(machine, words, context);
  }
  /// The message after FINISH is appended; "" where the program passes.
  std::string message() {
    program.push_back(Finish{});
    Expected<void> result = check();
    return result ? "" : result.error().message;
  }
};

constexpr Dependencies kPopPrev{true, false, false, false}, kPopNext{false, true, false, false},
    kPushPrev{false, false, true, false}, kPushNext{false, false, false, true};

} // namespace

TEST_F(CheckerTest, AWholeProgramPassesOnEveryMachine) {
  for (const std::string &name : machineNames()) {
    machine = *loadMachine(name);
    program.clear();
    addMicroOps();
    program.push_back(with(loadOf(MemoryType::Inp, 0, 0, 1, 8, 8), {}));
    program.push_back(with(loadOf(MemoryType::Wgt, 0, 0, 1, 1, 1), kPushNext));
    program.push_back(with(gemmOf(1, 1, 8), {true, false, true, true}));
    program.push_back(with(storeOf(0, 0x100, 1, 8, 8), {true, false, true, false}));
    program.push_back(with(loadOf(MemoryType::Inp, 8, 0, 1, 8, 8), kPopNext));
    program.push_back(with(gemmOf(0, 0, 0), kPopNext));
    EXPECT_EQ(message(), "") << name;
  }
}

TEST_F(CheckerTest, FinishIsThereAndLast) {
  EXPECT_EQ(check().error().message, "program of 0 instructions does not end with finish");
  program = {Gemm{}};
  EXPECT_EQ(check().error().message, "program of 1 instructions does not end with finish");
  EXPECT_EQ(check().error().code, static_cast<uint32_t>(ErrorCode::NoFinish));
  program = {Gemm{}, Finish{}, Gemm{}};
  EXPECT_EQ(check().error().message, "finish is not the last of 3 instructions (instruction 1)");
}

TEST_F(CheckerTest, LoadsStayInTheirScratchpad) {
  program = {loadOf(MemoryType::Inp, 0, 0, 1, 3000, 0)};
  EXPECT_EQ(message(), "load x_size 3000 exceeds inp depth 2048 (instruction 0)");
  program = {Gemm{}, loadOf(MemoryType::Inp, 2000, 0, 7, 7, 7)};
  EXPECT_EQ(
      message(),
      "load of 7 rows of 7 elements to inp element 2000 ends at 2049 beyond depth 2048 (instruction 1)");
  EXPECT_EQ(check().error().code, static_cast<uint32_t>(ErrorCode::SramBounds));
  EXPECT_EQ(check().error().index, 1u);
  program = {loadOf(MemoryType::Inp, 1999, 0, 7, 7, 7)};
  EXPECT_EQ(message(), "");
  Load padded = loadOf(MemoryType::Acc8bit, 2048 - 7 * 10, 0, 4, 7, 7);
  padded.yPad0 = 1, padded.yPad1 = 2, padded.xPad0 = 1, padded.xPad1 = 2;
  program = {padded};
  EXPECT_EQ(message(), "");
  ++padded.xPad1;
  program = {padded};
  EXPECT_EQ(message(), "load of 7 rows of 11 elements to acc_8bit element 1978 ends at 2055 beyond depth "
                       "2048 (instruction 0)");
  padded.ySize = 0; // moves nothing, not even padding
  program = {padded};
  EXPECT_EQ(message(), "");
}

TEST_F(CheckerTest, LoadsAndStoresStayInDram) {
  dramBytes = 1000 * 16;
  program = {loadOf(MemoryType::Inp, 0, 900, 11, 10, 9)};
  EXPECT_EQ(message(), "");
  program = {loadOf(MemoryType::Inp, 0, 901, 11, 10, 9)};
  EXPECT_EQ(message(), "load of inp ends at DRAM byte 16016 of 16000 (instruction 0)");
  EXPECT_EQ(check().error().code, static_cast<uint32_t>(ErrorCode::DramFault));
  program = {loadOf(MemoryType::Acc, 0, 250, 1, 1, 0)};
  EXPECT_EQ(message(), "load of acc ends at DRAM byte 16064 of 16000 (instruction 0)");
  program = {storeOf(0, 991, 1, 10, 10)};
  EXPECT_EQ(message(), "store of out ends at DRAM byte 16016 of 16000 (instruction 0)");
  dramBytes = uint64_t{1} << 40;
  program = {loadOf(MemoryType::Wgt, 0, 0xffffffff, 1, 1, 1)};
  EXPECT_EQ(message(), "load of wgt ends at DRAM byte 1099511627776 of 4294967296 (instruction 0)");
}

TEST_F(CheckerTest, StoresStayInOut) {
  program = {storeOf(2040, 0, 3, 3, 3)};
  EXPECT_EQ(
      message(),
      "store of 3 rows of 3 elements from out element 2040 ends at 2049 beyond depth 2048 (instruction 0)");
  program = {storeOf(2039, 0, 3, 3, 3)};
  EXPECT_EQ(message(), "");
}

TEST_F(CheckerTest, BasePointersCountAndAreAligned) {
  Word128 words[] = {Layout(machine).encode(loadOf(MemoryType::Inp, 0, 0, 1, 1, 1)),
                     Layout(machine).encode(Finish{})};
  CheckContext context;
  context.dramBytes = 1024;
  context.bases.inp = 1008;
  EXPECT_TRUE(checkProgram(machine, words, context));
  context.bases.inp = 1016;
  EXPECT_EQ(checkProgram(machine, words, context).error().message,
            "load of inp ends at DRAM byte 1032 of 1024 (instruction 0)");
  context.bases.inp = 1012;
  EXPECT_EQ(checkProgram(machine, words, context).error().message,
            "base pointer of inp 1012 is not a multiple of the bus width of 8 bytes");
}

TEST_F(CheckerTest, GemmIndicesAreAffineMaxima) {
  microOps = {{3, 0, 0}, {0, 5, 0}, {0, 0, 7}};
  auto with3 = [&](uint32_t Gemm::*member, uint32_t value) {
    program.clear();
    addMicroOps();
    Gemm gemm = gemmOf(3, 3, 2);
    gemm.*member = value;
    program.push_back(gemm);
    return message();
  };
  EXPECT_EQ(with3(&Gemm::dstFactorOut, 1022), "");
  EXPECT_EQ(with3(&Gemm::dstFactorOut, 1023),
            "gemm destination reaches acc element 2049 of a depth of 2048 (instruction 1)");
  EXPECT_EQ(with3(&Gemm::dstFactorIn, 2044), "");
  EXPECT_EQ(with3(&Gemm::dstFactorIn, 2045),
            "gemm destination reaches acc element 2048 of a depth of 2048 (instruction 1)");
  EXPECT_EQ(with3(&Gemm::srcFactorOut, 1021), "");
  EXPECT_EQ(with3(&Gemm::srcFactorOut, 1022),
            "gemm source reaches inp element 2049 of a depth of 2048 (instruction 1)");
  EXPECT_EQ(with3(&Gemm::srcFactorIn, 2043),
            "gemm source reaches inp element 2048 of a depth of 2048 (instruction 1)");
  EXPECT_EQ(with3(&Gemm::wgtFactorOut, 509),
            "gemm weight reaches wgt element 1025 of a depth of 1024 (instruction 1)");
  EXPECT_EQ(with3(&Gemm::wgtFactorIn, 1017),
            "gemm weight reaches wgt element 1024 of a depth of 1024 (instruction 1)");
}

TEST_F(CheckerTest, OnlyWhatIsTouchedIsChecked) {
  microOps = {{0, 2047, 1023}};
  addMicroOps();
  Gemm reset = gemmOf(1, 1, 2);
  reset.reset = 1, reset.srcFactorIn = 1, reset.wgtFactorIn = 1;
  program.push_back(reset);
  Gemm nothing = gemmOf(1, 0, 5);
  nothing.dstFactorOut = 2047;
  program.push_back(nothing);
  program.push_back(gemmOf(0, 100, 100)); // empty range past nothing
  EXPECT_EQ(message(), "");
}

TEST_F(CheckerTest, AluChecksBothIndices) {
  microOps = {{1, 2, 0}};
  Alu alu;
  alu.uopEnd = 1, alu.iterOut = 2, alu.iterIn = 1;
  alu.srcFactorOut = 2046;
  addMicroOps();
  program.push_back(alu);
  EXPECT_EQ(message(), "alu source reaches acc element 2048 of a depth of 2048 (instruction 1)");
  program.clear();
  addMicroOps();
  alu.srcFactorOut = 0, alu.dstFactorOut = 2047;
  program.push_back(alu);
  EXPECT_EQ(message(), "alu destination reaches acc element 2048 of a depth of 2048 (instruction 1)");
}

TEST_F(CheckerTest, MicroOpsAreFollowed) {
  program = {gemmOf(1, 1, 1)};
  EXPECT_EQ(message(), "gemm uses micro-op 0, which nothing has loaded (instruction 0)");
  uopMemory = {0};
  program = {gemmOf(1, 1, 1)};
  EXPECT_EQ(message(), "");
  program = {gemmOf(8193, 1, 1)};
  EXPECT_EQ(message(), "gemm uop_end 8193 exceeds uop depth 8192 (instruction 0)");
  // Overwriting changes what later instructions see, in every block of the memory.
  uopMemory.clear();
  program.clear();
  microOps.assign(1000, {0, 0, 0});
  microOps[700] = {2047, 0, 0};
  addMicroOps();
  Gemm gemm = gemmOf(1000, 1, 2);
  gemm.dstFactorIn = 1;
  Load overwrite = loadOf(MemoryType::Uop, 700, kUopBase / 4, 1, 1, 1);
  program.push_back(gemmOf(1000, 1, 2));
  program.push_back(overwrite);
  program.push_back(gemm);
  EXPECT_EQ(message(), "");
  program.pop_back();
  program.push_back(loadOf(MemoryType::Uop, 900, kUopBase / 4 + 700, 1, 1, 1));
  program.push_back(gemm);
  EXPECT_EQ(message(), "gemm destination reaches acc element 2048 of a depth of 2048 (instruction 5)");
}

TEST_F(CheckerTest, PaddingOfMicroOpsIsZero) {
  microOps = {{2047, 0, 0}, {2046, 0, 0}};
  Load load = loadOf(MemoryType::Uop, 0, kUopBase / 4, 2, 1, 1);
  load.yPad0 = load.xPad0 = load.xPad1 = load.yPad1 = 1;
  Gemm gemm = gemmOf(4, 1, 2); // one row of padding, and the first of the next row
  gemm.dstFactorIn = 2047;
  program = {load, gemm};
  EXPECT_EQ(message(), "");
  gemm.uopEnd = 5;
  program = {load, gemm};
  EXPECT_EQ(message(), "gemm destination reaches acc element 4094 of a depth of 2048 (instruction 1)");
  gemm.uopBgn = 7, gemm.uopEnd = 8, gemm.dstFactorIn = 2;
  program = {load, gemm};
  EXPECT_EQ(message(), "gemm destination reaches acc element 2048 of a depth of 2048 (instruction 1)");
  gemm.uopBgn = 8, gemm.uopEnd = 12, gemm.dstFactorIn = 2047;
  program = {load, gemm};
  EXPECT_EQ(message(), "");
  gemm.uopEnd = 13;
  program = {load, gemm};
  EXPECT_EQ(message(), "gemm uses micro-op 12, which nothing has loaded (instruction 1)");
}

TEST_F(CheckerTest, ReduceChecksBasesTapsAndDestinations) {
  machine = *loadMachine("ultra96"); // two INP elements an output element
  microOps = {{1, 3, 5}};
  SetGeometry geometry;
  geometry.dstFactorOut = 10, geometry.srcFactorIn = 4, geometry.wgtFactorOut = 2;
  auto run = [&](Reduce reduce, ExitMode mode = ExitMode::None) {
    program.clear();
    addMicroOps();
    SetExit exit;
    exit.mode = mode;
    program.push_back(geometry);
    program.push_back(exit);
    reduce.uopEnd = 1, reduce.iterOut = 3, reduce.iterIn = 2;
    program.push_back(reduce);
    return message();
  };
  Reduce base;
  base.destination = Destination::Acc;
  auto changed = [&](auto change) {
    Reduce reduce = base;
    change(reduce);
    return reduce;
  };
  EXPECT_EQ(run(base), "");
  EXPECT_EQ(run(changed([](Reduce &r) { r.dstBase = 2026; })), "");
  EXPECT_EQ(run(changed([](Reduce &r) { r.dstBase = 2027; })),
            "reduce destination reaches acc element 2048 of a depth of 2048 (instruction 3)");
  EXPECT_EQ(run(changed([](Reduce &r) { r.srcBase = 2040; })), "");
  EXPECT_EQ(run(changed([](Reduce &r) { r.srcBase = 2041; })),
            "reduce source reaches inp element 2048 of a depth of 2048 (instruction 3)");
  EXPECT_EQ(run(changed([](Reduce &r) { r.wgtBase = 503; })),
            "reduce weight reaches wgt element 512 of a depth of 512 (instruction 3)");
  // taps of pairs of elements: 7 + 2040 - ... + 4 * 2 - 1
  EXPECT_EQ(run(changed([](Reduce &r) { r.op = ReduceOp::Depthwise, r.taps = 3, r.srcBase = 2033; })), "");
  EXPECT_EQ(run(changed([](Reduce &r) { r.op = ReduceOp::Depthwise, r.taps = 3, r.srcBase = 2034; })),
            "reduce source reaches inp element 2048 of a depth of 2048 (instruction 3)");
  EXPECT_EQ(run(changed([](Reduce &r) { r.op = ReduceOp::Max, r.wgtBase = 511; })), ""); // no weights
  EXPECT_EQ(run(changed([](Reduce &r) { r.destination = Destination::Inp, r.dstBase = 1002; })), "");
  EXPECT_EQ(run(changed([](Reduce &r) { r.destination = Destination::Inp, r.dstBase = 1003; })),
            "reduce destination reaches inp element 2049 of a depth of 2048 (instruction 3)");
  // an initial value from ACC is read at the destination index, wherever the result goes
  machine.accDepth = 512;
  EXPECT_EQ(run(changed([](Reduce &r) {
              r.destination = Destination::Inp, r.init = ReduceInit::Acc, r.dstBase = 500;
            })),
            "reduce initial value reaches acc element 521 of a depth of 512 (instruction 3)");
}

TEST_F(CheckerTest, ParIsCheckedWhereItIsRead) {
  machine.parDepth = 48;
  microOps = {{0, 0, 0}};
  auto run = [&](Instruction instruction, ExitMode mode) {
    program.clear();
    addMicroOps();
    SetExit exit;
    exit.mode = mode;
    program.push_back(exit);
    program.push_back(instruction);
    return message().substr(0, 40);
  };
  const std::string reduceFails = "reduce par reaches par element 50 of a d",
                    vecFails = "vec par reaches par element 50 of a dept";
  Reduce reduce;
  reduce.uopEnd = reduce.iterOut = reduce.iterIn = 1, reduce.par = 50;
  EXPECT_EQ(run(reduce, ExitMode::None), "");
  EXPECT_EQ(run(reduce, ExitMode::Tflite), reduceFails);
  reduce.destination = Destination::Acc;
  EXPECT_EQ(run(reduce, ExitMode::Tflite), "");
  reduce.init = ReduceInit::Bias;
  EXPECT_EQ(run(reduce, ExitMode::None), reduceFails);
  Vec vec;
  vec.uopEnd = vec.iterOut = vec.iterIn = 1, vec.par = 50, vec.destination = Destination::Acc;
  EXPECT_EQ(run(vec, ExitMode::None), vecFails);
  EXPECT_EQ(run(vec, ExitMode::Average), "");
  vec.op = VecOp::Add;
  EXPECT_EQ(run(vec, ExitMode::Tflite), "");
  vec.destination = Destination::Out;
  EXPECT_EQ(run(vec, ExitMode::Tflite), vecFails);
}

TEST_F(CheckerTest, VecChecksItsOperands) {
  microOps = {{1, 2, 0}};
  auto run = [&](auto change) {
    program.clear();
    addMicroOps();
    Vec vec;
    vec.uopEnd = vec.iterOut = vec.iterIn = 1;
    change(vec);
    program.push_back(vec);
    return message();
  };
  EXPECT_EQ(run([](Vec &v) { v.lhsBase = 2046, v.dstBase = 2046; }), "");
  EXPECT_EQ(run([](Vec &v) { v.dstBase = 2047; }),
            "vec destination reaches acc element 2048 of a depth of 2048 (instruction 1)");
  EXPECT_EQ(run([](Vec &v) { v.lhsBase = 2047; }),
            "vec first operand reaches acc element 2048 of a depth of 2048 (instruction 1)");
  EXPECT_EQ(run([](Vec &v) { v.rhsBase = 2046; }), "");
  EXPECT_EQ(run([](Vec &v) { v.rhsBase = 2046, v.op = VecOp::Mul; }),
            "vec second operand reaches acc element 2048 of a depth of 2048 (instruction 1)");
}

TEST_F(CheckerTest, ReduceDoesNotReadWhatItWrites) {
  machine = *loadMachine("ultra96");
  microOps = {{0, 0, 0}, {1, 4, 0}};
  auto run = [&](uint32_t dstBase, uint32_t srcBase, ReduceOp op, uint32_t taps) {
    program.clear();
    addMicroOps();
    Reduce reduce;
    reduce.uopEnd = 2, reduce.iterOut = reduce.iterIn = 1;
    reduce.destination = Destination::Inp, reduce.dstBase = dstBase, reduce.srcBase = srcBase, reduce.op = op,
    reduce.taps = taps;
    program.push_back(reduce);
    return message();
  };
  // writes elements 2 * dstBase ... + 3, reads srcBase and srcBase + 4
  EXPECT_EQ(run(0, 0, ReduceOp::Matmul, 0),
            "reduce reads inp element 0, which it writes itself (instruction 1)");
  EXPECT_EQ(run(0, 4, ReduceOp::Matmul, 0), "");
  EXPECT_EQ(run(3, 2, ReduceOp::Matmul, 0),
            "reduce reads inp element 6, which it writes itself (instruction 1)");
  EXPECT_EQ(run(1, 1, ReduceOp::Matmul, 0),
            "reduce reads inp element 5, which it writes itself (instruction 1)");
  EXPECT_EQ(run(3, 5, ReduceOp::Matmul, 0),
            "reduce reads inp element 9, which it writes itself (instruction 1)");
  EXPECT_EQ(run(3, 1, ReduceOp::Max, 0),
            "reduce reads inp element 6, which it writes itself (instruction 1)");
  EXPECT_EQ(run(3, 0, ReduceOp::Max, 0), "");
  EXPECT_EQ(run(1, 0, ReduceOp::Matmul, 0),
            "reduce reads inp element 4, which it writes itself (instruction 1)");
}

TEST_F(CheckerTest, ReduceThatInterleavesReadsAndWritesIsExact) {
  SetGeometry geometry;
  geometry.dstFactorIn = 40, geometry.srcFactorIn = 2;
  auto run = [&](uint32_t dstBase, uint32_t srcBase) {
    program.clear();
    addMicroOps();
    program.push_back(geometry);
    Reduce reduce;
    reduce.uopEnd = 1, reduce.iterOut = 1, reduce.iterIn = 3;
    reduce.destination = Destination::Inp, reduce.dstBase = dstBase, reduce.srcBase = srcBase;
    program.push_back(reduce);
    return message();
  };
  // writes dstBase, + 40, + 80; reads srcBase, + 2, + 4
  EXPECT_EQ(run(30, 70), "reduce reads inp element 70, which it writes itself (instruction 2)");
  EXPECT_EQ(run(30, 66), "reduce reads inp element 70, which it writes itself (instruction 2)");
  EXPECT_EQ(run(30, 110), "reduce reads inp element 110, which it writes itself (instruction 2)");
  EXPECT_EQ(run(30, 67), "");
  EXPECT_EQ(run(30, 72), "");
  EXPECT_EQ(run(30, 64), "");
}

TEST_F(CheckerTest, WordsThatDoNotDecodeAreNamed) {
  Alu alu;
  alu.aluOpcode = static_cast<AluOpcode>(6);
  program = {Gemm{}, alu};
  EXPECT_EQ(message(), "alu alu_opcode 6 is reserved (instruction 1)");
  EXPECT_EQ(check().error().code, static_cast<uint32_t>(ErrorCode::BadField));
  machine.level = Level::Vta;
  machine.features = 0;
  program = {Reduce{}};
  EXPECT_EQ(message(), "opcode 5 is unknown on this machine (instruction 0)");
  EXPECT_EQ(check().error().code, static_cast<uint32_t>(ErrorCode::BadOpcode));
}

TEST_F(CheckerTest, TokensBalance) {
  program = {with(loadOf(MemoryType::Inp, 0, 0, 0, 0, 0), kPushNext)};
  EXPECT_EQ(message(), "token from load to compute is pushed 1 times but popped 0 times (instruction 0)");
  program = {with(Gemm{}, kPopPrev)};
  EXPECT_EQ(message(), "token from load to compute is popped 1 times but pushed 0 times (instruction 0)");
  EXPECT_EQ(check().error().code, static_cast<uint32_t>(ErrorCode::Deadlock));
  program = {with(Gemm{}, kPushNext), with(Gemm{}, kPushNext), with(storeOf(0, 0, 0, 0, 0), kPopPrev)};
  EXPECT_EQ(message(), "token from compute to store is pushed 2 times but popped 1 times (instruction 1)");
  program = {with(storeOf(0, 0, 0, 0, 0), kPushPrev), with(Gemm{}, kPopNext)};
  EXPECT_EQ(message(), "");
  // towards neighbours that do not exist
  program = {with(loadOf(MemoryType::Inp, 0, 0, 0, 0, 0), kPopPrev), with(storeOf(0, 0, 0, 0, 0), kPushNext),
             with(loadOf(MemoryType::Inp, 0, 0, 0, 0, 0), kPushPrev), with(storeOf(0, 0, 0, 0, 0), kPopNext)};
  EXPECT_EQ(message(), "");
}

TEST_F(CheckerTest, CircularWaitsAreDeadlocks) {
  // load waits for compute, compute waits for load
  program = {with(loadOf(MemoryType::Inp, 0, 0, 0, 0, 0), {false, true, false, true}),
             with(Gemm{}, {true, false, true, false})};
  EXPECT_EQ(message(), "deadlock: load waits for ever for a token from compute to load (instruction 0)");
  // compute waits for a token that a later compute instruction would earn
  program = {with(Gemm{}, kPopNext), with(Gemm{}, kPushNext),
             with(storeOf(0, 0, 0, 0, 0), {true, false, true, false})};
  EXPECT_EQ(message(), "deadlock: compute waits for ever for a token from store to compute (instruction 0)");
  // the same the other way round runs
  program = {with(Gemm{}, kPushNext), with(storeOf(0, 0, 0, 0, 0), {true, false, true, false}),
             with(Gemm{}, kPopNext)};
  EXPECT_EQ(message(), "");
}

TEST_F(CheckerTest, ViaLoadMovesTheWaitToTheLoadModule) {
  Load acc = with(loadOf(MemoryType::Acc, 0, 0, 0, 0, 0), kPushNext);
  program = {acc, with(Gemm{}, kPopPrev)};
  EXPECT_EQ(message(), "token from load to compute is popped 1 times but pushed 0 times (instruction 1)");
  acc.viaLoad = 1;
  program = {acc, with(Gemm{}, kPopPrev)};
  EXPECT_EQ(message(), "");
  SetPad pad;
  program = {with(pad, kPushNext), with(Gemm{}, kPopPrev)}; // runs in load too
  EXPECT_EQ(message(), "");
}

TEST_F(CheckerTest, APopFarBeforeItsPushIsRefused) {
  for (uint32_t distance : {16u, 17u}) {
    program = {with(Gemm{}, kPopPrev)};
    while (program.size() < distance)
      program.push_back(Gemm{});
    program.push_back(with(loadOf(MemoryType::Inp, 0, 0, 0, 0, 0), kPushNext));
    EXPECT_EQ(message(),
              distance == 16
                  ? ""
                  : "token from load to compute is pushed 17 instructions after its pop, more than the "
                    "core's queues promise, 16 (instruction 0)");
  }
}

TEST_F(CheckerTest, TensOfThousandsOfInstructionsTakeMilliseconds) {
  microOps.assign(1024, {1, 1, 1});
  addMicroOps();
  for (int n = 0; n < 10000; ++n) {
    program.push_back(with(loadOf(MemoryType::Inp, 0, 0, 8, 8, 8), kPushNext));
    program.push_back(with(gemmOf(1000, 10, 10), {true, false, false, true}));
    program.push_back(with(Alu{}, {}));
    program.push_back(with(storeOf(0, 0, 8, 8, 8), kPopPrev));
  }
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(message(), "");
  double milliseconds =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  std::printf("%zu instructions in %.1f ms\n", program.size(), milliseconds);
  EXPECT_LT(milliseconds,
            2000); // room for sanitizers and a busy machine; 40,002 take about 5 ms in a release build
}
