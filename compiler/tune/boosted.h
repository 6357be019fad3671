/// A gradient-boosted model of numbers (XGBoost): learns from rows of features what each gives, and predicts it for others.
///
/// Deterministic: the same rows in the same order give the same model. Errors: XGBoost's message.
#ifndef TESSERA_COMPILER_TUNE_BOOSTED_H
#define TESSERA_COMPILER_TUNE_BOOSTED_H

#include "tessera/isa/error.h"

#include <span>
#include <vector>

namespace tessera::compiler {

using Features = std::vector<float>;

class Boosted {
public:
  Boosted() = default;
  ~Boosted();
  Boosted(const Boosted &) = delete;
  Boosted &operator=(const Boosted &) = delete;

  /// Forgets what it knew; all rows have the same number of features. Without rows it predicts 0.
  isa::Expected<void> train(std::span<const Features> rows, std::span<const float> values);
  isa::Expected<std::vector<float>> predict(std::span<const Features> rows) const;

private:
  void *booster_ = nullptr;
};

} // namespace tessera::compiler

#endif
