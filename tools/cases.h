/// The inputs of `tessera run` and `tessera eval`, cut into cases, and the outputs, gathered from them.
#ifndef TESSERA_TOOLS_CASES_H
#define TESSERA_TOOLS_CASES_H

#include "npy.h"
#include "progress.h"

#include "tessera/compiler/session.h"

#include <span>
#include <string>
#include <vector>

namespace tessera::tools {

/// `float32[batch,28,28]`: open extents by their names.
std::string describe(const compiler::TensorInfo &tensor);

/// For each case, every input with its shape.
class Cases {
public:
  explicit Cases(std::vector<std::vector<compiler::TensorData>> cases) : cases_(std::move(cases)) {}
  size_t count() const { return cases_.size(); }
  std::span<const compiler::TensorData> inputs(size_t index) const { return cases_[index]; }
  std::span<const std::vector<compiler::TensorData>> all() const { return cases_; }

private:
  std::vector<std::vector<compiler::TensorData>> cases_;
};

/// Reads the files: one an input of the model, again and again for further cases.
///
/// A .npy file must have the input's type and its shape, or one dimension of cases more in front. Of a static shape, extents of 1 may be
/// left out or added. Of a shape with open extents the rank must be the input's; the file's extents are those of the run. Any other
/// file is raw bytes, one or more cases; an input with open extents has no raw files, as they say no shape.
isa::Expected<Cases> readCases(const std::vector<std::string> &paths,
                               const std::vector<compiler::TensorInfo> &tensors);

/// An array and the name of the file for it, without ending.
struct NamedArray {
  std::string name;
  Array array;
};

/// Gathers outputs of cases.
class OutputCollector {
public:
  explicit OutputCollector(std::vector<compiler::TensorInfo> tensors) : tensors_(std::move(tensors)) {}
  void add(std::vector<compiler::TensorData> outputs) { cases_.push_back(std::move(outputs)); }
  size_t cases() const { return cases_.size(); }
  const std::vector<compiler::TensorInfo> &tensors() const { return tensors_; }
  const compiler::TensorData &at(size_t index, size_t output) const { return cases_[index][output]; }

  /// An output of all cases in one array: of one case in its shape, of N cases with a leading dimension of N (in place of a leading 1).
  /// Where the cases' shapes differ it cannot be, and the array has no data.
  Array joined(size_t output) const;
  /// output_0 ... as joined() has them; output_0_case_0 ... where the cases' shapes differ.
  std::vector<NamedArray> files() const;

private:
  bool isOneShape(size_t output) const;

  std::vector<compiler::TensorInfo> tensors_;
  std::vector<std::vector<compiler::TensorData>> cases_;
};

/// Runs all cases on an open session, so many at once that progress can be shown. An error begins with "case N: ".
isa::Expected<OutputCollector> runCases(compiler::Session &session, const Cases &cases,
                                        const compiler::SessionOptions &options, Progress &progress);

} // namespace tessera::tools

#endif
