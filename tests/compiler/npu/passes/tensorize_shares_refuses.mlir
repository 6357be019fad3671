// RUN: not npu_opt %s tiny npu-tensorize | FileCheck %s
// Both have elements 32 to 63 of INP.
// CHECK: error: does not join the layer before it with a share of its own
func.func private @npu_segment_0(%arg0: tensor<1x2x2x8xi8>) -> tensor<1x2x2x8xi8> attributes {npu.segment = 0 : i64} {
  %1 = npu.pool %arg0 {kind = "max", kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, exit = array<i32: 0, 0, -128, 127>, layers = array<i64: 0>, places = array<i64: 0, 0, 64, 0, 0>, tiling = array<i64: 1, 1, 1, 1, 1>, share = array<i64: 0, 64, 0, 0, 0, 64, 0, 0>} : (tensor<1x2x2x8xi8>) -> tensor<1x2x2x8xi8>
  %0 = npu.pool %1 {kind = "max", kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, exit = array<i32: 0, 0, -128, 127>, layers = array<i64: 0>, places = array<i64: 0, 0, 64, 0, 0>, tiling = array<i64: 1, 1, 1, 1, 1>, joins, share = array<i64: 32, 64, 0, 0, 64, 64, 0, 0>} : (tensor<1x2x2x8xi8>) -> tensor<1x2x2x8xi8>
  return %0 : tensor<1x2x2x8xi8>
}
