/* The null device: accepts everything, computes nothing, and remembers its register traffic; for tests of the driver.
 *
 * A launch ends at once without error. The options' memory text makes it a strange core: "identity=1", "version=0x20000",
 * "hash=0x1234", "features=0" change what it says it is, "error=3,index=17" makes launches end so, "silent" makes them never end.
 */
#ifndef TESSERA_NULL_DEVICE_H
#define TESSERA_NULL_DEVICE_H

#include "tessera/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tsr_null_access {
  uint32_t write; /* 1: written, 0: read */
  uint32_t offset;
  uint32_t value;
} tsr_null_access;

/* The register accesses since it was opened or cleared, in order: returns how many, writes at most `capacity`. 0 for a device
 * of another kind. */
size_t tsr_null_traffic(tsr_device *device, tsr_null_access *accesses, size_t capacity);
void tsr_null_clear(tsr_device *device);

#ifdef __cplusplus
}
#endif
#endif
