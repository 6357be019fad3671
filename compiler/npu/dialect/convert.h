// Operations of the npu dialect to the plain structs of core/ and back. The passes are thin: they read structs, let core/ work,
// and write structs.
#pragma once

#include "core/command.h"
#include "core/layer.h"
#include "core/plan.h"
#include "dialect/NpuDialect.h"

#include <optional>
#include <vector>

namespace tessera::compiler::npu {

// Height, width, channels of an activation: the last dimension is the channels, all between batch and channels are folded into
// height (rank 3 and less) or given as they are (rank 4). Nothing if the batch of a rank-4 tensor is not 1.
std::optional<Shape> shapeOf(mlir::Type type);

// Whether the operation is of the layer level and computes (a view does not).
bool isLayer(mlir::Operation *op);

// Largest bias, and of weights that are all the same their magnitude, where the values are constants of int32 and int8.
void readMagnitudes(Layer &layer, mlir::Value weights, mlir::Value bias);

// The layer, with places where the layout pass has set them.
Layer layerOf(mlir::Operation *op);
std::optional<LayerPlan> planOf(mlir::Operation *op);
void setPlan(mlir::Operation *op, const LayerPlan &plan);
// Places in the order input, rhs, output, weights, parameters.
void setPlaces(mlir::Operation *op, const Layer &layer);

mlir::Operation *buildCommand(mlir::OpBuilder &builder, mlir::Location location, const Command &command);
Command commandOf(mlir::Operation *op);
// All commands of a block, and the block's commands replaced.
std::vector<Command> readCommands(mlir::Block &block);
void replaceCommands(mlir::Block &block, const std::vector<Command> &commands);

} // namespace tessera::compiler::npu
