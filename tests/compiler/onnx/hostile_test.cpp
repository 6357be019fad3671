// Hostile ONNX files through the compiler's front door: one line, within a second, in bounded memory.

#include "hostile.h"
#include "qdq_builder.h"

#include "tessera/compiler/compiler.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace tessera::test {
namespace {

long peakKiB() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

compiler::CompileOptions optionsFor(const std::string &folder) {
  compiler::CompileOptions options;
  options.cpuOnly = true;
  options.modelFolder = folder;
  return options;
}

class HostileTest : public testing::TestWithParam<HostileFile> {};

TEST_P(HostileTest, IsRefusedInOneLineWithinASecond) {
  // What lies outside the folder exists: it must be refused for where it is.
  const std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("tessera-hostile-" + GetParam().name);
  std::filesystem::create_directories(root / "model" / "a");
  std::ofstream(root / "secret") << "sixteen bytes...";
  const long before = peakKiB();
  const auto start = std::chrono::steady_clock::now();
  auto compiled = compiler::compile(GetParam().bytes, optionsFor((root / "model").string()));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::filesystem::remove_all(root);
  ASSERT_FALSE(compiled);
  const std::string &message = compiled.error().message;
  EXPECT_NE(message.find(GetParam().error), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_LT(seconds.count(), 1);
  EXPECT_LT(peakKiB() - before, 256 * 1024);
  std::printf("%s: %s\n", GetParam().name.c_str(), message.c_str());
}

INSTANTIATE_TEST_SUITE_P(Files, HostileTest, testing::ValuesIn(hostileFiles()),
                         [](const auto &info) { return info.param.name; });

// Every bit of a network's first bytes, and every length: never more than an error.
TEST(DamagedOnnxTest, NeverMoreThanAnError) {
  QdqBuilder b(1, true);
  b.output(b.conv(b.input({1, 2, 3, 3}), {2, 3, 1, 1}));
  const std::vector<uint8_t> file = b.file();
  size_t refused = 0, tried = 0;
  for (size_t length = 0; length < file.size(); length += 37, ++tried)
    refused += !compiler::compile(std::span(file).first(length), optionsFor(""));
  EXPECT_EQ(refused, tried);
  for (size_t bit = 0; bit < file.size() * 8; bit += 101) {
    std::vector<uint8_t> damaged = file;
    damaged[bit / 8] ^= uint8_t(1u << (bit % 8));
    auto compiled = compiler::compile(damaged, optionsFor(""));
    (void)compiled;
  }
}

} // namespace
} // namespace tessera::test
