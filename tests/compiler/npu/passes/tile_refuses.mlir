// RUN: not npu_opt %s tiny npu-tile | FileCheck %s
// CHECK: error: no tile of layer npu.pool fits: one position of one block needs 10000 of 2048 input elements and 0 of 1024 weight elements
func.func private @npu_segment_0(%arg0: tensor<1x100x100x8xi8>) -> tensor<1x1x1x8xi8> attributes {npu.segment = 0 : i64} {
  %0 = npu.pool %arg0 {kind = "max", kernel = array<i64: 100, 100>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, exit = array<i32: 0, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x100x100x8xi8>) -> tensor<1x1x1x8xi8>
  return %0 : tensor<1x1x1x8xi8>
}
