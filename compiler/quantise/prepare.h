/// The float network in the form that is quantised: fewer nodes, the same function up to rounding.
#ifndef TESSERA_COMPILER_QUANTISE_PREPARE_H
#define TESSERA_COMPILER_QUANTISE_PREPARE_H

#include "quantise/network.h"

namespace tessera::compiler::quantise {

/// Identity and Dropout go.
void dropIdentities(Network &network);

/// Gemm's alpha and beta go into its weights and bias. MatMul of a matrix becomes Gemm, which has a bias; a constant added behind a
/// Conv or Gemm goes into the bias.
void foldBiases(Network &network);

/// BatchNormalization behind a Conv or Gemm goes into its weights and bias, computed in double. Gives how many.
size_t foldNormalisations(Network &network);

/// Cross-layer equalisation: where one layer feeds the next, directly or through Relu, each channel between them is scaled so that its weights
/// are as large on both sides. The scales are powers of two: the float network's function does not change by a bit. Gives the
/// number of pairs that changed.
size_t equalise(Network &network);

} // namespace tessera::compiler::quantise

#endif
