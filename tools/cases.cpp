#include "cases.h"

#include "files.h"

#include <algorithm>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

std::vector<uint64_t> withoutOnes(std::vector<uint64_t> shape) {
  std::erase(shape, uint64_t{1});
  return shape;
}

/// Cases in an array of this shape for an input of that shape; 0 where it does not fit.
uint64_t casesIn(const std::vector<uint64_t> &shape, const std::vector<uint64_t> &wanted) {
  std::vector<uint64_t> given = withoutOnes(shape), one = withoutOnes(wanted);
  if (given == one)
    return 1;
  if (given.size() == one.size() + 1 && std::equal(one.begin(), one.end(), given.begin() + 1))
    return given.front();
  return 0;
}

/// The names of a tensor's open extents.
std::string openExtents(const compiler::TensorInfo &tensor) {
  std::string names;
  for (size_t i = 0; i < tensor.shape.size() && i < tensor.symbols.size(); ++i)
    if (tensor.shape[i] == compiler::kDynamicExtent)
      names += (names.empty() ? "" : ", ") + tensor.symbols[i];
  return names;
}

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// The bytes of a file that holds one or more cases of the input.
Expected<std::vector<uint8_t>> readInput(const std::string &path, const compiler::TensorInfo &tensor) {
  auto file = readFile(path);
  if (!file)
    return file.error();
  std::string wanted = describe(tensor.type, tensor.shape);
  if (!endsWith(path, ".npy")) {
    if (file->empty() || file->size() % tensor.bytes != 0)
      return Error{path + ": " + std::to_string(file->size()) + " bytes, input " + tensor.name + " " +
                   wanted + " has " + std::to_string(tensor.bytes)};
    return file;
  }
  auto array = parseNpy(*file, path);
  if (!array)
    return array.error();
  if (array->type != tensor.type || casesIn(array->shape, tensor.shape) == 0)
    return Error{path + ": " + describe(array->type, array->shape) + " does not fit input " + tensor.name +
                 " " + wanted};
  return std::move(array->data);
}

} // namespace

Cases::Cases(std::vector<std::vector<uint8_t>> data, std::vector<compiler::TensorInfo> tensors, size_t count)
    : data_(std::move(data)), tensors_(std::move(tensors)), count_(count) {}

std::span<const std::span<const uint8_t>> Cases::inputs(size_t index) {
  views_.clear();
  for (size_t i = 0; i < data_.size(); ++i)
    views_.push_back(std::span(data_[i]).subspan(index * tensors_[i].bytes, tensors_[i].bytes));
  return views_;
}

Expected<Cases> readCases(const std::vector<std::string> &paths,
                          const std::vector<compiler::TensorInfo> &tensors) {
  if (tensors.empty() || paths.empty() || paths.size() % tensors.size() != 0)
    return Error{"the model has " + std::to_string(tensors.size()) + " inputs, " +
                 std::to_string(paths.size()) + " files were given"};
  for (const compiler::TensorInfo &tensor : tensors)
    if (tensor.isDynamic())
      return Error{"input " + tensor.name + " has an open extent: --extent NAME=N fixes it (" +
                   openExtents(tensor) + ")"};
  std::vector<std::vector<uint8_t>> data(tensors.size());
  size_t count = 0;
  for (size_t first = 0; first < paths.size(); first += tensors.size()) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      auto bytes = readInput(paths[first + i], tensors[i]);
      if (!bytes)
        return bytes.error();
      data[i].insert(data[i].end(), bytes->begin(), bytes->end());
      size_t total = data[i].size() / tensors[i].bytes;
      if (i > 0 && total != count)
        return Error{paths[first + i] + ": " + std::to_string(total) + " cases, input " + tensors[0].name +
                     " has " + std::to_string(count)};
      count = total;
    }
  }
  return Cases(std::move(data), tensors, count);
}

OutputCollector::OutputCollector(const std::vector<compiler::TensorInfo> &tensors, size_t cases) {
  for (const compiler::TensorInfo &tensor : tensors) {
    Array array{tensor.type, tensor.shape, {}};
    if (cases > 1 && !array.shape.empty() && array.shape.front() == 1)
      array.shape.front() = cases;
    else if (cases > 1)
      array.shape.insert(array.shape.begin(), cases);
    arrays_.push_back(std::move(array));
  }
}

void OutputCollector::add(const std::vector<std::vector<uint8_t>> &outputs) {
  for (size_t i = 0; i < arrays_.size() && i < outputs.size(); ++i)
    arrays_[i].data.insert(arrays_[i].data.end(), outputs[i].begin(), outputs[i].end());
}

} // namespace tessera::tools
