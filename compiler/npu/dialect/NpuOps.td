include "NpuLayerOps.td"
include "NpuCommandOps.td"
