#include "accuracy.h"

#include "files.h"

#include <algorithm>
#include <cmath>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

bool isNpy(const std::string &path) { return path.ends_with(".npy"); }

bool isWhole(const std::string &type) { return type.starts_with("int") || type.starts_with("uint"); }

size_t elementsOf(const Array &array) { return array.data.size() / std::max(elementBytes(array.type), 1u); }

Agreement compareClasses(const Array &answers, size_t samples, const Array &reference) {
  Agreement agreement;
  const size_t classes = elementsOf(answers) / samples;
  for (size_t i = 0; i < samples; ++i)
    agreement.sameClass +=
        static_cast<double>(largestOf(answers, i * classes, classes)) == numberAt(reference, i);
  return agreement;
}

Agreement compareOutputs(const Array &answers, size_t samples, const Array &reference) {
  Agreement agreement;
  size_t same = 0;
  const size_t classes = elementsOf(answers) / samples, bytes = answers.data.size() / samples;
  for (size_t i = 0; i < samples; ++i) {
    agreement.sameClass +=
        largestOf(answers, i * classes, classes) == largestOf(reference, i * classes, classes);
    const auto row = answers.data.begin() + static_cast<std::ptrdiff_t>(i * bytes);
    same += std::equal(row, row + static_cast<std::ptrdiff_t>(bytes),
                       reference.data.begin() + static_cast<std::ptrdiff_t>(i * bytes));
  }
  for (size_t i = 0; i < elementsOf(answers); ++i)
    agreement.largestDifference =
        std::max(agreement.largestDifference, std::abs(numberAt(answers, i) - numberAt(reference, i)));
  agreement.sameOutput = same;
  return agreement;
}

} // namespace

Expected<std::vector<uint64_t>> readLabels(const std::string &path) {
  auto file = readFile(path);
  if (!file)
    return file.error();
  auto array = parseNpy(*file, path);
  if (!array)
    return array.error();
  if (!isWhole(array->type) || array->data.empty())
    return Error{path + ": " + describe(array->type, array->shape) +
                 " are no labels, a whole number a sample is needed"};
  std::vector<uint64_t> labels;
  for (size_t i = 0; i < elementsOf(*array); ++i) {
    const double label = numberAt(*array, i);
    if (!(label >= 0 && label < 0x1p53))
      return Error{path + ": label " + std::to_string(i) + " is negative or no class"};
    labels.push_back(static_cast<uint64_t>(label));
  }
  return labels;
}

Expected<Accuracy> judge(const Array &answers, const std::vector<uint64_t> &labels) {
  Accuracy accuracy;
  accuracy.samples = labels.size();
  // Classes stand last, or behind the samples with nothing after them (NCHW).
  const size_t numbers = elementsOf(answers);
  const size_t last = answers.shape.empty() ? 0 : answers.shape.back();
  const size_t samples = last > 1 ? numbers / last : answers.shape.empty() ? 0 : answers.shape.front();
  if (samples != labels.size() || numbers / labels.size() < 2)
    return Error{"the outputs " + describe(answers.type, answers.shape) + " are no scores of " +
                 std::to_string(labels.size()) + " labelled samples"};
  accuracy.classes = numbers / labels.size();
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= accuracy.classes)
      return Error{"label " + std::to_string(i) + " is " + std::to_string(labels[i]) + ", the network has " +
                   std::to_string(accuracy.classes) + " classes"};
    accuracy.right += largestOf(answers, i * accuracy.classes, accuracy.classes) == labels[i];
  }
  return accuracy;
}

Expected<Agreement> compare(const Array &answers, size_t samples, const std::string &path) {
  auto file = readFile(path);
  if (!file)
    return file.error();
  Array reference{answers.type, answers.shape, {}};
  if (isNpy(path)) {
    auto array = parseNpy(*file, path);
    if (!array)
      return array.error();
    reference = std::move(*array);
  } else {
    reference.data = std::move(*file);
  }
  if (reference.type == answers.type && reference.data.size() == answers.data.size())
    return compareOutputs(answers, samples, reference);
  if (isNpy(path) && isWhole(reference.type) && elementsOf(reference) == samples)
    return compareClasses(answers, samples, reference);
  return Error{path + ": " +
               (isNpy(path) ? describe(reference.type, reference.shape)
                            : std::to_string(reference.data.size()) + " bytes") +
               " are neither outputs " + describe(answers.type, answers.shape) + " nor " +
               std::to_string(samples) + " classes"};
}

} // namespace tessera::tools
