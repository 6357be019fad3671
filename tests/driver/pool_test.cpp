// Threads that share out loop nests: every part once, whatever the threads do meanwhile, and no hang at a fork or at the end.
#include "tessera/pool.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <sched.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

constexpr int64_t kMuch = int64_t{1} << 40;

struct Destroy {
  void operator()(tsr_pool *pool) const { tsr_pool_destroy(pool); }
};
using Pool = std::unique_ptr<tsr_pool, Destroy>;

/// Counts how often each part was done.
struct Counts {
  std::array<std::atomic<int>, 2048> times{};
  std::atomic<int64_t> parts{0};

  static void count(void *context, int64_t part, int64_t parts) {
    auto *counts = static_cast<Counts *>(context);
    counts->parts = parts;
    ++counts->times[static_cast<size_t>(part)];
  }

  void expectOnce() const {
    for (int64_t part = 0; part < static_cast<int64_t>(times.size()); ++part)
      ASSERT_EQ(times[static_cast<size_t>(part)], part < parts) << "part " << part << " of " << parts;
  }
};

TEST(PoolTest, EveryPartOnce) {
  for (const int32_t threads : {1, 2, 3, 8}) {
    const Pool pool(tsr_pool_create(threads));
    for (int job = 0; job < 2000; ++job) {
      Counts counts;
      tsr_pool_run(pool.get(), kMuch, Counts::count, &counts);
      counts.expectOnce();
      ASSERT_EQ(counts.parts > 1, threads > 1);
    }
  }
}

// Whatever its threads are at when it ends: they begin, look for work, or sleep.
TEST(PoolTest, EndsAtAnyMoment) {
  for (int round = 0; round < 20000; ++round) {
    const Pool pool(tsr_pool_create(3));
    for (volatile int step = 0; step < round; step = step + 1) {
    }
  }
}

/// The cores that the caller's thread may use, while it lasts.
class Cores {
public:
  explicit Cores(int core) {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  ~Cores() { sched_setaffinity(0, sizeof before_, &before_); }
  Cores(const Cores &) = delete;
  Cores &operator=(const Cores &) = delete;

private:
  cpu_set_t before_{};
};

// Threads use the cores of whoever made the pool, also when that has others again, and no more of them are useful than there are cores.
TEST(PoolTest, ThreadsStayOnTheCoresGiven) {
  const int here = sched_getcpu();
  ASSERT_GE(here, 0);
  Pool pool;
  {
    const Cores one(here);
    EXPECT_EQ(tsr_pool_processors(), 1);
    pool.reset(tsr_pool_create(3));
  }
  struct Seen {
    std::thread::id caller = std::this_thread::get_id();
    int core;
    std::atomic<int> others{0}, elsewhere{0};
  } seen{.core = here};
  for (int job = 0; job < 100000 && seen.others < 100; ++job)
    tsr_pool_run(
        pool.get(), kMuch,
        [](void *context, int64_t, int64_t) {
          auto *from = static_cast<Seen *>(context);
          if (std::this_thread::get_id() == from->caller) {
            std::this_thread::yield(); // it may be on the same core
            return;
          }
          ++from->others;
          from->elsewhere += sched_getcpu() != from->core;
        },
        &seen);
  EXPECT_GE(seen.others, 100);
  EXPECT_EQ(seen.elsewhere, 0);
}

TEST(PoolTest, ThreadsThatSleepAreWoken) {
  const Pool pool(tsr_pool_create(3));
  for (int job = 0; job < 50; ++job) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2)); // longer than they look for work
    Counts counts;
    tsr_pool_run(pool.get(), kMuch, Counts::count, &counts);
    counts.expectOnce();
  }
}

TEST(PoolTest, OthersTakePartsToo) {
  const Pool pool(tsr_pool_create(2));
  std::this_thread::sleep_for(std::chrono::milliseconds(50)); // it sleeps, and must be woken
  // The caller's part waits until another thread has done one.
  struct Seen {
    std::atomic<bool> other{false};
    std::thread::id caller = std::this_thread::get_id();
  } seen;
  tsr_pool_run(
      pool.get(), kMuch,
      [](void *context, int64_t, int64_t) {
        auto *mine = static_cast<Seen *>(context);
        if (std::this_thread::get_id() != mine->caller)
          mine->other = true;
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!mine->other && std::chrono::steady_clock::now() < end)
          std::this_thread::yield();
      },
      &seen);
  EXPECT_TRUE(seen.other);
}

TEST(PoolTest, LittleWorkStaysOnTheCaller) {
  const Pool pool(tsr_pool_create(4));
  Counts counts;
  tsr_pool_run(pool.get(), 1, Counts::count, &counts);
  EXPECT_EQ(counts.parts, 1);
  counts.expectOnce();
}

TEST(PoolTest, NoPoolIsOnePart) {
  Counts counts;
  tsr_pool_run(nullptr, kMuch, Counts::count, &counts);
  EXPECT_EQ(counts.parts, 1);
  counts.expectOnce();
  tsr_pool_destroy(nullptr);
}

TEST(PoolTest, CountsOfThreadsAreBounded) {
  EXPECT_GE(tsr_pool_processors(), 1);
  for (const int32_t threads : {-5, 0, 100000}) {
    const Pool pool(tsr_pool_create(threads));
    Counts counts;
    tsr_pool_run(pool.get(), kMuch, Counts::count, &counts);
    counts.expectOnce();
  }
}

/// What a child does with a pool that its parent has used; true where it comes to an end.
bool endsInChild(void (*body)(tsr_pool *), tsr_pool *pool) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    body(pool);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(PoolTest, AChildGoesOnAlone) {
  const Pool pool(tsr_pool_create(3));
  Counts before;
  tsr_pool_run(pool.get(), kMuch, Counts::count, &before);
  EXPECT_TRUE(endsInChild(
      [](tsr_pool *mine) {
        for (int job = 0; job < 10; ++job) {
          Counts counts;
          tsr_pool_run(mine, kMuch, Counts::count, &counts);
          for (int64_t part = 0; part < counts.parts; ++part)
            if (counts.times[static_cast<size_t>(part)] != 1)
              _exit(1);
        }
        tsr_pool_destroy(mine);
      },
      pool.get()));
  Counts after;
  tsr_pool_run(pool.get(), kMuch, Counts::count, &after);
  after.expectOnce();
}

TEST(PoolTest, AProcessEndsWithAPoolThatLives) {
  EXPECT_TRUE(endsInChild(
      [](tsr_pool *) {
        tsr_pool *own = tsr_pool_create(4);
        Counts counts;
        tsr_pool_run(own, kMuch, Counts::count, &counts);
        std::exit(0);
      },
      nullptr));
}

} // namespace
