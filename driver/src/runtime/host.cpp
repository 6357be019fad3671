#include "host.h"

#include "runtime.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace tessera::driver {

namespace {

constexpr uint64_t kHeaderBytes = 64; // keeps the data aligned
constexpr int64_t kMaxResults = 4096;

/// The run that this thread is in. Host code is C: jumping out of it destroys nothing.
struct Run {
  tsr_runtime *runtime = nullptr;
  std::jmp_buf *exit = nullptr;
};
thread_local Run currentRun;

} // namespace

HostHeap::Block *HostHeap::blockOf(void *data) {
  return reinterpret_cast<Block *>(static_cast<uint8_t *>(data) - kHeaderBytes);
}

void HostHeap::destroy(Block *block) {
  block->~Block();
  std::free(block);
}

void HostHeap::dropSpare() {
  for (Block *block : spare_)
    destroy(block);
  spare_.clear();
  spareBytes_ = 0;
}

HostHeap::~HostHeap() {
  releaseAll();
  dropSpare();
}

void *HostHeap::allocate(uint64_t bytes) {
  if (bytes > limitBytes || liveBytes_ > limitBytes - bytes)
    return nullptr;
  const uint64_t capacity = (bytes + 63) / 64 * 64;
  Block *block = nullptr;
  // A spare block that is not much too large; the latest first, which is likely in the cache.
  for (size_t i = spare_.size(); i-- > 0 && !block;) {
    if (spare_[i]->capacity < capacity || spare_[i]->capacity / 2 > capacity)
      continue;
    block = spare_[i];
    spareBytes_ -= block->capacity;
    spare_.erase(spare_.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (!block) {
    if (spareBytes_ + liveBytes_ + capacity > limitBytes)
      dropSpare();
    void *memory = std::aligned_alloc(64, capacity + kHeaderBytes);
    if (!memory)
      return nullptr;
    block = new (memory) Block;
    block->capacity = capacity;
  }
  block->place = live_.size();
  live_.push_back(block);
  liveBytes_ += block->capacity;
  return reinterpret_cast<uint8_t *>(block) + kHeaderBytes;
}

void HostHeap::release(void *data) {
  Block *block = blockOf(data);
  live_[block->place] = live_.back();
  live_[block->place]->place = block->place;
  live_.pop_back();
  liveBytes_ -= block->capacity;
  spare_.push_back(block);
  spareBytes_ += block->capacity;
}

void HostHeap::releaseAll() {
  while (!live_.empty())
    release(reinterpret_cast<uint8_t *>(live_.back()) + kHeaderBytes);
}

int32_t callHost(tsr_runtime *runtime, const void *const *inputs, void *const *outputs) {
  std::jmp_buf leave;
  const Run outer = currentRun;
  runtime->results.clear();
  currentRun = {runtime, &leave};
  int32_t status = TSR_OUT_OF_RANGE;
  if (setjmp(leave) == 0)
    status = runtime->entry(runtime, inputs, outputs);
  currentRun = outer;
  runtime->heap.releaseAll();
  return status;
}

} // namespace tessera::driver

using namespace tessera::driver;

extern "C" {

void tsr_host_fail(const char *message) {
  if (!currentRun.exit)
    std::abort(); // host code outside a run: our own fault
  currentRun.runtime->message = message;
  std::longjmp(*currentRun.exit, 1);
}

void tsr_host_layer(const char *name) {
  tsr_runtime *runtime = currentRun.runtime;
  if (!runtime || !runtime->timelineLimit)
    return;
  try {
    changeLayer(*runtime, name);
  } catch (const std::bad_alloc &) {
    runtime->layerSlice = {}; // an exception must not pass through host code
  }
}

void tsr_host_parallel(int64_t work, void (*function)(void *, int64_t, int64_t), void *words) {
  tsr_pool_run(currentRun.runtime ? currentRun.runtime->pool : nullptr, work, function, words);
}

int64_t tsr_host_times(int64_t bytes, int64_t extent) {
  int64_t product = 0;
  if (extent < 0)
    tsr_host_fail("a tensor's extent is negative");
  if (__builtin_mul_overflow(bytes, extent, &product) || product > INT64_MAX / 2)
    tsr_host_fail("a tensor is larger than any memory");
  return product;
}

void *tsr_host_allocate(int64_t bytes) {
  HostHeap &heap = currentRun.runtime->heap;
  if (void *data = heap.allocate(static_cast<uint64_t>(bytes)))
    return data;
  static thread_local char message[120];
  std::snprintf(message, sizeof message, "%lld more bytes exceed the %llu that the host code may use",
                static_cast<long long>(bytes), static_cast<unsigned long long>(heap.limitBytes));
  tsr_host_fail(message);
  return nullptr;
}

void tsr_host_free(void *data) {
  if (data)
    currentRun.runtime->heap.release(data);
}

void tsr_host_result(int64_t index, int64_t rank, const int64_t *extents, const void *data, int64_t bytes) {
  auto &results = currentRun.runtime->results;
  if (index < 0 || index >= kMaxResults)
    tsr_host_fail("a result has no place");
  bool isKept = true;
  try {
    if (results.size() <= static_cast<size_t>(index))
      results.resize(static_cast<size_t>(index) + 1);
    HostResult &result = results[static_cast<size_t>(index)];
    result.extents.assign(extents, extents + rank);
    result.data.resize(static_cast<size_t>(bytes));
    if (bytes)
      std::memcpy(result.data.data(), data, static_cast<size_t>(bytes));
    result.isSet = true;
  } catch (const std::bad_alloc &) {
    isKept = false; // an exception must not pass through host code
  }
  if (!isKept)
    tsr_host_fail("there is no memory for a result");
}

} // extern "C"
