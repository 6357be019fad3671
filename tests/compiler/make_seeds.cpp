// Writes the importer fuzzer's first corpus: make_seeds FOLDER.

#include "tiny_model.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  std::filesystem::create_directories(argv[1]);
  auto models = tessera::test::tinyOperators();
  models.push_back(tessera::test::tinyNetwork());
  for (size_t i = 0; i < models.size(); ++i) {
    const auto file = models[i].build();
    std::ofstream stream(std::filesystem::path(argv[1]) / ("seed" + std::to_string(i) + ".tflite"),
                         std::ios::binary);
    stream.write(reinterpret_cast<const char *>(file.data()), static_cast<std::streamsize>(file.size()));
    if (!stream) {
      std::fprintf(stderr, "cannot write into %s\n", argv[1]);
      return 1;
    }
  }
}
