/* What every library of `tessera compile --target` has in common (docs/ahead-of-time.md). The header of a network says which functions it has, each
 * named for it.
 *
 * A tensor is a dense row-major array of its type. Buffers are the caller's; no alignment beyond the element's is asked, inputs are only read, and no
 * output may overlap another buffer. Libraries keep no state of their own: everything a run writes lies in the instance (or workspace) and in the outputs. So
 * instances may run at the same time, on any thread; one instance runs once at a time.
 *
 * Nothing prints, exits or throws: functions return a tessera_result. */
#ifndef TESSERA_NETWORK_H
#define TESSERA_NETWORK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t tessera_result;
enum {
  TESSERA_OK = 0,
  TESSERA_BAD_ARGUMENT =
      1, /* a null pointer, a workspace that is not 64-byte aligned, a truth value that is neither 0 nor 1 */
  TESSERA_NO_MEMORY = 2,
  TESSERA_FAILED =
      3 /* the network itself cannot go on with these inputs (an index out of range); outputs hold anything */
};

typedef struct tessera_tensor {
  const char *name;
  const char *
      type; /* as numpy names it: int8, uint8, int16, ..., float32, bool; int4 and the like have a byte an element */
  const int64_t *shape; /* rank extents, the outermost first */
  int64_t rank;
  int64_t bytes;
  double scale; /* the real number is scale * (element - zero_point); 0: not quantised */
  int64_t zero_point;
} tessera_tensor;

typedef struct tessera_description {
  int64_t layout;       /* of this structure: 1 */
  const char *network;  /* the file's name without its ending */
  const char *compiler; /* "tessera 0.1.0" */
  const char *target;   /* "aarch64-linux-gnu" */
  const char *cpu;      /* "cortex-a53" */
  int64_t multiply_accumulates;
  int64_t workspace_bytes; /* what a run needs beside inputs and outputs */
  const tessera_tensor *inputs;
  int64_t input_count;
  const tessera_tensor *outputs;
  int64_t output_count;
} tessera_description;

/* A network ready to run: its workspace and the message of what failed last. */
typedef struct tessera_instance tessera_instance;

#ifdef __cplusplus
}
#endif
#endif
