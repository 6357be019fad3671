// Machine files: the named machines, derived numbers, every validation, and the hash that C++ and the generator share.
#include "tessera/isa/encoding.h"
#include "tessera/isa/machine.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

using namespace tessera::isa;

namespace {

std::string machineText(const std::string &from = "", const std::string &to = "") {
  std::string text =
      R"({"name": "x", "description": "d", "batch": 1, "block_in": 16, "block_out": 16, "bus_bits": 64,
    "uop_depth": 8192, "inp_depth": 2048, "wgt_depth": 1024, "acc_depth": 2048, "par_depth": 64, "depthwise_taps": 4,
    "level": "tessera", "input_bits": 8, "weight_bits": 8, "accumulator_bits": 32, "address_bits": 32,
    "features": ["requantise", "chain"]})";
  if (size_t at = text.find(from); !from.empty() && at != std::string::npos)
    text.replace(at, from.size(), to);
  return text;
}

std::string errorOf(const std::string &from, const std::string &to) {
  Expected<MachineConfig> machine = parseMachine(machineText(from, to), "file");
  return machine ? "accepted" : machine.error().message;
}

std::string outputOf(const std::string &command) {
  std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command.c_str(), "r"), pclose);
  std::array<char, 256> buffer;
  std::string text;
  while (pipe && fgets(buffer.data(), buffer.size(), pipe.get()))
    text += buffer.data();
  return text;
}

} // namespace

TEST(MachineTest, FiveNamedMachinesLoad) {
  EXPECT_EQ(machineNames(), (std::vector<std::string>{"batch2", "pynq", "tiny", "ultra96", "zcu104"}));
  for (const std::string &name : machineNames()) {
    Expected<MachineConfig> machine = loadMachine(name);
    ASSERT_TRUE(machine) << machine.error().message;
    EXPECT_EQ(machine->name, name);
    EXPECT_EQ(machine->features, (1u << kFeatureCount) - 1);
  }
}

TEST(MachineTest, DerivedNumbersOfUltra96) {
  MachineConfig machine = *loadMachine("ultra96");
  EXPECT_EQ(machine.inpPerOut(), 2u);
  EXPECT_EQ(machine.busBytes(), 16u);
  EXPECT_EQ(machine.macsPerCycle(), 512u);
  EXPECT_EQ(machine.uopIndexBits(), 12u);
  EXPECT_EQ(machine.wgtIndexBits(), 9u);
  EXPECT_EQ(machine.parIndexBits(), 6u);
  EXPECT_EQ(machine.tapBits(), 2u);
  EXPECT_EQ(machine.dramElementBytes(MemoryType::Uop), 4u);
  EXPECT_EQ(machine.dramElementBytes(MemoryType::Wgt), 512u);
  EXPECT_EQ(machine.dramElementBytes(MemoryType::Inp), 16u);
  EXPECT_EQ(machine.dramElementBytes(MemoryType::Acc), 128u);
  EXPECT_EQ(machine.dramElementBytes(MemoryType::Acc8bit), 32u);
  EXPECT_EQ(machine.dramElementBytes(MemoryType::Out), 32u);
  EXPECT_EQ(machine.dramElementBytes(MemoryType::Par), 384u);
  EXPECT_EQ(machine.depth(MemoryType::Out), machine.accDepth);
  EXPECT_EQ(machine.depth(static_cast<MemoryType>(7)), 0u);
}

TEST(MachineTest, HashAgreesWithTheGenerator) {
  for (const std::string &name : machineNames()) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(loadMachine(name)->hash()));
    EXPECT_EQ(outputOf(TESSERA_PYTHON " -B " TESSERA_GENERATE " --hash " + name), std::string(text) + "\n")
        << name;
  }
}

TEST(MachineTest, HashAgreesWithTheGeneratorAtLevelVta) {
  std::string path = testing::TempDir() + "vta_machine.json";
  std::string text = machineText("\"tessera\"", "\"vta\"");
  text.replace(text.find("[\"requantise\", \"chain\"]"), 23, "[]");
  std::ofstream(path) << text;
  Expected<MachineConfig> machine = loadMachine(path);
  ASSERT_TRUE(machine) << machine.error().message;
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(machine->hash()));
  EXPECT_EQ(outputOf(TESSERA_PYTHON " -B " TESSERA_GENERATE " --hash " + path), std::string(hash) + "\n");
}

TEST(MachineTest, HashDependsOnNumbersAndNotOnNames) {
  uint64_t base = parseMachine(machineText(), "a")->hash();
  EXPECT_EQ(parseMachine(machineText("\"x\"", "\"y\""), "a")->hash(), base);
  EXPECT_NE(parseMachine(machineText("\"par_depth\": 64", "\"par_depth\": 32"), "a")->hash(), base);
  EXPECT_NE(parseMachine(machineText("\"requantise\"", "\"pool\""), "a")->hash(), base);
}

TEST(MachineTest, NumbersAreValidated) {
  EXPECT_EQ(errorOf("", ""), "accepted");
  EXPECT_EQ(errorOf("\"batch\": 1", "\"batch\": 0"), "file: batch 0 is below 1");
  EXPECT_EQ(errorOf("\"block_in\": 16", "\"block_in\": 256"), "file: block_in 256 exceeds 128");
  EXPECT_EQ(errorOf("2048", "3000"), "file: inp_depth 3000 is not a power of two");
  EXPECT_EQ(errorOf("\"input_bits\": 8", "\"input_bits\": 4"), "file: input_bits 4 is not supported, only 8");
  EXPECT_EQ(errorOf("\"batch\": 1", "\"batch\": \"1\""), "file: batch is not a whole number");
  EXPECT_EQ(errorOf("\"batch\": 1", "\"batch\": 1.5"), "file: batch is not a whole number");
  EXPECT_EQ(errorOf("\"batch\": 1", "\"batch\": 99999999999999999999"),
            "file: line 1 column 44: number out of range");
}

TEST(MachineTest, RelationsAreValidated) {
  EXPECT_EQ(errorOf("\"block_out\": 16", "\"block_out\": 8"), "file: block_out 8 is below block_in 16");
  EXPECT_EQ(errorOf("\"batch\": 1, \"block_in\": 16", "\"batch\": 2, \"block_in\": 8"),
            "file: batch 2 needs block_in equal to block_out, not 8 and 16");
  EXPECT_EQ(errorOf("\"depthwise_taps\": 4", "\"depthwise_taps\": 17"),
            "file: depthwise_taps 17 exceeds block_in 16");
  EXPECT_EQ(errorOf("\"depthwise_taps\": 4", "\"depthwise_taps\": 3"),
            "file: depthwise_taps 3 is not a power of two");
  EXPECT_EQ(errorOf("\"bus_bits\": 64", "\"bus_bits\": 256"),
            "file: inp element of 16 bytes is smaller than the bus of 32 bytes");
  EXPECT_EQ(errorOf("\"block_in\": 16, \"block_out\": 16", "\"block_in\": 64, \"block_out\": 64"),
            "file: wgt element of 512 bus beats exceeds 256");
  EXPECT_EQ(errorOf("\"wgt_depth\": 1024", "\"wgt_depth\": 2048"),
            "file: instruction gemm needs 130 bits of 128");
  EXPECT_EQ(errorOf("\"uop_depth\": 8192", "\"uop_depth\": 32768"),
            "file: instruction gemm needs 142 bits of 128");
  EXPECT_EQ(errorOf("\"tessera\"", "\"vta\""), "file: level vta has no features, but the machine lists some");
}

TEST(MachineTest, KeysAreValidated) {
  EXPECT_EQ(errorOf("\"batch\": 1,", ""), "file: missing key \"batch\"");
  EXPECT_EQ(errorOf("\"level\": \"tessera\",", ""), "file: missing key \"level\"");
  EXPECT_EQ(errorOf("\"batch\": 1,", "\"batch\": 1, \"colour\": 3,"), "file: unknown key \"colour\"");
  EXPECT_EQ(errorOf("\"batch\": 1,", "\"batch\": 1, \"batch\": 1,"),
            "file: line 1 column 54: key \"batch\" appears twice");
  EXPECT_EQ(errorOf("\"chain\"", "\"magic\""), "file: unknown feature \"magic\"");
  EXPECT_EQ(errorOf("\"chain\"", "\"requantise\""), "file: feature \"requantise\" appears twice");
  EXPECT_EQ(errorOf("\"tessera\"", "\"vtx\""), "file: level \"vtx\" is neither vta nor tessera");
  EXPECT_EQ(errorOf("\"name\": \"x\"", "\"name\": 3"), "file: name is not a string");
}

TEST(MachineTest, MalformedTextGivesLineAndColumn) {
  EXPECT_EQ(parseMachine("{\n  \"name\" 3}", "f").error().message, "f: line 2 column 10: expected ':'");
  EXPECT_EQ(parseMachine("", "f").error().message, "f: line 1 column 1: unexpected end of text");
  EXPECT_EQ(parseMachine("[]", "f").error().message, "f: the machine is not a JSON object");
  EXPECT_EQ(parseMachine("{} x", "f").error().message, "f: line 1 column 4: text after the end of the value");
  EXPECT_EQ(parseMachine(std::string(1000, '['), "f").error().message,
            "f: line 1 column 34: nested deeper than 32");
  std::string whole = machineText();
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(parseMachine(whole.substr(0, length), "f")) << length;
}

TEST(MachineTest, UnknownNameAndMissingFileAreNamed) {
  EXPECT_EQ(loadMachine("pink").error().message,
            "no machine is named \"pink\"; there are batch2, pynq, tiny, ultra96, zcu104");
  EXPECT_EQ(loadMachine("nowhere/m.json").error().message,
            "nowhere/m.json: cannot read the machine file: No such file or directory");
}

TEST(MachineTest, EnumsAgreeWithTheTable) {
  // machine.h carries two enumerations by hand; the table's names come from the generated sources.
  const FieldInfo &memory = instructionTable()[Load::kIndex].fields[0];
  ASSERT_EQ(memory.valueNameCount, 7u);
  for (uint32_t value = 0; value < memory.valueNameCount; ++value)
    EXPECT_STREQ(memory.valueNames[value], memoryName(static_cast<MemoryType>(value)));
}
