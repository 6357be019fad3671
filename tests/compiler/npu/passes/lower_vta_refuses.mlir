// Sums that may leave 32 bits where a machine of level vta rounds them.
// RUN: not npu_opt %s %S/../../../cosim/machines/vta.json npu-segment npu-layout | FileCheck %s
// CHECK: error: sums of up to 2147485664 may leave 32 bits where the machine rounds them
func.func @main(%arg0: tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> {
  %w = "tosa.const"() {value = dense<1> : tensor<8x1x1x8xi8>} : () -> tensor<8x1x1x8xi8>
  %b = "tosa.const"() {value = dense<2147483600> : tensor<8xi32>} : () -> tensor<8xi32>
  %0 = npu.conv %arg0, %w, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 4, 4, 8>, input_zp = 0 : i32, multiplier = array<i32: 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824>, shift = array<i32: -3, -3, -3, -3, -3, -3, -3, -3>, exit = array<i32: 2, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x4x4x8xi8>, tensor<8x1x1x8xi8>, tensor<8xi32>) -> tensor<1x4x4x8xi8>
  return %0 : tensor<1x4x4x8xi8>
}
