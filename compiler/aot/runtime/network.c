/* The runtime of a library: instances, runs, and what host code calls. C, and the C library alone. */
#include "network.h"
#include "tessera/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kAlignment = 64, kMessageBytes = 200 };
/* What host code may have from the heap at once, as tsr_runtime_set_heap's default. */
static const int64_t kHeapBytes = (int64_t)1 << 31;

struct tessera_instance {
  const tessera_code *code;
  void *workspace;
  tsr_pool *pool; /* null: one thread */
  char message[kMessageBytes];
};

/* A block of the heap; its data stand kAlignment bytes further. */
typedef struct block {
  struct block *next, *previous;
  int64_t bytes;
} block;

/* The run that this thread is in. */
typedef struct run {
  jmp_buf leave;
  char *message; /* kMessageBytes, or null */
  tsr_pool *pool;
  block blocks; /* a ring */
  int64_t heapBytes;
} run;
static _Thread_local run *current;

static void say(char *message, const char *format, ...) {
  if (!message)
    return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, kMessageBytes, format, arguments);
  va_end(arguments);
}

/* ---- What host code calls (driver/include/tessera/runtime.h) ---- */

_Noreturn void tsr_host_fail(const char *message) {
  say(current->message, "%s", message);
  longjmp(current->leave, 1);
}

void tsr_host_parallel(int64_t work, tsr_pool_function function, void *words) {
  tsr_pool_run(current->pool, work, function, words);
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
  block *made = NULL;
  if (bytes <= kHeapBytes - current->heapBytes && (uint64_t)bytes <= SIZE_MAX - 2 * kAlignment)
    made = aligned_alloc(kAlignment, ((size_t)bytes + 2 * kAlignment - 1) / kAlignment * kAlignment);
  if (!made)
    tsr_host_fail("the network needs more memory than there is");
  made->bytes = bytes;
  made->next = &current->blocks;
  made->previous = current->blocks.previous;
  made->previous->next = made->next->previous = made;
  current->heapBytes += bytes;
  return (char *)made + kAlignment;
}

void tsr_host_free(void *data) {
  if (!data)
    return;
  block *old = (block *)((char *)data - kAlignment);
  old->previous->next = old->next;
  old->next->previous = old->previous;
  current->heapBytes -= old->bytes;
  free(old);
}

/* Without a version the C library's oldest memcpy would be taken, which on x86-64 is a slow one; memmove has been one all the time. */
void *memcpy(void *to, const void *from, size_t bytes) { return memmove(to, from, bytes); }

/* ---- Runs ---- */

static tessera_result callSegment(const tessera_code *code, tsr_pool *pool, const void *const *inputs,
                                  void *const *outputs, char *message) {
  run *const outer = current;
  run this;
  this.message = message;
  this.pool = pool;
  this.heapBytes = 0;
  this.blocks.next = this.blocks.previous = &this.blocks;
  current = &this;
  volatile tessera_result result = TESSERA_FAILED;
  if (setjmp(this.leave) == 0) {
    code->segment(inputs, outputs);
    result = TESSERA_OK;
  }
  while (this.blocks.next != &this.blocks)
    tsr_host_free((char *)this.blocks.next + kAlignment);
  current = outer;
  return result;
}

/* Compiled code relies on it that a truth value is 0 or 1. */
static int isTruth(const tessera_tensor *tensor, const unsigned char *data) {
  if (strcmp(tensor->type, "bool") == 0)
    for (int64_t i = 0; i < tensor->bytes; ++i)
      if (data[i] > 1)
        return 0;
  return 1;
}

/* Inputs and outputs are there. */
static tessera_result check(const tessera_description *description, const void *const *inputs,
                            void *const *outputs, char *message) {
  if ((!inputs && description->input_count > 0) || (!outputs && description->output_count > 0)) {
    say(message, "%s is null", inputs ? "outputs" : "inputs");
    return TESSERA_BAD_ARGUMENT;
  }
  for (int64_t i = 0; i < description->input_count; ++i) {
    if (!inputs[i] && description->inputs[i].bytes > 0) {
      say(message, "input %d is null", (int)i);
      return TESSERA_BAD_ARGUMENT;
    }
    if (!isTruth(&description->inputs[i], inputs[i])) {
      say(message, "input %d is bool and holds another byte than 0 and 1", (int)i);
      return TESSERA_BAD_ARGUMENT;
    }
  }
  for (int64_t i = 0; i < description->output_count; ++i)
    if (!outputs[i] && description->outputs[i].bytes > 0) {
      say(message, "output %d is null", (int)i);
      return TESSERA_BAD_ARGUMENT;
    }
  return TESSERA_OK;
}

/* The workspace is the arena and, behind it, the list of inputs that the segment gets. */
static tessera_result runIn(const tessera_code *code, tsr_pool *pool, void *workspace,
                            const void *const *inputs, void *const *outputs, char *message) {
  const tessera_description *description = code->description;
  if (!workspace || (uintptr_t)workspace % kAlignment != 0) {
    say(message, "the workspace is %s", workspace ? "not 64-byte aligned" : "null");
    return TESSERA_BAD_ARGUMENT;
  }
  const tessera_result fine = check(description, inputs, outputs, message);
  if (fine != TESSERA_OK)
    return fine;
  const void **list = (const void **)((char *)workspace + code->arena_bytes);
  for (int64_t i = 0; i < description->input_count; ++i)
    list[i] = inputs[i];
  list[description->input_count] = workspace;
  return callSegment(code, pool, list, outputs, message);
}

tessera_result tessera_aot_run_in(const tessera_code *code, void *workspace, const void *const *inputs,
                                  void *const *outputs) {
  return runIn(code, NULL, workspace, inputs, outputs, NULL);
}

tessera_result tessera_aot_create(const tessera_code *code, int32_t threads, tessera_instance **instance) {
  if (!instance)
    return TESSERA_BAD_ARGUMENT;
  *instance = NULL;
  if (threads < 0)
    return TESSERA_BAD_ARGUMENT;
  tessera_instance *made = calloc(1, sizeof *made);
  if (!made)
    return TESSERA_NO_MEMORY;
  made->code = code;
  made->workspace = aligned_alloc(kAlignment, (size_t)code->description->workspace_bytes);
  if (!made->workspace) {
    free(made);
    return TESSERA_NO_MEMORY;
  }
  const int32_t processors = tsr_pool_processors();
  threads = threads == 0 || threads > processors ? processors : threads;
  if (threads > 1 && !(made->pool = tsr_pool_create(threads))) {
    tessera_aot_destroy(made);
    return TESSERA_NO_MEMORY;
  }
  *instance = made;
  return TESSERA_OK;
}

void tessera_aot_destroy(tessera_instance *instance) {
  if (!instance)
    return;
  tsr_pool_destroy(instance->pool);
  free(instance->workspace);
  free(instance);
}

const char *tessera_aot_message(const tessera_instance *instance) {
  return instance ? instance->message : "";
}

tessera_result tessera_aot_run(tessera_instance *instance, const void *const *inputs, void *const *outputs) {
  if (!instance)
    return TESSERA_BAD_ARGUMENT;
  instance->message[0] = 0;
  return runIn(instance->code, instance->pool, instance->workspace, inputs, outputs, instance->message);
}
