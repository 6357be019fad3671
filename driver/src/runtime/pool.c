#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "tessera/pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The work of a part, in vector operations, that is worth handing over; and how many parts a thread gets where there is enough, so that one that is
 * held up leaves its share to the others. docs/cpu-compiler.md has the measurement. */
enum { kWorkOfPart = 12500, kPartsOfThread = 4, kMaxThreads = 256 };
/* Looks for work before a thread sleeps: 300 microseconds on a Xeon, less where a pause is shorter. */
enum { kLooks = 20000 };

/* Every thread has a run of the parts: the same thread gets the same places of every loop nest, which lie in its caches. Who is done with its own takes of the others' what is left.
 * A run is one word: the job's number (upper half), its end and the next part of it. Who takes a part counts the word up; nothing else of the job is read before that, and the job
 * stays until all its parts are done. */
enum { kPartBits = 16, kLineBytes = 64 };
#define NEXT_OF(ticket) ((ticket) & 0xffff)
#define END_OF(ticket) ((ticket) >> kPartBits & 0xffff)

typedef struct {
  _Alignas(kLineBytes) _Atomic uint64_t ticket;
  tsr_pool *pool;
  pthread_t thread; /* the caller's is not used */
  int32_t number;
} member;

struct tsr_pool {
  _Alignas(kLineBytes) _Atomic uint32_t job; /* counts jobs; threads sleep on it */
  _Atomic uint32_t sleepers;
  _Atomic uint32_t ends;
  _Alignas(kLineBytes) _Atomic uint32_t done; /* parts of this job; the caller sleeps on it */
  _Atomic uint32_t waits;                     /* the caller sleeps */
  _Alignas(kLineBytes) tsr_pool_function function;
  void *context;
  uint32_t parts;
  pid_t process;
  int32_t threads; /* wanted, the caller's among them */
  int32_t made;    /* of them; the caller's alone reads it */
  member members[];
};

static void pause_briefly(void) {
#if defined __x86_64__
  __builtin_ia32_pause();
#elif defined __aarch64__ || defined __arm__
  __asm__ volatile("yield");
#endif
}

static void sleep_on(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, (uint32_t *)word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}
static void wake(_Atomic uint32_t *word, int32_t threads) {
  syscall(SYS_futex, (uint32_t *)word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}

/* Does one part of a member's run; 0 where none is left. */
static int do_part(tsr_pool *pool, member *of) {
  uint64_t ticket = atomic_load_explicit(&of->ticket, memory_order_acquire);
  do
    if (NEXT_OF(ticket) >= END_OF(ticket))
      return 0;
  while (!atomic_compare_exchange_weak_explicit(&of->ticket, &ticket, ticket + 1, memory_order_acquire,
                                                memory_order_acquire));
  const uint32_t parts = pool->parts;
  pool->function(pool->context, (int64_t)NEXT_OF(ticket), parts);
  if (atomic_fetch_add(&pool->done, 1) + 1 == parts && atomic_load(&pool->waits))
    wake(&pool->done, 1);
  return 1;
}

/* Own parts first, then what the others have left. */
static void do_parts(tsr_pool *pool, int32_t number) {
  for (int32_t i = 0; i < pool->threads; ++i)
    while (do_part(pool, &pool->members[(number + i) % pool->threads]))
      ;
}

static void *work(void *argument) {
  const member *own = argument;
  tsr_pool *pool = own->pool;
  uint32_t seen = 0;
  for (;;) {
    /* The job first: tsr_pool_destroy sets the end before it counts the job up, so who has seen that job sees the end. */
    const uint32_t job = atomic_load(&pool->job);
    if (atomic_load(&pool->ends))
      break;
    do_parts(pool, own->number);
    seen = job;
    int look = 0;
    while (look < kLooks && atomic_load_explicit(&pool->job, memory_order_relaxed) == seen) {
      pause_briefly();
      ++look;
    }
    if (look < kLooks)
      continue;
    atomic_fetch_add(&pool->sleepers, 1);
    if (atomic_load(&pool->job) == seen)
      sleep_on(&pool->job, seen);
    atomic_fetch_sub(&pool->sleepers, 1);
  }
  return NULL;
}

int32_t tsr_pool_processors(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  /* Not sched_getaffinity: libraries made ahead of time take symbols without versions, and an old one of this name takes other arguments. */
  syscall(SYS_sched_getaffinity, 0, sizeof set, &set);
  const int count = CPU_COUNT(&set);
  return count < 1 ? 1 : count;
}

tsr_pool *tsr_pool_create(int32_t threads) {
  threads = threads < 1 ? 1 : threads > kMaxThreads ? kMaxThreads : threads;
  const size_t bytes = sizeof(tsr_pool) + (size_t)threads * sizeof(member);
  tsr_pool *pool = aligned_alloc(kLineBytes, bytes);
  if (!pool)
    return NULL;
  memset(pool, 0, bytes);
  pool->process = getpid();
  for (int32_t i = 0; i < threads; ++i) {
    pool->members[i].pool = pool;
    pool->members[i].number = i;
  }
  /* Threads look at as many runs as there will be: those of threads that the system does not give stay empty. */
  pool->threads = threads;
  int32_t made = 1;
  sigset_t all, before; /* signals are for the threads of the program */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (made < threads && pthread_create(&pool->members[made].thread, NULL, work, &pool->members[made]) == 0)
    ++made;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pool->made = made;
  return pool;
}

void tsr_pool_destroy(tsr_pool *pool) {
  if (!pool)
    return;
  if (pool->process == getpid()) {
    atomic_store(&pool->ends, 1);
    atomic_fetch_add(&pool->job, 1);
    wake(&pool->job, kMaxThreads);
    for (int32_t i = 1; i < pool->made; ++i)
      pthread_join(pool->members[i].thread, NULL);
  }
  free(pool);
}

void tsr_pool_run(tsr_pool *pool, int64_t work, tsr_pool_function function, void *context) {
  const int64_t worth = work / kWorkOfPart;
  const int64_t most = pool && pool->made > 1 ? (int64_t)pool->made * kPartsOfThread : 1;
  const int64_t parts = worth < most ? worth : most;
  if (parts < 2) {
    function(context, 0, 1);
    return;
  }
  pool->function = function;
  pool->context = context;
  pool->parts = (uint32_t)parts;
  atomic_store(&pool->done, 0);
  const uint32_t job = atomic_load(&pool->job) + 1;
  for (int32_t i = 0; i < pool->made; ++i) {
    const uint64_t begin = (uint64_t)(parts * i / pool->made), end = (uint64_t)(parts * (i + 1) / pool->made);
    atomic_store(&pool->members[i].ticket, (uint64_t)job << 32 | end << kPartBits | begin);
  }
  atomic_store(&pool->job, job);
  if (atomic_load(&pool->sleepers))
    wake(&pool->job, pool->made - 1);
  do_parts(pool, 0);
  int look = 0;
  uint32_t done;
  while ((done = atomic_load(&pool->done)) != (uint32_t)parts) {
    pause_briefly();
    if (++look < kLooks)
      continue;
    atomic_store(&pool->waits, 1);
    done = atomic_load(&pool->done);
    if (done != (uint32_t)parts)
      sleep_on(&pool->done, done);
    atomic_store(&pool->waits, 0);
  }
}
