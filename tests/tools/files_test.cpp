// Files are written as a whole or not at all, and every failure has its reason.
#include "files.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <sys/resource.h>
#include <unistd.h>

namespace tessera::tools {
namespace {

class FilesTest : public testing::Test {
protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("tessera_files_test" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string &name) const { return folder_ / name; }
  size_t filesInFolder() const {
    auto entries = std::filesystem::directory_iterator(folder_);
    return static_cast<size_t>(std::distance(begin(entries), end(entries)));
  }

  std::filesystem::path folder_;
};

TEST_F(FilesTest, ReadsWhatItWrote) {
  std::vector<uint8_t> data(200000);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<uint8_t>(i * 7);
  ASSERT_TRUE(writeFile(path("a"), data));
  auto again = readFile(path("a"));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, data);
  EXPECT_EQ(filesInFolder(), 1u);
}

TEST_F(FilesTest, MissingFileAndFolderAreNamed) {
  auto missing = readFile(path("none"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot read " + path("none") + ": No such file or directory");
  auto folder = readFile(folder_);
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("Is a directory"), std::string::npos);
  auto unwritable = writeFile(path("none/x"), "text");
  ASSERT_FALSE(unwritable);
  EXPECT_EQ(unwritable.error().message, "cannot write " + path("none/x") + ": No such file or directory");
}

TEST_F(FilesTest, FullDiskLeavesTheOldFile) {
  ASSERT_TRUE(writeFile(path("a"), "old"));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto written = writeFile(path("a"), std::string(100000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "cannot write " + path("a") + ": File too large");
  auto kept = readFile(path("a"));
  ASSERT_TRUE(kept);
  EXPECT_EQ(std::string(kept->begin(), kept->end()), "old");
  EXPECT_EQ(filesInFolder(), 1u);
}

TEST_F(FilesTest, FullDeviceIsReported) {
  auto written = writeFile("/dev/full", "text");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "cannot write /dev/full: No space left on device");
  EXPECT_TRUE(std::filesystem::exists("/dev/full"));
}

TEST_F(FilesTest, LinksAreWrittenThrough) {
  ASSERT_TRUE(writeFile(path("target"), "a longer text"));
  std::filesystem::create_symlink(path("target"), path("link"));
  ASSERT_TRUE(writeFile(path("link"), "text"));
  EXPECT_TRUE(std::filesystem::is_symlink(path("link")));
  auto written = readFile(path("target"));
  ASSERT_TRUE(written);
  EXPECT_EQ(std::string(written->begin(), written->end()), "text");
}

TEST_F(FilesTest, FolderThatCannotBe) {
  ASSERT_TRUE(makeFolder(path("x/y/z")));
  ASSERT_TRUE(makeFolder(path("x/y/z")));
  ASSERT_TRUE(writeFile(path("file"), "text"));
  EXPECT_FALSE(makeFolder(path("file/below")));
}

} // namespace
} // namespace tessera::tools
