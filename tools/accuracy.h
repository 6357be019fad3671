/// How well a network's answers agree with labels and with reference outputs.
///
/// Answers are rows of one number a class, a row a sample; the class of a row is its largest number, of equal ones the first.
#ifndef TESSERA_TOOLS_ACCURACY_H
#define TESSERA_TOOLS_ACCURACY_H

#include "npy.h"

#include <optional>

namespace tessera::tools {

/// Answers against those of a reference.
struct Agreement {
  size_t sameClass = 0;
  std::optional<size_t>
      sameOutput;               ///< rows of the very same bytes; absent where the reference is classes alone
  double largestDifference = 0; ///< of any number; 0 where the reference is classes alone
};

struct Accuracy {
  size_t samples = 0;
  size_t classes = 0;
  size_t right = 0; ///< the label's class has the largest number
  std::optional<Agreement> reference;
};

/// The labels of a .npy file: one whole number a sample.
isa::Expected<std::vector<uint64_t>> readLabels(const std::string &path);

/// Counts. `answers` must divide into a row of two or more for each label, and every label be below the number of classes.
isa::Expected<Accuracy> judge(const Array &answers, const std::vector<uint64_t> &labels);

/// Compares with a file: .npy of the answers' type and number (outputs) or of one whole number a sample (classes), or the raw bytes of
/// outputs.
isa::Expected<Agreement> compare(const Array &answers, size_t samples, const std::string &path);

} // namespace tessera::tools

#endif
