// Reference networks and their cases, where the models folder is there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tessera::test {

using Bytes = std::vector<uint8_t>;

/// The models folder: environment TESSERA_MODELS, else ../shared/models beside the repository; nothing where it is absent.
std::optional<std::filesystem::path> modelsFolder();

/// One reference case: raw bytes in and out, in the network's order.
struct Case {
  std::string name;
  std::vector<Bytes> inputs;
  std::vector<Bytes> outputs;
};

/// Cases of goldens/tflite-micro/NAME/case*/ (double rounding).
std::vector<Case> microCases(const std::filesystem::path &models, const std::string &name);

/// Cases of published/cfu-playground for the model file of that name.
std::vector<Case> publishedCases(const std::filesystem::path &models, const std::string &modelFile);

/// The data of a .npy file; empty where it cannot be read.
Bytes readNpy(const std::filesystem::path &path);
Bytes readBytes(const std::filesystem::path &path);

} // namespace tessera::test
