#include "calibration.h"

#include "files.h"

#include <algorithm>
#include <filesystem>

namespace tessera::tools {

using compiler::kDynamicExtent;
using isa::Error;
using isa::Expected;

namespace {

std::string shapeText(const compiler::TensorInfo &tensor) {
  std::string text = tensor.type + "[";
  for (size_t d = 0; d < tensor.shape.size(); ++d)
    text += (d ? "," : "") +
            (tensor.shape[d] == kDynamicExtent ? std::string("?") : std::to_string(tensor.shape[d]));
  return text + "]";
}

std::string folderName(std::string name) {
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '/' || c == ':'; }, '_');
  return name;
}

/// *.npy in a folder, by name.
Expected<std::vector<std::string>> filesIn(const std::string &folder) {
  std::vector<std::string> files;
  std::error_code code;
  std::filesystem::directory_iterator entries(folder, code), end;
  for (; !code && entries != end; entries.increment(code))
    if (entries->path().extension() == ".npy")
      files.push_back(entries->path());
  if (code)
    return Error{"cannot read folder " + folder + ": " + code.message()};
  if (files.empty())
    return Error{"no .npy files in " + folder};
  std::sort(files.begin(), files.end());
  return files;
}

} // namespace

size_t casesOf(const std::vector<uint64_t> &given, const std::vector<uint64_t> &wanted,
               std::vector<uint64_t> &shape) {
  const auto fits = [&](size_t from,
                        size_t to) { // extents of `given` from there on against those of `wanted`
    for (size_t d = 0; from + d < given.size(); ++d)
      if (wanted[to + d] != kDynamicExtent && wanted[to + d] != given[from + d])
        return false;
    return true;
  };
  const bool isBatched = !wanted.empty() && (wanted[0] == kDynamicExtent || wanted[0] == 1);
  shape = given;
  if (isBatched && given.size() + 1 == wanted.size() && fits(0, 1)) {
    shape.insert(shape.begin(), 1);
    return 1;
  }
  if (given.size() == wanted.size() && isBatched && fits(1, 1)) {
    shape[0] = 1;
    return given[0];
  }
  if (given.size() == wanted.size() && fits(0, 0))
    return 1;
  if (given.size() == wanted.size() + 1 && fits(1, 0)) {
    shape.erase(shape.begin());
    return given[0];
  }
  return 0;
}

Expected<size_t> CalibrationFolder::list(const std::string &folder, const compiler::TensorInfo &tensor,
                                         Input &input) {
  auto paths = filesIn(folder);
  if (!paths)
    return paths.error();
  size_t total = 0;
  for (const std::string &path : *paths) {
    auto bytes = readFile(path);
    if (!bytes)
      return bytes.error();
    auto array = parseNpy(*bytes, path);
    if (!array)
      return array.error();
    std::vector<uint64_t> shape;
    const size_t count = array->type == tensor.type ? casesOf(array->shape, tensor.shape, shape) : 0;
    if (count == 0)
      return Error{path + ": " + describe(array->type, array->shape) + " does not fit input " + tensor.name +
                   " " + shapeText(tensor)};
    input.files.push_back({path, total, count});
    total += count;
  }
  return total;
}

Expected<size_t> CalibrationFolder::open(const std::vector<compiler::TensorInfo> &inputs) {
  tensors_ = inputs;
  inputs_.assign(inputs.size(), {});
  if (inputs.empty())
    return Error{"the network has no inputs"};
  size_t cases = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string folder = inputs.size() == 1 ? path_ : path_ + "/" + folderName(inputs[i].name);
    auto count = list(folder, inputs[i], inputs_[i]);
    if (!count)
      return count.error();
    if (i > 0 && *count != cases)
      return Error{folder + ": " + std::to_string(*count) + " cases, input " + inputs[0].name + " has " +
                   std::to_string(cases)};
    cases = *count;
  }
  return cases;
}

Expected<std::vector<compiler::TensorData>> CalibrationFolder::at(size_t index) {
  std::vector<compiler::TensorData> result;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    Input &input = inputs_[i];
    const auto file = std::find_if(input.files.begin(), input.files.end(), [&](const File &candidate) {
      return index >= candidate.first && index - candidate.first < candidate.count;
    });
    if (file == input.files.end())
      return Error{"there is no case " + std::to_string(index)};
    if (input.loadedPath != file->path) {
      auto bytes = readFile(file->path);
      if (!bytes)
        return bytes.error();
      auto array = parseNpy(*bytes, file->path);
      if (!array)
        return array.error();
      if (array->type != tensors_[i].type ||
          casesOf(array->shape, tensors_[i].shape, input.shape) != file->count)
        return Error{file->path + ": the file has changed"};
      input.data = std::move(array->data);
      input.loadedPath = file->path;
    }
    const size_t bytes = input.data.size() / file->count;
    const auto begin = input.data.begin() + static_cast<std::ptrdiff_t>((index - file->first) * bytes);
    result.push_back({input.shape, {begin, begin + static_cast<std::ptrdiff_t>(bytes)}});
  }
  return result;
}

} // namespace tessera::tools
