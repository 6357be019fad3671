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

/// The same for an input with open extents.
uint64_t casesInOpen(std::span<const uint64_t> given, const std::vector<uint64_t> &wanted) {
  uint64_t count = 1;
  if (given.size() == wanted.size() + 1) {
    count = given.front();
    given = given.subspan(1);
  }
  const auto fits = [](uint64_t is, uint64_t declared) {
    return declared == compiler::kDynamicExtent || is == declared;
  };
  return std::equal(given.begin(), given.end(), wanted.begin(), wanted.end(), fits) ? count : 0;
}

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::vector<compiler::TensorData> cut(const std::vector<uint8_t> &data, size_t count,
                                      const std::vector<uint64_t> &shape) {
  std::vector<compiler::TensorData> cases;
  const size_t bytes = data.size() / count;
  for (size_t i = 0; i < count; ++i) {
    const auto begin = data.begin() + static_cast<std::ptrdiff_t>(i * bytes);
    cases.push_back({shape, {begin, begin + static_cast<std::ptrdiff_t>(bytes)}});
  }
  return cases;
}

/// The cases of the input that a file holds.
Expected<std::vector<compiler::TensorData>> readInput(const std::string &path,
                                                      const compiler::TensorInfo &tensor) {
  auto file = readFile(path);
  if (!file)
    return file.error();
  if (!endsWith(path, ".npy")) {
    if (tensor.isDynamic())
      return Error{path + ": raw bytes say no shape and input " + tensor.name + " " + describe(tensor) +
                   " has open extents; a .npy file says them, or --extent NAME=N"};
    if (file->empty() || tensor.bytes == 0 || file->size() % tensor.bytes != 0)
      return Error{path + ": " + std::to_string(file->size()) + " bytes, input " + tensor.name + " " +
                   describe(tensor) + " has " + std::to_string(tensor.bytes)};
    return cut(*file, file->size() / tensor.bytes, tensor.shape);
  }
  auto array = parseNpy(*file, path);
  if (!array)
    return array.error();
  const uint64_t count = array->type != tensor.type ? 0
                         : tensor.isDynamic()       ? casesInOpen(array->shape, tensor.shape)
                                                    : casesIn(array->shape, tensor.shape);
  if (count == 0)
    return Error{path + ": " + describe(array->type, array->shape) + " does not fit input " + tensor.name +
                 " " + describe(tensor)};
  std::vector<uint64_t> shape = tensor.shape;
  if (tensor.isDynamic())
    shape.assign(array->shape.end() - static_cast<std::ptrdiff_t>(shape.size()), array->shape.end());
  return cut(array->data, count, shape);
}

} // namespace

std::string describe(const compiler::TensorInfo &tensor) {
  std::string text = tensor.type + "[";
  for (size_t i = 0; i < tensor.shape.size(); ++i)
    text += (i ? "," : "") + (tensor.shape[i] == compiler::kDynamicExtent ? tensor.symbols[i]
                                                                          : std::to_string(tensor.shape[i]));
  return text + "]";
}

Expected<Cases> readCases(const std::vector<std::string> &paths,
                          const std::vector<compiler::TensorInfo> &tensors) {
  if (tensors.empty() || paths.empty() || paths.size() % tensors.size() != 0)
    return Error{"the model has " + std::to_string(tensors.size()) + " inputs, " +
                 std::to_string(paths.size()) + " files were given"};
  std::vector<std::vector<compiler::TensorData>> cases;
  for (size_t first = 0; first < paths.size(); first += tensors.size()) {
    const size_t before = cases.size();
    for (size_t i = 0; i < tensors.size(); ++i) {
      const std::string &path = paths[first + i];
      auto read = readInput(path, tensors[i]);
      if (!read)
        return read.error();
      if (i == 0)
        cases.resize(before + read->size());
      if (before + read->size() != cases.size())
        return Error{path + ": " + std::to_string(read->size()) + " cases, input " + tensors[0].name +
                     " has " + std::to_string(cases.size() - before)};
      for (size_t at = 0; at < read->size(); ++at)
        cases[before + at].push_back(std::move((*read)[at]));
    }
  }
  return Cases(std::move(cases));
}

bool OutputCollector::isOneShape(size_t output) const {
  return std::all_of(cases_.begin(), cases_.end(),
                     [&](const auto &entry) { return entry[output].shape == cases_[0][output].shape; });
}

Array OutputCollector::joined(size_t output) const {
  Array array{tensors_[output].type, {}, {}};
  if (cases_.empty() || !isOneShape(output))
    return array;
  array.shape = at(0, output).shape;
  if (cases_.size() > 1) {
    if (!array.shape.empty() && array.shape.front() == 1)
      array.shape.front() = cases_.size();
    else
      array.shape.insert(array.shape.begin(), cases_.size());
  }
  for (const auto &entry : cases_)
    array.data.insert(array.data.end(), entry[output].data.begin(), entry[output].data.end());
  return array;
}

std::vector<NamedArray> OutputCollector::files() const {
  std::vector<NamedArray> files;
  for (size_t o = 0; o < tensors_.size(); ++o) {
    const std::string name = "output_" + std::to_string(o);
    if (isOneShape(o)) {
      files.push_back({name, joined(o)});
      continue;
    }
    for (size_t i = 0; i < cases_.size(); ++i)
      files.push_back(
          {name + "_case_" + std::to_string(i), {tensors_[o].type, at(i, o).shape, at(i, o).data}});
  }
  return files;
}

Expected<OutputCollector> runCases(compiler::Session &session, const Cases &cases,
                                   const compiler::SessionOptions &options, Progress &progress) {
  constexpr size_t kAtOnce = 16;
  const size_t atOnce = options.overlap ? kAtOnce : 1;
  OutputCollector collector(session.outputs());
  for (size_t first = 0; first < cases.count(); first += atOnce) {
    progress.show("case " + std::to_string(first + 1) + " of " + std::to_string(cases.count()) + " on " +
                  options.device + " ...");
    const auto now = cases.all().subspan(first, std::min(atOnce, cases.count() - first));
    auto outputs = session.run(now, first);
    if (!outputs)
      return outputs.error();
    for (auto &of : *outputs)
      collector.add(std::move(of));
  }
  return collector;
}

} // namespace tessera::tools
