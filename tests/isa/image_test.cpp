// The program image: round trip, every truncation, every corrupted byte, and a disk that fills up.
#include "tessera/isa/image.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>

using namespace tessera::isa;

namespace {

ProgramImage sample() {
  ProgramImage image;
  image.configHash = 0x123456789abcdef0;
  image.setText(ProgramImage::kMetadata, R"({"model": "m"})");
  std::vector<uint8_t> constants(300);
  for (size_t i = 0; i < constants.size(); ++i)
    constants[i] = static_cast<uint8_t>(i * 7);
  image.set(ProgramImage::kConstants, constants);
  image.set("empty", {});
  return image;
}

std::string folder() {
  std::string path = testing::TempDir() + "tessera_image_test_" + std::to_string(getpid());
  std::filesystem::create_directories(path);
  return path;
}

size_t filesIn(const std::string &path) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path), {}));
}

} // namespace

TEST(ImageTest, Crc32KnownValues) {
  const std::string digits = "123456789", text = "The quick brown fox jumps over the lazy dog";
  auto bytes = [](const std::string &s) {
    return std::span(reinterpret_cast<const uint8_t *>(s.data()), s.size());
  };
  EXPECT_EQ(crc32(bytes(digits)), 0xcbf43926u);
  EXPECT_EQ(crc32(bytes(text)), 0x414fa339u);
  EXPECT_EQ(crc32({}), 0u);
  EXPECT_EQ(crc32(bytes(text).subspan(10), crc32(bytes(text).first(10))), 0x414fa339u);
}

TEST(ImageTest, RoundTrip) {
  ProgramImage image = sample();
  Expected<std::vector<uint8_t>> bytes = image.serialize();
  ASSERT_TRUE(bytes);
  Expected<ProgramImage> back = ProgramImage::parse(*bytes);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->configHash, image.configHash);
  EXPECT_EQ(back->sections(), image.sections());
  EXPECT_EQ(back->text(ProgramImage::kMetadata), R"({"model": "m"})");
  EXPECT_EQ(back->find("absent"), nullptr);
  EXPECT_EQ(back->text("absent"), "");
  EXPECT_TRUE(ProgramImage::parse(*ProgramImage().serialize()));
}

TEST(ImageTest, SetReplaces) {
  ProgramImage image = sample();
  image.setText("empty", "x");
  EXPECT_EQ(image.sections().size(), 3u);
  EXPECT_EQ(image.text("empty"), "x");
}

TEST(ImageTest, EveryTruncationIsAnError) {
  std::vector<uint8_t> bytes = *sample().serialize();
  for (size_t length = 0; length < bytes.size(); ++length) {
    Expected<ProgramImage> image = ProgramImage::parse(std::span(bytes).first(length));
    ASSERT_FALSE(image) << length;
    EXPECT_FALSE(image.error().message.empty());
  }
}

TEST(ImageTest, EveryCorruptedByteIsAnError) {
  std::vector<uint8_t> bytes = *sample().serialize();
  for (size_t at = 0; at < bytes.size(); ++at)
    for (uint8_t flip : {uint8_t{1}, uint8_t{0x80}, uint8_t{0xff}}) {
      bytes[at] = static_cast<uint8_t>(bytes[at] ^ flip);
      EXPECT_FALSE(ProgramImage::parse(bytes)) << "byte " << at;
      bytes[at] = static_cast<uint8_t>(bytes[at] ^ flip);
    }
  bytes.push_back(0);
  EXPECT_FALSE(ProgramImage::parse(bytes));
}

TEST(ImageTest, MessagesNameTheNumbers) {
  std::vector<uint8_t> bytes = *sample().serialize();
  auto messageAfter = [&](size_t at, uint8_t value) {
    std::vector<uint8_t> changed = bytes;
    changed[at] = value;
    return ProgramImage::parse(changed).error().message;
  };
  EXPECT_EQ(messageAfter(0, 'X'), "not a program image: it does not begin with the magic bytes");
  EXPECT_EQ(messageAfter(8, 9), "image version 9 is not 1");
  EXPECT_EQ(messageAfter(16, 0), "image header is corrupted: its checksum differs");
  EXPECT_EQ(messageAfter(13, 1), "image has 259 sections, more than 64");
  EXPECT_EQ(messageAfter(321, 0), "section constants is corrupted: its checksum differs");
  EXPECT_EQ(ProgramImage::parse(std::span(bytes).first(100)).error().message,
            "image is truncated: 100 bytes of " + std::to_string(bytes.size()));
}

// What a wrong writer could make: the checksum of the header is right.
TEST(ImageTest, SizesThatDisagreeAreAnError) {
  ProgramImage image;
  image.setText("metadata", "{}");
  std::vector<uint8_t> bytes = *image.serialize();
  auto messageWithSize = [&](size_t size, size_t appended) {
    std::vector<uint8_t> changed = bytes;
    changed.resize(bytes.size() + appended);
    changed[24] = static_cast<uint8_t>(size);
    std::fill_n(changed.begin() + 32, 4, uint8_t{0});
    uint32_t checksum = crc32(std::span(changed).first(40 + 56));
    for (size_t i = 0; i < 4; ++i)
      changed[32 + i] = static_cast<uint8_t>(checksum >> 8 * i);
    Expected<ProgramImage> result = ProgramImage::parse(changed);
    return result ? "" : result.error().message;
  };
  ASSERT_EQ(bytes.size(), 130u);
  EXPECT_EQ(messageWithSize(130, 0), "");
  EXPECT_EQ(messageWithSize(129, 0), "image has 130 bytes, its header says 129");
  EXPECT_EQ(messageWithSize(131, 0), "image is truncated: 130 bytes of 131");
  EXPECT_EQ(messageWithSize(131, 1), "image has 1 bytes after its last section, which ends at 130");
}

TEST(ImageTest, BadNamesAndTooManySections) {
  ProgramImage image;
  image.set("a name", {});
  EXPECT_EQ(image.serialize().error().message, "section name \"a name\" is not 1 to 31 printable characters");
  ProgramImage many;
  for (int i = 0; i < 65; ++i)
    many.set("s" + std::to_string(i), {});
  EXPECT_EQ(many.serialize().error().message, "image has 65 sections, more than 64");
}

TEST(ImageTest, AnotherMachineIsAMismatch) {
  MachineConfig pynq = *loadMachine("pynq"), tiny = *loadMachine("tiny");
  ProgramImage image;
  EXPECT_TRUE(image.checkMachine(pynq)); // no NPU part
  image.configHash = pynq.hash();
  EXPECT_TRUE(image.checkMachine(pynq));
  Expected<void> result = image.checkMachine(tiny);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("machine tiny has"), std::string::npos);
}

TEST(ImageTest, FileRoundTripLeavesNothingElse) {
  std::string place = folder(), path = place + "/image.tsr";
  ASSERT_TRUE(sample().write(path));
  ASSERT_TRUE(sample().write(path)); // over the old one
  EXPECT_EQ(ProgramImage::read(path)->sections(), sample().sections());
  EXPECT_EQ(filesIn(place), 1u);
  std::filesystem::remove_all(place);
}

TEST(ImageTest, MissingFilesAndFoldersAreNamed) {
  EXPECT_EQ(ProgramImage::read("nowhere.tsr").error().message,
            "cannot read nowhere.tsr: No such file or directory");
  EXPECT_EQ(ProgramImage::read(".").error().message, "cannot read .: Is a directory");
  EXPECT_EQ(sample().write("nowhere/x.tsr").error().message,
            "cannot write nowhere/x.tsr: No such file or directory");
}

// A file-size limit fails the write as a full disk does: part of the data is accepted, then an error comes.
TEST(ImageTest, AFullDiskIsAnErrorAndLeavesTheOldFile) {
  std::string place = folder(), path = place + "/image.tsr";
  ProgramImage old;
  old.setText("metadata", "old");
  ASSERT_TRUE(old.write(path));
  ProgramImage large;
  large.set("constants", std::vector<uint8_t>(1 << 20, 1));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit = before;
  limit.rlim_cur = 4096;
  setrlimit(RLIMIT_FSIZE, &limit);
  Expected<void> result = large.write(path);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "cannot write " + path + ": File too large");
  EXPECT_EQ(ProgramImage::read(path)->text("metadata"), "old");
  EXPECT_EQ(filesIn(place), 1u);
  std::filesystem::remove_all(place);
}
