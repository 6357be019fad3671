// The tuning log: what is kept, and what happens to files that are damaged, foreign, newer, full or in use by another process.
#include "tessera/compiler/tuning_log.h"

#include <gtest/gtest.h>

#include <sqlite3.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tessera::compiler {
namespace {

namespace fs = std::filesystem;
using Mode = TuningLog::Mode;

class LogTest : public testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("tessera-log-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = folder_ / "tuning.db";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<TuningLog> open(Mode mode = Mode::Write) {
    auto log = TuningLog::open(path_, mode);
    EXPECT_TRUE(log) << log.error().message;
    return log ? std::move(*log) : nullptr;
  }
  std::string openError(Mode mode) {
    auto log = TuningLog::open(path_, mode);
    return log ? "" : log.error().message;
  }
  std::string bytes() {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string &text) { std::ofstream(path_, std::ios::binary) << text; }
  void sql(const char *statement) {
    sqlite3 *database = nullptr;
    ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, statement, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
  }

  const TuningPlace place_{"0123456789abcdef", "bench", "1-a"};
  fs::path folder_;
  std::string path_;
};

TEST_F(LogTest, KeepsMeasurementsInTheirOrderAndOfEachPlace) {
  auto log = open();
  ASSERT_TRUE(
      log->add(place_, "conv", std::vector<TuningMeasurement>{{"c", 3}, {"a", 1}, {"b", std::nullopt}}));
  ASSERT_TRUE(log->add(place_, "conv", std::vector<TuningMeasurement>{{"d", 0.5}, {"a", 2}}));
  for (const TuningPlace &other :
       {TuningPlace{"f", "bench", "1-a"}, {place_.machine, "ddr3", "1-a"}, {place_.machine, "bench", "1-b"}})
    EXPECT_TRUE(log->measurements(other, "conv")->empty());
  EXPECT_TRUE(log->measurements(place_, "pool")->empty());
  log = open(Mode::Read); // another process would see this
  auto found = log->measurements(place_, "conv");
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 4u);
  EXPECT_EQ((*found)[0].choice, "c");
  EXPECT_EQ((*found)[1].choice, "a");
  EXPECT_EQ((*found)[1].value, 2);
  EXPECT_EQ((*found)[2].value, std::nullopt);
  EXPECT_EQ((*found)[3].choice, "d");
  EXPECT_FALSE(log->add(place_, "conv", std::vector<TuningMeasurement>{{"e", 1}})) << "opened to read";
}

TEST_F(LogTest, AChoiceIsSetChangedAndTakenAway) {
  auto log = open();
  EXPECT_FALSE(log->chosen(place_, "conv")->has_value());
  ASSERT_TRUE(log->choose(place_, "conv", TunedChoice{"a;b", 10, 12}));
  ASSERT_TRUE(log->choose(place_, "conv", TunedChoice{"c", 9, 12}));
  auto chosen = log->chosen(place_, "conv");
  ASSERT_TRUE(chosen && *chosen);
  EXPECT_EQ((*chosen)->choice, "c");
  EXPECT_EQ((*chosen)->value, 9);
  EXPECT_EQ((*chosen)->untuned, 12);
  EXPECT_FALSE(log->chosen({place_.machine, place_.memory, "2"}, "conv")->has_value());
  ASSERT_TRUE(log->choose(place_, "conv", std::nullopt));
  EXPECT_FALSE(log->chosen(place_, "conv")->has_value());
  ASSERT_TRUE(log->choose(place_, {{"conv", {"d", 8, 12}}, {"pool", {"e", 3, 4}}}));
  EXPECT_EQ((*log->chosen(place_, "conv"))->choice, "d");
  EXPECT_EQ((*log->chosen(place_, "pool"))->untuned, 4);
}

TEST_F(LogTest, WhatIsNoLogIsAnErrorAndStaysAsItIs) {
  EXPECT_EQ(openError(Mode::Read), "cannot read the tuning log " + path_ + ": no such file");
  EXPECT_FALSE(fs::exists(path_));
  for (const std::string &text : {std::string("{\"not\": \"a log\"}"), std::string(5000, 'x')}) {
    write(text);
    for (Mode mode : {Mode::Read, Mode::Write})
      EXPECT_EQ(openError(mode), "cannot " + std::string(mode == Mode::Read ? "read" : "write") +
                                     " the tuning log " + path_ + ": file is not a database");
    EXPECT_EQ(bytes(), text);
  }
  fs::remove(path_);
  sql("CREATE TABLE accounts(name TEXT)");
  const std::string before = bytes();
  for (Mode mode : {Mode::Read, Mode::Write})
    EXPECT_EQ(openError(mode), path_ + " is no tuning log");
  EXPECT_EQ(bytes(), before);
  path_ = folder_;
  EXPECT_NE(openError(Mode::Write), "");
}

TEST_F(LogTest, ANewerFormatIsAnError) {
  open();
  sql("PRAGMA user_version = 2");
  for (Mode mode : {Mode::Read, Mode::Write})
    EXPECT_EQ(openError(mode), "the tuning log " + path_ + " has format 2, this program knows 1");
}

// A byte changed anywhere, or the end missing: an error or other values, no crash and no change of the file.
TEST_F(LogTest, ADamagedFileIsAnErrorAndNothingIsLost) {
  {
    auto log = open();
    for (int i = 0; i < 40; ++i)
      ASSERT_TRUE(log->add(place_, "task " + std::to_string(i),
                           std::vector<TuningMeasurement>{{std::string(300, 'a'), i}}));
  }
  const std::string good = bytes();
  size_t errors = 0;
  for (size_t i = 0; i < 300; ++i) {
    std::string bad = good;
    if (i % 3 == 0)
      bad.resize(good.size() * i / 300);
    else
      for (size_t k = 0; k < 64; ++k)
        bad[(i * 7919 + k) % bad.size()] ^= char(0x5a + i);
    write(bad);
    auto log = TuningLog::open(path_, Mode::Read);
    bool failed = !log;
    for (int task = 0; log && task < 40; ++task)
      failed = !(*log)->measurements(place_, "task " + std::to_string(task)) || failed;
    errors += failed;
    EXPECT_EQ(bytes(), bad);
  }
  EXPECT_GT(errors, 100u);
}

TEST_F(LogTest, TwoProcessesWriteAtOnce) {
  constexpr int kEach = 60;
  std::vector<pid_t> children;
  for (int child = 0; child < 3; ++child)
    if (pid_t pid = fork(); pid == 0) {
      auto log = TuningLog::open(path_, Mode::Write);
      bool good = bool(log);
      for (int i = 0; good && i < kEach; ++i)
        good = bool((*log)->add(place_, "task",
                                std::vector<TuningMeasurement>{{std::to_string(child * 1000 + i), i}}));
      _exit(good ? 0 : 1);
    } else {
      children.push_back(pid);
    }
  for (pid_t pid : children) {
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(open(Mode::Read)->measurements(place_, "task")->size(), size_t(3 * kEach));
}

// Killed in the middle of writing: what was added before is there.
TEST_F(LogTest, AKilledWriterLeavesAGoodFile) {
  for (int round = 0; round < 5; ++round) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
      auto log = TuningLog::open(path_, Mode::Write);
      for (int i = 0; log; ++i) {
        (void)(*log)->add(place_, "task",
                          std::vector<TuningMeasurement>{{std::to_string(round * 100000 + i), i}});
        if (i == 3)
          (void)!::write(ready[1], "x", 1);
      }
      _exit(1);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    usleep(useconds_t(1000 * round));
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    close(ready[0]), close(ready[1]);
    auto log = open(Mode::Read);
    ASSERT_TRUE(log);
    auto found = log->measurements(place_, "task");
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_GE(found->size(), size_t(4 * (round + 1)));
  }
}

// Killed when half of a transaction is in the file: who opens it to read sees what was there before it, and still cannot write.
TEST_F(LogTest, AHalfWrittenTransactionIsTakenBackByAReader) {
  ASSERT_TRUE(open()->add(place_, "task", std::vector<TuningMeasurement>{{"a", 1}}));
  if (const pid_t pid = fork(); pid == 0) {
    sqlite3 *database = nullptr;
    sqlite3_open(path_.c_str(), &database);
    sqlite3_exec(
        database,
        "PRAGMA cache_size = 1; BEGIN IMMEDIATE; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
        "FROM n WHERE i < 2000) INSERT INTO measurements SELECT 1, i, 'choice ' || i, i FROM n;",
        nullptr, nullptr, nullptr);
    _exit(0);
  } else {
    waitpid(pid, nullptr, 0);
  }
  ASSERT_GT(fs::file_size(path_ + "-journal"), 0u);
  auto log = open(Mode::Read);
  ASSERT_TRUE(log);
  auto found = log->measurements(place_, "task");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->size(), 1u);
  EXPECT_FALSE(log->add(place_, "task", std::vector<TuningMeasurement>{{"b", 1}}));
}

TEST_F(LogTest, AFullDiskIsAnErrorAndWhatWasThereStays) {
  std::signal(SIGXFSZ, SIG_IGN);
  auto log = open();
  ASSERT_TRUE(log->add(place_, "task", std::vector<TuningMeasurement>{{"a", 1}}));
  const rlimit before = [] {
    rlimit now{};
    getrlimit(RLIMIT_FSIZE, &now);
    return now;
  }();
  rlimit small = before;
  small.rlim_cur = 64 << 10;
  setrlimit(RLIMIT_FSIZE, &small);
  std::string message;
  for (int i = 0; i < 200 && message.empty(); ++i)
    if (auto added = log->add(
            place_, "task", std::vector<TuningMeasurement>{{std::string(1000, 'b') + std::to_string(i), 1}});
        !added)
      message = added.error().message;
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_TRUE(message.starts_with("cannot write the tuning log " + path_ + ": ")) << message;
  auto found = log->measurements(place_, "task");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ((*found)[0].choice, "a");
  EXPECT_TRUE(log->add(place_, "task", std::vector<TuningMeasurement>{{"c", 1}}));
}

TEST_F(LogTest, StandsInTheCacheFolder) {
  setenv("XDG_CACHE_HOME", "/somewhere", 1);
  EXPECT_EQ(defaultTuningLog(), "/somewhere/tessera/tuning.db");
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/home/of", 1);
  EXPECT_EQ(defaultTuningLog(), "/home/of/.cache/tessera/tuning.db");
}

TEST_F(LogTest, TheVersionNamesTheSources) { EXPECT_GT(tuningVersion().size(), 16u); }

} // namespace
} // namespace tessera::compiler
