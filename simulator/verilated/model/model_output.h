// Where text and stops of the Verilated code go: into the model that is being evaluated, never to stdout, never an abort.
// Included before everything else in every file of a model library (-include).
#pragma once

extern "C" int tsrModelPrint(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define VL_PRINTF tsrModelPrint
#define VL_USER_STOP 1
#define VL_USER_FATAL 1
