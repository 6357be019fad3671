// RUN: not npu_opt %s pynq npu-tensorize | FileCheck %s
// A maximum takes nothing from the layer before on chip.
// CHECK: error: cannot be chained to the layer before it
func.func private @npu_segment_0(%arg0: tensor<1x2x2x8xi8>) -> tensor<1x2x2x8xi8> attributes {npu.segment = 0 : i64} {
  %1 = npu.pool %arg0 {kind = "max", kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, exit = array<i32: 0, 0, -128, 127>, layers = array<i64: 0>, places = array<i64: 0, 0, 64, 0, 0>, tiling = array<i64: 1, 1, 1, 1, 1>, chained} : (tensor<1x2x2x8xi8>) -> tensor<1x2x2x8xi8>
  %0 = npu.pool %1 {kind = "max", kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, exit = array<i32: 0, 0, -128, 127>, layers = array<i64: 0>, places = array<i64: 64, 0, 128, 0, 0>, tiling = array<i64: 1, 1, 1, 1, 1>, chained, joins} : (tensor<1x2x2x8xi8>) -> tensor<1x2x2x8xi8>
  return %0 : tensor<1x2x2x8xi8>
}
