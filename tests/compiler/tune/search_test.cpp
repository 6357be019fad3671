// The search on functions whose best choice is known: fewer measurements than drawing at random, none twice, the same for a seed.
#include "tune/search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <set>
#include <unistd.h>

namespace tessera::compiler {
namespace {

constexpr int kNumbers = 6, kMost = 15;
constexpr uint64_t kSeed = 20240602; // of what is true on average alone

std::vector<int> numbersOf(const std::string &choice) {
  std::vector<int> numbers;
  for (char c : choice)
    numbers.push_back(c - 'a');
  return numbers;
}

// Six numbers, each of which has a best value; some matter more, and two of them depend on each other.
class Bowl : public SearchTask {
public:
  Bowl(std::string key, uint64_t seed, double weight = 1) : key_(std::move(key)), weight_(weight) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < kNumbers; ++i)
      target_.push_back(int(random() % (kMost + 1))), slope_.push_back(0.2 + double(random() % 100) / 50);
  }

  double value(const std::string &choice) const {
    const std::vector<int> x = numbersOf(choice);
    double value = 100;
    for (size_t i = 0; i < x.size(); ++i)
      value += slope_[i] * std::pow(x[i] - target_[i], 2);
    return value + 0.5 * std::abs((x[0] - target_[0]) - (x[1] - target_[1]));
  }

  const std::string &key() const override { return key_; }
  double weight() const override { return weight_; }
  double ideal() const override { return 100; }
  std::string usual() const override { return std::string(kNumbers, 'a'); }
  std::optional<std::string> propose(const std::string &one, const std::string *other,
                                     std::mt19937_64 &random) override {
    std::string choice = one;
    if (other)
      for (size_t i = 0; i < choice.size(); ++i)
        if (random() % 2)
          choice[i] = (*other)[i];
    choice[random() % choice.size()] = char('a' + random() % (kMost + 1));
    return choice;
  }
  std::optional<Description> describe(const std::string &choice) override {
    if (choice.size() != kNumbers)
      return std::nullopt;
    Description description;
    for (int number : numbersOf(choice))
      description.features.push_back(float(number));
    return description;
  }

private:
  std::string key_;
  double weight_;
  std::vector<int> target_;
  std::vector<double> slope_;
};

isa::Expected<std::vector<std::optional<double>>> measureBowls(std::span<const SearchJob> jobs) {
  std::vector<std::optional<double>> values;
  for (const SearchJob &job : jobs)
    values.push_back(static_cast<Bowl *>(job.task)->value(job.choice));
  return values;
}

SearchOptions optionsOf(size_t trials, uint64_t seed) {
  SearchOptions options;
  options.trials = trials;
  options.seed = seed;
  options.worstEstimate = 100;
  return options;
}

double bestOf(Bowl &bowl, const SearchOptions &options) {
  Search search({&bowl}, options, measureBowls, nullptr, {});
  EXPECT_TRUE(search.run());
  EXPECT_LE(search.measured(), options.trials);
  EXPECT_EQ(bowl.value(search.results()[0].choice), search.results()[0].best);
  return *search.results()[0].best;
}

double bestAtRandom(const Bowl &bowl, size_t trials, uint64_t seed) {
  std::mt19937_64 random(seed);
  double best = 1e9;
  for (size_t i = 0; i < trials; ++i) {
    std::string choice;
    for (int k = 0; k < kNumbers; ++k)
      choice += char('a' + random() % (kMost + 1));
    best = std::min(best, bowl.value(choice));
  }
  return best;
}

// Above the best value: 160 measurements of 16.8 million choices leave at most a third of what drawing them leaves, on average, and with
// the model less than without.
TEST(SearchTest, FindsMoreThanDrawingDoes) {
  const uint64_t seed = kSeed;
  double found = 0, blind = 0, drawn = 0;
  constexpr int kBowls = 10;
  for (int i = 0; i < kBowls; ++i) {
    Bowl bowl("bowl", seed + uint64_t(i));
    SearchOptions options = optionsOf(160, seed + uint64_t(i));
    found += bestOf(bowl, options) - 100;
    options.useModel = false;
    blind += bestOf(bowl, options) - 100;
    drawn += bestAtRandom(bowl, 160, seed + uint64_t(i)) - 100;
  }
  std::printf("above the best, on average: search %.2f, without its model %.2f, drawn %.2f\n", found / kBowls,
              blind / kBowls, drawn / kBowls);
  EXPECT_LT(found, drawn / 3);
  EXPECT_LT(found, blind / 2);
}

TEST(SearchTest, IsTheSameForASeed) {
  std::vector<std::vector<std::string>> runs;
  for (uint64_t seed : {7, 7, 8}) {
    Bowl bowl("bowl", 1);
    std::vector<std::string> order;
    Search search({&bowl}, optionsOf(80, seed),
                  [&](std::span<const SearchJob> jobs) {
                    for (const SearchJob &job : jobs)
                      order.push_back(job.choice);
                    return measureBowls(jobs);
                  },
                  nullptr, {});
    ASSERT_TRUE(search.run());
    EXPECT_EQ(std::set<std::string>(order.begin(), order.end()).size(), order.size())
        << "nothing is measured twice";
    EXPECT_EQ(order.size(), 80u);
    runs.push_back(order);
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_NE(runs[0], runs[2]);
}

TEST(SearchTest, TrialsGoWhereThereIsMostToGain) {
  Bowl often("often", 1, 50), seldom("seldom", 1, 1); // the same but for that
  std::map<SearchTask *, size_t> counts;
  Search search({&seldom, &often}, optionsOf(34, 1),
                [&](std::span<const SearchJob> jobs) {
                  for (const SearchJob &job : jobs)
                    ++counts[job.task];
                  return measureBowls(jobs);
                },
                nullptr, {});
  ASSERT_TRUE(search.run());
  EXPECT_GT(counts[&often], 2 * counts[&seldom]);
  EXPECT_GE(counts[&seldom], 1u);
}

// Where the estimate is right there is nothing to learn: the second batch has a choice near the best that can be reached from the first.
class Known : public Bowl {
public:
  using Bowl::Bowl;
  std::optional<Description> describe(const std::string &choice) override {
    auto description = Bowl::describe(choice);
    if (description)
      description->estimate = value(choice);
    return description;
  }
};

TEST(SearchTest, TrustsAnEstimateThatIsRight) {
  const uint64_t seed = kSeed;
  double known = 0, unknown = 0;
  for (uint64_t i = 0; i < 12; ++i) {
    Known with("bowl", seed + i);
    Bowl without("bowl", seed + i);
    known += bestOf(with, optionsOf(40, i)) - 100;
    unknown += bestOf(without, optionsOf(40, i)) - 100;
  }
  EXPECT_LT(known, unknown / 1.5);
}

TEST(SearchTest, WhatCannotBeMeasuredIsNotMeasuredAgain) {
  Bowl bowl("bowl", 3);
  std::set<std::string> failed;
  Search search({&bowl}, optionsOf(100, 1),
                [&](std::span<const SearchJob> jobs) {
                  auto values = measureBowls(jobs);
                  for (size_t i = 0; i < jobs.size(); ++i)
                    if (jobs[i].choice[0] % 3 == 0 && jobs[i].choice != bowl.usual()) {
                      EXPECT_TRUE(failed.insert(jobs[i].choice).second);
                      (*values)[i] = std::nullopt;
                    }
                  return values;
                },
                nullptr, {});
  ASSERT_TRUE(search.run());
  EXPECT_EQ(search.failed(), failed.size());
  EXPECT_GT(search.failed(), 0u);
  EXPECT_LT(*search.results()[0].best, *search.results()[0].usual);
}

TEST(SearchTest, AnErrorOfMeasuringEndsIt) {
  Bowl bowl("bowl", 3);
  size_t calls = 0;
  Search search({&bowl}, optionsOf(100, 1),
                [&](std::span<const SearchJob> jobs) -> isa::Expected<std::vector<std::optional<double>>> {
                  if (++calls == 3)
                    return isa::Error{"the device is gone"};
                  return measureBowls(jobs);
                },
                nullptr, {});
  auto done = search.run();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "the device is gone");
}

TEST(SearchTest, StopsWhenAsked) {
  Bowl bowl("bowl", 3);
  SearchOptions options = optionsOf(1000, 1);
  size_t batches = 0;
  options.progress = [&] { ++batches; };
  options.stop = [&] { return batches >= 4; };
  Search search({&bowl}, options, measureBowls, nullptr, {});
  ASSERT_TRUE(search.run());
  EXPECT_EQ(batches, 4u);
}

// The usual choices of many tasks, too, are measured batch by batch.
TEST(SearchTest, StopsAmongTheUsualChoices) {
  std::vector<std::unique_ptr<Bowl>> bowls;
  std::vector<SearchTask *> tasks;
  for (int i = 0; i < 30; ++i) {
    bowls.push_back(std::make_unique<Bowl>("bowl " + std::to_string(i), 3));
    tasks.push_back(bowls.back().get());
  }
  for (size_t last : {0, 2}) {
    SearchOptions options = optionsOf(1000, 1);
    size_t batches = 0;
    options.progress = [&] { ++batches; };
    options.stop = [&] { return batches >= last; };
    Search search(tasks, options, measureBowls, nullptr, {});
    ASSERT_TRUE(search.run());
    EXPECT_EQ(search.measured(), last * options.batch);
  }
}

TEST(SearchTest, GoesOnFromTheLog) {
  const std::string path =
      std::filesystem::path(testing::TempDir()) / ("search-" + std::to_string(getpid()) + ".db");
  std::filesystem::remove(path);
  const TuningPlace place{"m", "bench", "1"};
  auto log = TuningLog::open(path, TuningLog::Mode::Write);
  ASSERT_TRUE(log);
  std::set<std::string> seen;
  const auto measure = [&](std::span<const SearchJob> jobs) {
    for (const SearchJob &job : jobs)
      EXPECT_TRUE(seen.insert(job.choice).second) << job.choice << " was measured before";
    return measureBowls(jobs);
  };
  Bowl bowl("bowl", 5);
  double best = 1e9;
  for (size_t round = 0; round < 3; ++round) {
    Search search({&bowl}, optionsOf(40, 1), measure, log->get(), place);
    ASSERT_TRUE(search.run());
    EXPECT_EQ(search.measured(), 40u);
    EXPECT_EQ(search.known(), 40 * round);
    EXPECT_LE(*search.results()[0].best, best);
    best = *search.results()[0].best;
  }
  // What the log has of an older time and is no longer possible is not built on.
  ASSERT_TRUE((*log)->add(place, "bowl", std::vector<TuningMeasurement>{{"b", 1}}));
  Search search({&bowl}, optionsOf(20, 1), measure, log->get(), place);
  EXPECT_TRUE(search.run());
  EXPECT_NE(search.results()[0].choice, "b");
  EXPECT_EQ(search.known(), 120u);
  // Nor is a value that nothing can have.
  const std::vector<TuningMeasurement> wrong{
      {"pppppa", 0}, {"pppppb", -1}, {"pppppc", HUGE_VAL}, {"pppppd", 1e300}};
  for (const TuningMeasurement &measurement : wrong)
    ASSERT_FALSE(seen.contains(measurement.choice));
  ASSERT_TRUE((*log)->add(place, "bowl", wrong));
  Search after({&bowl}, optionsOf(0, 1), measure, log->get(), place);
  EXPECT_TRUE(after.run());
  EXPECT_EQ(after.known(), 140u);
  EXPECT_EQ(after.results()[0].best, search.results()[0].best);
  // Another place knows nothing of it.
  seen.clear();
  Search other({&bowl}, optionsOf(20, 1), measure, log->get(), {"m", "ddr3", "1"});
  EXPECT_TRUE(other.run());
  EXPECT_EQ(other.known(), 0u);
  std::filesystem::remove(path);
}

TEST(BoostedTest, LearnsAndIsTheSameEachTime) {
  std::mt19937_64 random(kSeed);
  std::vector<Features> rows, others;
  std::vector<float> values;
  auto value = [](const Features &row) { return row[0] * 2 + (row[1] > 5 ? 10.0f : 0.0f); };
  for (int i = 0; i < 400; ++i) {
    rows.push_back({float(random() % 10), float(random() % 10), float(random() % 10)});
    values.push_back(value(rows.back()));
    others.push_back({float(random() % 10), float(random() % 10), float(random() % 10)});
  }
  Boosted one, two;
  EXPECT_EQ(*one.predict(others), std::vector<float>(others.size(), 0.0f)) << "it knows nothing yet";
  ASSERT_TRUE(one.train(rows, values));
  ASSERT_TRUE(two.train(rows, values));
  auto predicted = one.predict(others);
  ASSERT_TRUE(predicted);
  EXPECT_EQ(*predicted, *two.predict(others));
  for (size_t i = 0; i < others.size(); ++i)
    EXPECT_NEAR((*predicted)[i], value(others[i]), 1.5f);
  ASSERT_TRUE(one.train({}, {}));
  EXPECT_EQ((*one.predict(others))[0], 0);
}

} // namespace
} // namespace tessera::compiler
