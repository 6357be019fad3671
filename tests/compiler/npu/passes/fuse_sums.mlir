// RUN: npu_opt %s tiny npu-place npu-fuse | FileCheck %s
// RUN: npu_opt %s tiny npu-place npu-fuse npu-segment npu-layout | FileCheck %s --check-prefix=LAYOUT

// The block of channels that needs its second part says so.
// LAYOUT: npu.conv %arg1, {{.*}} {block_parts = array<i64: 2>, depthwise = false,

// A mean is a convolution with weights of 1 and the rescale's divisor. An average of uint8 is one too: raised by 128 and multiplied by a
// quarter, which rounds halves up. Weights that lie more than a byte from their zero point become two bytes.
// CHECK-LABEL: func.func @main
// CHECK: %[[ONES:.*]] = "tosa.const"() <{value = dense<1> : tensor<4x4x8xi8>}>
// CHECK: npu.conv %arg0, %[[ONES]], {{.*}} {depthwise = true, {{.*}} exit = array<i32: 1, 7, -128, 127>, {{.*}} input_zp = -3 : i32, kernel = array<i64: 4, 4>, layers = array<i64: 0>, multiplier = array<i32: 1073741824, {{.*}} shift = array<i32: -4,
// CHECK: %[[RAISE:.*]] = "tosa.const"() <{value = dense<512> : tensor<8xi32>}>
// CHECK: npu.conv %arg0, {{.*}}, %[[RAISE]] {depthwise = true, {{.*}} exit = array<i32: 2, -128, -128, 127>, {{.*}} kernel = array<i64: 2, 2>, {{.*}} multiplier = array<i32: 1073741824, {{.*}} shift = array<i32: -1,
// CHECK: %[[PARTS:.*]] = "tosa.const"() <{value = dense<{{\[\[\[\[\[}}-101, -28]]], {{\[\[\[}}10, -128]]]], {{\[\[\[\[}}0, 0]]], {{\[\[\[}}0, -100]]]]]> : tensor<2x2x1x1x2xi8>}>
// CHECK: npu.conv %arg1, %[[PARTS]], {{.*}} weight_parts = 2 : i64
func.func @main(%arg0: tensor<1x4x4x8xi8>, %arg1: tensor<1x4x4x2xi8>) -> (tensor<1x8xi8>, tensor<1x3x3x8xi8>, tensor<1x4x4x2xi8>) {
  %0 = tosa.rescale %arg0 {input_zp = -3 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 30>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi32> loc("0:MEAN:a")
  %1 = tosa.reduce_sum %0 {axis = 1 : i32} : (tensor<1x4x4x8xi32>) -> tensor<1x1x4x8xi32> loc("0:MEAN:a")
  %2 = tosa.reduce_sum %1 {axis = 2 : i32} : (tensor<1x1x4x8xi32>) -> tensor<1x1x1x8xi32> loc("0:MEAN:a")
  %3 = tosa.rescale %2 {input_zp = 0 : i32, output_zp = 7 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 35>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x1x1x8xi32>) -> tensor<1x1x1x8xi8> loc("0:MEAN:a")
  %4 = tosa.reshape %3 {new_shape = array<i64: 1, 8>} : (tensor<1x1x1x8xi8>) -> tensor<1x8xi8> loc("0:MEAN:a")
  %5 = tosa.avg_pool2d %arg0 {acc_type = i32, kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, tessera.rounding = "half_up"} : (tensor<1x4x4x8xi8>) -> tensor<1x3x3x8xi8> loc("1:AVERAGE_POOL_2D:b")
  %w = "tosa.const"() {value = dense<[[[[-1, 72]]], [[[110, -128]]]]> : tensor<2x1x1x2xi8>} : () -> tensor<2x1x1x2xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<2xi32>} : () -> tensor<2xi32>
  %6 = tosa.conv2d %arg1, %w, %b {dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, quantization_info = #tosa.conv_quant<input_zp = 0, weight_zp = 100>} : (tensor<1x4x4x2xi8>, tensor<2x1x1x2xi8>, tensor<2xi32>) -> tensor<1x4x4x2xi32> loc("2:CONV_2D:c")
  %7 = tosa.rescale %6 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 38>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x2xi32>) -> tensor<1x4x4x2xi8> loc("2:CONV_2D:c")
  return %4, %5, %7 : tensor<1x8xi8>, tensor<1x3x3x8xi8>, tensor<1x4x4x2xi8>
}
