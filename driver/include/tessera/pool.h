/* Threads that share out one loop nest at a time. C, so that libraries made ahead of time hold the same (compiler/aot). */
#ifndef TESSERA_POOL_H
#define TESSERA_POOL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tsr_pool tsr_pool;
typedef void (*tsr_pool_function)(void *context, int64_t part, int64_t parts);

/* Processors that this process may use; 1 or more. */
int32_t tsr_pool_processors(void);

/* A pool of `threads`, the caller's among them. Null where there is no memory; with fewer threads where the system gives no more. */
tsr_pool *tsr_pool_create(int32_t threads);
/* Ends the threads. After a fork the child's pool has none left: the child goes on with its own thread, and may destroy it. */
void tsr_pool_destroy(tsr_pool *pool);

/* Calls function(context, part, parts) for every part, on any thread, and returns when all are done. How many parts follows from `work`, in vector operations: one on
 * the caller's thread where it is little. A null pool is one thread. One call at a time. */
void tsr_pool_run(tsr_pool *pool, int64_t work, tsr_pool_function function, void *context);

#ifdef __cplusplus
}
#endif
#endif
