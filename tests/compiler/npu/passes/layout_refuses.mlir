// RUN: not npu_opt %s tiny npu-layout | FileCheck %s
// CHECK: error: has 128 weights and 8 biases for 8 channels of 8
func.func private @npu_segment_0(%arg0: tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> attributes {npu.segment = 0 : i64} {
  %w = "tosa.const"() {value = dense<1> : tensor<16x1x1x8xi8>} : () -> tensor<16x1x1x8xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<8xi32>} : () -> tensor<8xi32>
  %0 = npu.conv %arg0, %w, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 4, 4, 8>, input_zp = 0 : i32, multiplier = array<i32: 1, 2, 3, 4, 5, 6, 7, 8>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x4x4x8xi8>, tensor<16x1x1x8xi8>, tensor<8xi32>) -> tensor<1x4x4x8xi8>
  return %0 : tensor<1x4x4x8xi8>
}
