#include "tune/boosted.h"

#include <xgboost/c_api.h>

#include <cmath>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

constexpr int kTrees = 60;
// Small trees that learn slowly: there are some hundred rows.
constexpr const char *kSettings[][2] = {{"objective", "reg:squarederror"},
                                        {"base_score", "0"},
                                        {"max_depth", "5"},
                                        {"eta", "0.2"},
                                        {"lambda", "0.1"},
                                        {"tree_method", "exact"},
                                        {"nthread", "1"},
                                        {"seed", "0"},
                                        {"verbosity", "0"}};

Error error() { return {std::string("xgboost: ") + XGBGetLastError()}; }

/// A matrix of XGBoost's, made of rows.
class Matrix {
public:
  explicit Matrix(std::span<const Features> rows) {
    std::vector<float> all;
    for (const Features &row : rows)
      all.insert(all.end(), row.begin(), row.end());
    ok_ = XGDMatrixCreateFromMat(all.data(), rows.size(), rows.front().size(), NAN, &handle_) == 0;
  }
  ~Matrix() {
    if (handle_)
      XGDMatrixFree(handle_);
  }
  Matrix(const Matrix &) = delete;
  Matrix &operator=(const Matrix &) = delete;

  bool ok() const { return ok_; }
  DMatrixHandle handle() const { return handle_; }

private:
  DMatrixHandle handle_ = nullptr;
  bool ok_ = false;
};

} // namespace

Boosted::~Boosted() {
  if (booster_)
    XGBoosterFree(booster_);
}

Expected<void> Boosted::train(std::span<const Features> rows, std::span<const float> values) {
  if (booster_)
    XGBoosterFree(booster_);
  booster_ = nullptr;
  if (rows.empty())
    return {};
  const Matrix matrix(rows);
  if (!matrix.ok() || XGDMatrixSetFloatInfo(matrix.handle(), "label", values.data(), values.size()) != 0)
    return error();
  const DMatrixHandle handle = matrix.handle();
  if (XGBoosterCreate(&handle, 1, &booster_) != 0)
    return error();
  for (const auto &[name, value] : kSettings)
    if (XGBoosterSetParam(booster_, name, value) != 0)
      return error();
  for (int tree = 0; tree < kTrees; ++tree)
    if (XGBoosterUpdateOneIter(booster_, tree, handle) != 0)
      return error();
  return {};
}

Expected<std::vector<float>> Boosted::predict(std::span<const Features> rows) const {
  if (!booster_ || rows.empty())
    return std::vector<float>(rows.size(), 0.0f);
  const Matrix matrix(rows);
  bst_ulong count = 0;
  const float *values = nullptr;
  if (!matrix.ok() || XGBoosterPredict(booster_, matrix.handle(), 0, 0, 0, &count, &values) != 0)
    return error();
  return std::vector<float>(values, values + count);
}

} // namespace tessera::compiler
