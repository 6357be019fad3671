#include "golden.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace tessera::test {

namespace fs = std::filesystem;

std::optional<fs::path> modelsFolder() {
  const char *given = std::getenv("TESSERA_MODELS");
  const fs::path path = given ? fs::path(given) : fs::path(TESSERA_SOURCE_DIR) / ".." / "shared" / "models";
  if (!fs::is_directory(path / "tflite"))
    return std::nullopt;
  return path;
}

Bytes readBytes(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

Bytes readNpy(const fs::path &path) {
  const Bytes file = readBytes(path);
  if (file.size() < 10 || file[0] != 0x93)
    return {};
  const size_t header =
      file[6] == 1 ? 10u + file[8] + 256u * file[9] : 12u + file[8] + 256u * file[9] + 65536u * file[10];
  return header <= file.size() ? Bytes(file.begin() + static_cast<std::ptrdiff_t>(header), file.end())
                               : Bytes();
}

std::vector<Case> microCases(const fs::path &models, const std::string &name) {
  std::vector<Case> cases;
  const fs::path folder = models / "goldens" / "tflite-micro" / name;
  for (int i = 0; i < 8; ++i) {
    const fs::path place = folder / ("case" + std::to_string(i));
    if (!fs::is_directory(place))
      continue;
    Case entry{name + "/case" + std::to_string(i), {}, {}};
    for (int k = 0; fs::exists(place / ("input_" + std::to_string(k) + ".npy")); ++k)
      entry.inputs.push_back(readNpy(place / ("input_" + std::to_string(k) + ".npy")));
    for (int k = 0; fs::exists(place / ("output_" + std::to_string(k) + ".npy")); ++k)
      entry.outputs.push_back(readNpy(place / ("output_" + std::to_string(k) + ".npy")));
    cases.push_back(std::move(entry));
  }
  return cases;
}

std::vector<Case> publishedCases(const fs::path &models, const std::string &modelFile) {
  std::vector<Case> cases;
  const fs::path folder = models / "published" / "cfu-playground";
  const auto expected = nlohmann::json::parse(std::ifstream(folder / "expected.json"), nullptr, false);
  if (!expected.is_object())
    return cases;
  for (const auto &[input, value] : expected.items()) {
    if (value.value("model", "") != modelFile || !value.contains("output_int8"))
      continue;
    Case entry{"cfu-playground/" + input, {readBytes(folder / input)}, {{}}};
    for (int byte : value["output_int8"])
      entry.outputs[0].push_back(static_cast<uint8_t>(byte));
    cases.push_back(std::move(entry));
  }
  return cases;
}

} // namespace tessera::test
