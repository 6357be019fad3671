// `tessera exec` with VTA programs for the default configuration, made by hand from the published bit positions (not by isa's
// encoder), compared with a plain computation.
#include "commands.h"

#include "tessera/device.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include <unistd.h>

namespace tessera::tools {

namespace {
std::string lastFailure;
}

int fail(const std::string &message) {
  lastFailure = message;
  return 1;
}

} // namespace tessera::tools

namespace tessera::test {

namespace {

namespace fs = std::filesystem;

// Byte addresses of the program's parts.
constexpr uint32_t kInsns = 0x0, kUop = 0x1000, kInp = 0x2000, kWgt = 0x4000;

struct Instruction {
  uint64_t lo = 0, hi = 0;
  void put(unsigned bit, uint64_t value) { (bit < 64 ? lo : hi) |= value << bit % 64; }
};

enum Flags : unsigned { kPopPrev = 1, kPopNext = 2, kPushPrev = 4, kPushNext = 8 };

Instruction header(unsigned opcode, unsigned flags) {
  Instruction i;
  i.put(0, opcode);
  i.put(3, flags);
  return i;
}

/// LOAD (0) or STORE (1) of one row.
Instruction transfer(unsigned opcode, unsigned memory, unsigned count, unsigned flags) {
  Instruction i = header(opcode, flags);
  i.put(7, memory);
  i.put(64, 1);     // y_size
  i.put(80, count); // x_size
  i.put(96, count); // x_stride
  return i;
}

Instruction loops(unsigned opcode, unsigned flags, unsigned uopBegin, unsigned uopEnd, unsigned iterIn,
                  unsigned dstStep, unsigned srcStep) {
  Instruction i = header(opcode, flags);
  i.put(8, uopBegin);
  i.put(21, uopEnd);
  i.put(35, 1); // iter_out
  i.put(49, iterIn);
  i.put(75, dstStep);
  i.put(97, srcStep);
  return i;
}

Instruction reset(Instruction gemm) {
  gemm.put(7, 1);
  return gemm;
}

Instruction maxImmediate(Instruction alu, int immediate) {
  alu.put(108, 1); // MAX
  alu.put(111, 1); // immediate
  alu.put(112, static_cast<uint16_t>(immediate));
  return alu;
}

uint32_t microOp(uint32_t dst, uint32_t src, uint32_t wgt) { return dst | src << 11 | wgt << 22; }

/// relu(A * B) of n x n matrices, n a multiple of 16, on 1x16x16.
struct MatrixProgram {
  explicit MatrixProgram(unsigned n, unsigned seed) : size(n), blocks(n / 16), a(n * n), b(n * n) {
    std::mt19937 random(seed);
    for (auto *matrix : {&a, &b})
      for (int8_t &v : *matrix)
        v = static_cast<int8_t>(static_cast<int>(random() % 5) - 2);
    for (unsigned o = 0; o < blocks; ++o)
      for (unsigned k = 0; k < blocks; ++k)
        uops.push_back(microOp(o, k, o * blocks + k));
    uops.push_back(microOp(0, 0, 0)); // of the ALU
    const auto products = static_cast<unsigned>(uops.size() - 1), all = static_cast<unsigned>(uops.size());
    insns = {transfer(0, 0, all, 0),
             reset(loops(2, 0, 0, products, n, blocks, blocks)),
             transfer(0, 2, n * blocks, 0),
             transfer(0, 1, blocks * blocks, kPushNext),
             loops(2, kPopPrev, 0, products, n, blocks, blocks),
             maxImmediate(loops(4, kPushNext, products, all, n * blocks, 1, 1), 0),
             transfer(1, 4, n * blocks, kPopPrev | kPushPrev),
             header(3, kPopNext)};
  }

  /// B as WGT elements [out block][in block][16 out][16 in].
  std::vector<int8_t> weights() const {
    std::vector<int8_t> w;
    for (unsigned o = 0; o < size; o += 16)
      for (unsigned k = 0; k < size; k += 16)
        for (unsigned oi = 0; oi < 16; ++oi)
          for (unsigned ki = 0; ki < 16; ++ki)
            w.push_back(b[(k + ki) * size + o + oi]);
    return w;
  }

  std::vector<int8_t> expected() const {
    std::vector<int8_t> c(a.size());
    for (unsigned i = 0; i < size; ++i)
      for (unsigned j = 0; j < size; ++j) {
        int sum = 0;
        for (unsigned k = 0; k < size; ++k)
          sum += a[i * size + k] * b[k * size + j];
        c[i * size + j] = static_cast<int8_t>(std::max(sum, 0));
      }
    return c;
  }

  unsigned size, blocks;
  std::vector<int8_t> a, b;
  std::vector<uint32_t> uops;
  std::vector<Instruction> insns;
};

class ExecTest : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("tessera_exec_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    tools::lastFailure.clear();
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string &name) const { return (folder_ / name).string(); }

  template <class T> std::string file(const std::string &name, const std::vector<T> &values) {
    std::ofstream(path(name), std::ios::binary)
        .write(reinterpret_cast<const char *>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(T)));
    return path(name);
  }

  std::vector<int8_t> bytes(const std::string &name) const {
    std::ifstream stream(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  int exec(std::vector<std::string> arguments) {
    CLI::App app;
    int status = 0;
    tools::addExec(app, status);
    arguments.insert(arguments.begin(), "exec");
    std::reverse(arguments.begin(), arguments.end()); // as CLI11 wants vectors
    app.parse(arguments);
    return status;
  }

  int exec(const MatrixProgram &program, std::vector<std::string> more = {}) {
    const auto at = [](uint32_t address, const std::string &file) {
      return std::to_string(address) + "=" + file;
    };
    std::vector<std::string> arguments{
        "--device",  GetParam(),
        "--machine", "pynq",
        "--write",   at(kInsns, file("insns.bin", program.insns)),
        "--write",   at(kUop, file("uops.bin", program.uops)),
        "--write",   at(kInp, file("inp.bin", program.a)),
        "--write",   at(kWgt, file("wgt.bin", program.weights())),
        "--insns",   std::to_string(kInsns),
        "--count",   std::to_string(program.insns.size()),
        "--base",    "uop=0x1000",
        "--base",    "inp=0x2000",
        "--base",    "wgt=0x4000",
        "--base",    "out=0x8000",
        "--read",    "0x8000:" + std::to_string(program.a.size()) + "=" + path("out.bin"),
        "--json",    path("report.json")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return exec(std::move(arguments));
  }

  nlohmann::json report() const { return nlohmann::json::parse(std::ifstream(path("report.json"))); }

  fs::path folder_;
};

TEST_P(ExecTest, MatrixProductsWithRelu) {
  for (const unsigned size : {16u, 32u, 48u}) {
    const MatrixProgram program(size, size);
    EXPECT_EQ(exec(program, {"--check"}), 0) << tools::lastFailure;
    EXPECT_EQ(bytes("out.bin"), program.expected());
    EXPECT_EQ(report()["status"], "ok");
    EXPECT_GT(report()["cycles"], 0);
    EXPECT_EQ(report()["cycles_estimated"], GetParam() != "cycle");
    if (GetParam() == "cycle")
      RecordProperty("cycles_" + std::to_string(size), report()["cycles"].get<int>());
  }
}

TEST_P(ExecTest, ErrorNamesTheInstruction) {
  MatrixProgram program(16, 1);
  program.insns[4] = loops(2, kPopPrev, 0, 1, 3000, 1, 1); // ACC index 2999
  EXPECT_EQ(exec(program), 1);
  EXPECT_TRUE(tools::lastFailure.starts_with("core error SRAM_BOUNDS at instruction 4: gemm "))
      << tools::lastFailure;
  EXPECT_EQ(report()["status"], "error");
  EXPECT_EQ(report()["error"]["name"], "SRAM_BOUNDS");
  EXPECT_EQ(report()["error"]["index"], 4);
}

TEST_P(ExecTest, DeadlockIsTriedUnlessChecked) {
  MatrixProgram program(16, 1);
  program.insns[3] = transfer(0, 1, 1, 0); // no token for the GEMM
  EXPECT_EQ(exec(program, {"--check"}), 1);
  EXPECT_TRUE(tools::lastFailure.starts_with("program is refused: ")) << tools::lastFailure;
  EXPECT_FALSE(fs::exists(path("report.json")));
  EXPECT_EQ(exec(program), 1);
  EXPECT_EQ(report()["error"]["name"], "DEADLOCK");
  EXPECT_EQ(report()["error"]["index"], 4);
}

TEST_P(ExecTest, TimeoutIsAnError) {
  MatrixProgram program(16, 1);
  Instruction slow = loops(2, 0, 0, 1, 16383, 0, 0);
  slow.put(35, 16382); // iter_out 16383: 1 is there
  program.insns.insert(program.insns.begin() + 1, 100, reset(slow));
  EXPECT_EQ(exec(program, {"--timeout", "0.05"}), 1);
  EXPECT_EQ(report()["status"], "timeout");
}

TEST_P(ExecTest, BadArgumentsAreNamed) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--write", "12z=a.bin"}, "--write 12z=a.bin: '12z' is not a number from 0 to 4294967295"},
      {{"--write", "12"}, "--write 12: not of the form ADDRESS=FILE"},
      {{"--read", "12=a.bin"}, "--read 12=a.bin: not of the form ADDRESS:BYTES=FILE"},
      {{"--base", "oup=1"}, "--base oup=1: memory is none of uop, inp, wgt, acc, out, par"},
      {{"--insns", "0x18"}, "--insns 0x18: not a multiple of 16"}};
  for (auto [arguments, message] : cases) {
    arguments.insert(arguments.end(), {"--device", GetParam(), "--count", "1"});
    EXPECT_EQ(exec(arguments), 1);
    EXPECT_EQ(tools::lastFailure, message);
  }
  EXPECT_EQ(exec({"--device", GetParam(), "--machine", "pynq", "--count", "1", "--base", "inp=0x2003"}), 1);
  EXPECT_EQ(tools::lastFailure,
            "program is refused: base pointer of inp 8195 is not a multiple of the bus width of 8 bytes");
  EXPECT_EQ(exec({"--device", GetParam(), "--count", "4294967295", "--check"}), 1);
  EXPECT_EQ(
      tools::lastFailure,
      "program is refused: 4294967295 instructions at 0 end past the device's 268435456 bytes of memory");
  EXPECT_EQ(exec({"--device", GetParam(), "--count", "1", "--read", "1:0xffffffff=" + path("all.bin")}), 1);
  EXPECT_NE(tools::lastFailure.find("4294967295 bytes at 1 end past"), std::string::npos)
      << tools::lastFailure;
  EXPECT_EQ(exec({"--device", "abacus", "--count", "1"}), 1);
  EXPECT_TRUE(tools::lastFailure.starts_with("abacus: no device named abacus; this build has null"))
      << tools::lastFailure;
  EXPECT_EQ(exec({"--device", GetParam(), "--count", "1", "--write", "0=" + path("absent.bin")}), 1);
  EXPECT_NE(tools::lastFailure.find("absent.bin"), std::string::npos) << tools::lastFailure;
}

std::vector<std::string> devices() {
  std::vector<std::string> names{"functional"};
  if (TESSERA_HAVE_CYCLE_MODELS)
    names.push_back("cycle");
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, ExecTest, testing::ValuesIn(devices()),
                         [](const auto &info) { return info.param; });

} // namespace

} // namespace tessera::test
