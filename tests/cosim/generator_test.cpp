// The generator and the functional model against the plain interpreter, which draws its schedule at random.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "compare.h"
#include "generator.h"

namespace tessera::cosim {
namespace {

uint64_t seedOf(uint64_t n) {
  const char *text = std::getenv("TESSERA_COSIM_SEED");
  return (text ? std::strtoull(text, nullptr, 10) : 1) * 1000003 + n;
}

class GeneratorTest : public testing::TestWithParam<std::string> {};

TEST_P(GeneratorTest, FunctionalModelIsTheReference) {
  const auto machine = isa::loadMachine(GetParam());
  ASSERT_TRUE(machine);
  const bool all = std::getenv("TESSERA_TEST_ALL");
  std::map<isa::ErrorCode, int> ends;
  for (uint64_t n = 0; n < (all ? 4000 : 300); ++n) {
    GeneratorOptions options;
    options.level = n % 3 == 0 ? isa::Level::Vta : isa::Level::Tessera;
    const GeneratedSession made = generateSession(*machine, GetParam(), "none", seedOf(n), options);
    const auto result = compare(*machine, made.session, makeFunctional, makeReference);
    ASSERT_TRUE(result) << result.error().message;
    ASSERT_FALSE(result->difference) << "seed " << seedOf(n) << " program " << result->difference->program
                                     << ": " << result->difference->text << "\n"
                                     << toText(made.session, *machine);
    for (size_t p = 0; p < made.intended.size(); ++p) {
      ASSERT_EQ(made.intended[p], result->outcomes[p].code)
          << "seed " << seedOf(n) << " program " << p << " index " << result->outcomes[p].index << "\n"
          << toText(made.session, *machine);
      ++ends[result->outcomes[p].code];
    }
  }
  using isa::ErrorCode;
  for (ErrorCode code :
       {ErrorCode::None, ErrorCode::BadMemoryType, ErrorCode::BadField, ErrorCode::SramBounds,
        ErrorCode::DramFault, ErrorCode::Deadlock, ErrorCode::NoFinish})
    EXPECT_GT(ends[code], 0) << "no program ended with error " << static_cast<int>(code);
}

INSTANTIATE_TEST_SUITE_P(Machines, GeneratorTest, testing::ValuesIn(isa::machineNames()),
                         [](const auto &info) { return info.param; });

TEST(GeneratorTest, FunctionalModelIsTheReferenceAtLevelVta) {
  const std::string name = TESSERA_COSIM_MACHINES "/vta.json";
  const auto machine = isa::loadMachine(name);
  ASSERT_TRUE(machine) << machine.error().message;
  int badOpcodes = 0;
  for (uint64_t n = 0; n < 300; ++n) {
    GeneratorOptions options;
    options.errorPercent = 40;
    const GeneratedSession made = generateSession(*machine, name, "none", seedOf(n), options);
    const auto result = compare(*machine, made.session, makeFunctional, makeReference);
    ASSERT_TRUE(result) << result.error().message;
    ASSERT_FALSE(result->difference) << "seed " << seedOf(n) << ": " << result->difference->text;
    for (size_t p = 0; p < made.intended.size(); ++p) {
      ASSERT_EQ(made.intended[p], result->outcomes[p].code) << "seed " << seedOf(n) << " program " << p;
      badOpcodes += made.intended[p] == isa::ErrorCode::BadOpcode;
    }
  }
  EXPECT_GT(badOpcodes, 0);
}

TEST(GeneratorTest, PortableKernelsGiveTheSame) {
  const auto machine = isa::loadMachine("ultra96");
  ASSERT_TRUE(machine);
  for (uint64_t n = 0; n < 60; ++n) {
    const GeneratedSession made = generateSession(*machine, "ultra96", "none", seedOf(n), {});
    const auto result = compare(*machine, made.session, makeFunctional, makePortable);
    ASSERT_TRUE(result) << result.error().message;
    ASSERT_FALSE(result->difference) << "seed " << seedOf(n) << ": " << result->difference->text;
  }
}

TEST(GeneratorTest, ASeedGivesTheSameSession) {
  const auto machine = isa::loadMachine("tiny");
  ASSERT_TRUE(machine);
  const auto text = [&](uint64_t seed) {
    return toText(generateSession(*machine, "tiny", "chaos,seed=1", seed, {}).session, *machine);
  };
  EXPECT_EQ(text(5), text(5));
  EXPECT_NE(text(5), text(6));
}

TEST(SessionTest, ReplayFileRoundTrips) {
  const auto machine = isa::loadMachine("pynq");
  ASSERT_TRUE(machine);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::string text =
        toText(generateSession(*machine, "pynq", "chaos,seed=1", seed, {}).session, *machine);
    const auto parsed = parseSession(text);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(toText(*parsed, *machine), text);
  }
}

TEST(SessionTest, ErrorsNameTheLine) {
  EXPECT_EQ(parseSession("").error().message, "replay file line 0: empty replay file");
  EXPECT_EQ(parseSession("machine tiny\n").error().message,
            "replay file line 1: not a replay file: the first line is not 'tessera-cosim 1'");
  EXPECT_EQ(parseSession("tessera-cosim 1\nprogram\ninsn 12\n").error().message,
            "replay file line 3: an instruction has 32 hexadecimal digits, not '12'");
  EXPECT_EQ(parseSession("tessera-cosim 1\nprogram\nwrite 5 abc\n").error().message,
            "replay file line 3: bytes are not pairs of hexadecimal digits");
  EXPECT_EQ(parseSession("tessera-cosim 1\nseed x\n").error().message,
            "replay file line 2: value missing after 'seed'");
}

} // namespace
} // namespace tessera::cosim
