/// Calibration data of `tessera quantize`: .npy files in a folder.
///
/// A network of one input takes all *.npy files of the folder, in the order of their names. A network of several takes, for each input, those of
/// the folder below that has the input's name ('/' and ':' as '_'); the n-th case of each belong together. A file holds one or more
/// cases along its first dimension, or one case without that dimension. One file an input is in memory at a time.
#ifndef TESSERA_TOOLS_CALIBRATION_H
#define TESSERA_TOOLS_CALIBRATION_H

#include "npy.h"

#include "tessera/compiler/quantise.h"

namespace tessera::tools {

class CalibrationFolder : public compiler::CalibrationData {
public:
  explicit CalibrationFolder(std::string path) : path_(std::move(path)) {}
  isa::Expected<size_t> open(const std::vector<compiler::TensorInfo> &inputs) override;
  isa::Expected<std::vector<compiler::TensorData>> at(size_t index) override;

private:
  struct File {
    std::string path;
    size_t first, count; ///< cases
  };
  struct Input {
    std::vector<File> files;
    std::vector<uint64_t> shape; ///< of one case of the file that is loaded
    std::string loadedPath;
    std::vector<uint8_t> data;
  };
  isa::Expected<size_t> list(const std::string &folder, const compiler::TensorInfo &tensor, Input &input);

  std::string path_;
  std::vector<compiler::TensorInfo> tensors_;
  std::vector<Input> inputs_;
};

/// Shape of one case where an array of `given` holds cases of the input, and how many; 0 cases where it does not fit.
size_t casesOf(const std::vector<uint64_t> &given, const std::vector<uint64_t> &wanted,
               std::vector<uint64_t> &shape);

} // namespace tessera::tools

#endif
