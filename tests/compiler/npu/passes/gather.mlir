// RUN: npu_opt %s tiny npu-gather | FileCheck %s
// RUN: npu_opt %s tiny npu-gather npu-layout npu-tile | FileCheck %s --check-prefix=EDGE

// 27 products of a window fill four blocks of 8 instead of nine.
// CHECK-LABEL: func.func private @npu_segment_0
// CHECK: %[[W:.*]] = npu.windows %arg0 {dilation = array<i64: 1, 1>, fill = -5 : i32, kernel = array<i64: 3, 3>, pad = array<i64: 1, 0>, stride = array<i64: 2, 1>} : (tensor<1x16x18x3xi8>) -> tensor<1x8x16x27xi8>
// CHECK: npu.conv %[[W]], {{.*}} input_shape = array<i64: 8, 16, 27>, {{.*}}kernel = array<i64: 1, 1>, {{.*}}pad = array<i64: 0, 0, 0, 0>, {{.*}}stride = array<i64: 1, 1>
// EDGE: npu.inputs = [array<i64: [[#IN:]], 16, 18, 3, 3, 3, 2, 1, 1, 1, 1, 0, 8, 16, -5>]
// EDGE: npu.conv {{.*}} places = array<i64: [[#IN]],
func.func private @npu_segment_0(%arg0: tensor<1x16x18x3xi8>) -> tensor<1x8x16x8xi8> attributes {npu.segment = 0 : i64} {
  %w = "tosa.const"() {value = dense<1> : tensor<8x3x3x3xi8>} : () -> tensor<8x3x3x3xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<8xi32>} : () -> tensor<8xi32>
  %0 = npu.conv %arg0, %w, %b {depthwise = false, kernel = array<i64: 3, 3>, stride = array<i64: 2, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 0, 0, 0>, input_shape = array<i64: 16, 18, 3>, input_zp = -5 : i32, multiplier = array<i32: 1, 2, 3, 4, 5, 6, 7, 8>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x16x18x3xi8>, tensor<8x3x3x3xi8>, tensor<8xi32>) -> tensor<1x8x16x8xi8>
  return %0 : tensor<1x8x16x8xi8>
}

// Full blocks gain nothing.
// CHECK-LABEL: func.func private @npu_segment_1
// CHECK-NOT: npu.windows
func.func private @npu_segment_1(%arg0: tensor<1x16x16x8xi8>) -> tensor<1x16x16x8xi8> attributes {npu.segment = 1 : i64} {
  %w = "tosa.const"() {value = dense<1> : tensor<8x3x3x8xi8>} : () -> tensor<8x3x3x8xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<8xi32>} : () -> tensor<8xi32>
  %0 = npu.conv %arg0, %w, %b {depthwise = false, kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, input_shape = array<i64: 16, 16, 8>, input_zp = -5 : i32, multiplier = array<i32: 1, 2, 3, 4, 5, 6, 7, 8>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x16x16x8xi8>, tensor<8x3x3x8xi8>, tensor<8xi32>) -> tensor<1x16x16x8xi8>
  return %0 : tensor<1x16x16x8xi8>
}
