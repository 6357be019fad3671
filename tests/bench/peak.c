/* The most multiply-accumulates a second that this processor's vectors do, float32 and int8: independent ones in registers, nothing else.
 * peak THREADS SECONDS prints two numbers in 1e9 a second, the best of many windows; int8 is 0 where there is no instruction for dots of bytes.
 * A window is 5 ms in which all threads work at once, counted from the first one's begin to the last one's end: what one alone does while others are kept from running is no peak of all. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined __AVX512F__
enum { kBytes = 64 };
#elif defined __AVX__
enum { kBytes = 32 };
#else
enum { kBytes = 16 };
#endif
enum { kSums = 12, kLoops = 20000, kThreads = 64 };
static const double kWindowSeconds = 5e-3;
typedef float floats __attribute__((vector_size(kBytes)));
typedef int32_t words __attribute__((vector_size(kBytes)));
typedef int8_t bytes __attribute__((vector_size(kBytes)));

#if defined __AVX512VNNI__
#include <immintrin.h>
#define DOT(sum, a, b) (words) _mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(a), (__m512i)(b))
#elif defined __AVXVNNI__
#include <immintrin.h>
#define DOT(sum, a, b) (words) _mm256_dpbusd_avx_epi32((__m256i)(sum), (__m256i)(a), (__m256i)(b))
#elif defined __ARM_FEATURE_DOTPROD
#include <arm_neon.h>
#define DOT(sum, a, b) (words) vdotq_s32((int32x4_t)(sum), (int8x16_t)(a), (int8x16_t)(b))
#endif

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void multiply_floats(void *result) {
  floats sums[kSums], factor, step;
  memset(sums, 0, sizeof sums);
  for (unsigned i = 0; i < kBytes / 4; ++i)
    factor[i] = 0.5f, step[i] = 1.0f;
  for (int loop = 0; loop < kLoops; ++loop)
#pragma clang loop unroll(full)
    for (int i = 0; i < kSums; ++i)
      sums[i] = sums[i] * factor + step;
  for (int i = 1; i < kSums; ++i)
    sums[0] += sums[i];
  memcpy(result, &sums[0], sizeof(float));
}

static void multiply_bytes(void *result) {
#ifdef DOT
  words sums[kSums];
  bytes a, b;
  memset(sums, 0, sizeof sums);
  memset(&a, 3, sizeof a);
  memset(&b, 5, sizeof b);
  for (int loop = 0; loop < kLoops; ++loop)
#pragma clang loop unroll(full)
    for (int i = 0; i < kSums; ++i)
      sums[i] = DOT(sums[i], a, b);
  for (int i = 1; i < kSums; ++i)
    sums[0] += sums[i];
  memcpy(result, &sums[0], sizeof(int32_t));
#else
  (void)result;
#endif
}

typedef struct {
  double begin, end;
  long times;
  float result[32]; /* and a cache line of its own */
} worker;

static pthread_barrier_t together; /* before a window and behind it */
static void (*work)(void *);
static int through;

static void work_a_window(worker *own) {
  own->times = 0;
  own->begin = now();
  do {
    work(own->result);
    own->end = now();
    ++own->times;
  } while (own->end < own->begin + kWindowSeconds);
}

static void *help(void *own) {
  for (;;) {
    pthread_barrier_wait(&together);
    if (through)
      return NULL;
    work_a_window(own);
    pthread_barrier_wait(&together);
  }
}

/* 1e9 multiply-accumulates a second. */
static double best_of(void (*what)(void *), double macs, int threads, double seconds) {
  pthread_t helpers[kThreads];
  static worker workers[kThreads];
  double most = 0;
  work = what;
  through = 0;
  pthread_barrier_init(&together, NULL, (unsigned)threads);
  for (int i = 1; i < threads; ++i)
    pthread_create(&helpers[i], NULL, help, &workers[i]);
  for (const double end = now() + seconds; now() < end;) {
    pthread_barrier_wait(&together);
    work_a_window(&workers[0]);
    pthread_barrier_wait(&together);
    double first = workers[0].begin, last = workers[0].end, times = 0;
    for (int i = 0; i < threads; ++i) {
      first = workers[i].begin < first ? workers[i].begin : first;
      last = workers[i].end > last ? workers[i].end : last;
      times += (double)workers[i].times;
    }
    const double rate = 1e-9 * macs * times / (last - first);
    most = rate > most ? rate : most;
  }
  through = 1;
  pthread_barrier_wait(&together);
  for (int i = 1; i < threads; ++i)
    pthread_join(helpers[i], NULL);
  pthread_barrier_destroy(&together);
  return most;
}

int main(int argc, char **argv) {
  const int threads = argc > 1 ? atoi(argv[1]) : 1;
  const double seconds = argc > 2 ? atof(argv[2]) : 1;
  if (threads < 1 || threads > kThreads)
    return 2;
  const double steps = (double)kSums * kLoops;
  printf("%.1f ", best_of(multiply_floats, steps * kBytes / 4, threads, seconds / 2));
#ifdef DOT
  printf("%.1f\n", best_of(multiply_bytes, steps * kBytes, threads, seconds / 2));
#else
  printf("0\n");
#endif
  return 0;
}
