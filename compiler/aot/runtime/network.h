/* Between the generated code of a network (aot/describe.cpp) and the runtime in its library. */
#ifndef TESSERA_AOT_NETWORK_H
#define TESSERA_AOT_NETWORK_H

#include "tessera_network.h"

/* What a library is made of: cpu_segment_0 (docs/host-code.md), whose last input is its arena. */
typedef struct tessera_code {
  const tessera_description *description;
  void (*segment)(const void *const *inputs, void *const *outputs);
  int64_t arena_bytes;
} tessera_code;

tessera_result tessera_aot_create(const tessera_code *code, int32_t threads, tessera_instance **instance);
void tessera_aot_destroy(tessera_instance *instance);
const char *tessera_aot_message(const tessera_instance *instance);
tessera_result tessera_aot_run(tessera_instance *instance, const void *const *inputs, void *const *outputs);
tessera_result tessera_aot_run_in(const tessera_code *code, void *workspace, const void *const *inputs,
                                  void *const *outputs);

#endif
