/* What compiled host code and whoever runs it agree on. C, because the host object is plain C code.
 *
 * The host object defines `tessera_main`. Tensors are dense, row-major, in the order of the metadata's inputs and
 * outputs, aligned to their element. The arena is scratch memory of metadata `host.arena_bytes`, aligned to 64; its
 * contents do not matter before or after. Nothing is allocated, nothing is kept: calls with different arenas may run at
 * the same time. The result is 0, or what a callback returned first.
 */
#ifndef TESSERA_COMPILER_HOST_ABI_H
#define TESSERA_COMPILER_HOST_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How host code reaches the NPU. `runSegment` computes NPU segment `segment` of the image: it reads the tensors
 * `inputs`, writes `outputs` (dense NHWC in host memory) and returns 0, or an error which ends tessera_main. */
typedef struct tessera_host_callbacks {
  void *context;
  int32_t (*runSegment)(void *context, uint32_t segment, const void *const *inputs, void *const *outputs);
} tessera_host_callbacks;

typedef int32_t (*tessera_main_function)(const void *const *inputs, void *const *outputs, uint8_t *arena,
                                         const tessera_host_callbacks *callbacks);

#ifdef __cplusplus
}
#endif
#endif
