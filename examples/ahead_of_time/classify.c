/* The demonstration network as a library: classifies the first picture of a file of raw int8 pictures.
 *
 * tessera compile examples/shapes/shapes.tflite --target x86_64-linux-gnu -o shapes
 * cc -Ishapes examples/ahead_of_time/classify.c -Lshapes -lshapes -Wl,-rpath,'$ORIGIN/shapes' -o classify && ./classify pictures.bin */
#include "shapes.h"

#include <stdio.h>

int main(int argc, char **argv) {
  static int8_t picture[SHAPES_INPUT_0_BYTES], scores[SHAPES_OUTPUT_0_BYTES];
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (!file || fread(picture, 1, sizeof picture, file) != sizeof picture) {
    fprintf(stderr, "usage: classify FILE, with %d bytes or more\n", SHAPES_INPUT_0_BYTES);
    return 2;
  }
  fclose(file);

  tessera_instance *network;
  if (shapes_create(1, &network) != TESSERA_OK)
    return 1;
  const void *inputs[SHAPES_INPUTS] = {picture};
  void *outputs[SHAPES_OUTPUTS] = {scores};
  if (shapes_run(network, inputs, outputs) != TESSERA_OK) {
    fprintf(stderr, "%s\n", shapes_message(network));
    return 1;
  }
  shapes_destroy(network);

  int best = 0;
  for (int i = 1; i < SHAPES_OUTPUT_0_BYTES; ++i)
    if (scores[i] > scores[best])
      best = i;
  const tessera_tensor *output = shapes_describe()->outputs;
  printf("class %d with %.3f\n", best, output->scale * (double)(scores[best] - output->zero_point));
  return 0;
}
