// RUN: npu_opt %s tiny npu-place npu-fuse npu-segment npu-layout | FileCheck %s

// Weights less their zero point as sums of bytes: 127 is one, 128 two, 255 three, -255 two. Each block of channels walks the parts it needs.
// CHECK: dense<{{\[\[\[\[\[}}127]]], {{.*}}[127]]], {{.*}}[127]]]], {{\[\[\[\[}}0]]], {{.*}}[1]]], {{.*}}[127]]]], {{\[\[\[\[}}0]]], {{.*}}[0]]], {{.*}}[1]]]]]> : tensor<3x17x1x1x1xi8>
// CHECK: npu.conv {{.*}} {block_parts = array<i64: 1, 2, 3>, {{.*}} weight_parts = 3 : i64
// CHECK: dense<{{\[\[\[\[\[}}-128]]], {{\[\[\[}}0]]]], {{\[\[\[\[}}-127]]], {{\[\[\[}}0]]]]]> : tensor<2x2x1x1x1xi8>
// CHECK: npu.conv {{.*}} {block_parts = array<i64: 2>, {{.*}} weight_parts = 2 : i64
func.func @main(%arg0: tensor<1x4x4x1xi8>) -> (tensor<1x4x4x17xi8>, tensor<1x4x4x2xi8>) {
  %w = "tosa.const"() {value = dense<[[[[-1]]], [[[-128]]], [[[-128]]], [[[-128]]], [[[-128]]], [[[-128]]], [[[-128]]], [[[-128]]], [[[0]]], [[[-128]]], [[[-128]]], [[[-128]]], [[[-128]]], [[[-128]]], [[[-128]]], [[[-128]]], [[[127]]]]> : tensor<17x1x1x1xi8>} : () -> tensor<17x1x1x1xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<17xi32>} : () -> tensor<17xi32>
  %0 = tosa.conv2d %arg0, %w, %b {dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, quantization_info = #tosa.conv_quant<input_zp = 0, weight_zp = -128>} : (tensor<1x4x4x1xi8>, tensor<17x1x1x1xi8>, tensor<17xi32>) -> tensor<1x4x4x17xi32> loc("0:CONV_2D:a")
  %1 = tosa.rescale %0 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 38>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x17xi32>) -> tensor<1x4x4x17xi8> loc("0:CONV_2D:a")
  %v = "tosa.const"() {value = dense<[[[[-128]]], [[[127]]]]> : tensor<2x1x1x1xi8>} : () -> tensor<2x1x1x1xi8>
  %c = "tosa.const"() {value = dense<5> : tensor<2xi32>} : () -> tensor<2xi32>
  %2 = tosa.conv2d %arg0, %v, %c {dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, quantization_info = #tosa.conv_quant<input_zp = 0, weight_zp = 127>} : (tensor<1x4x4x1xi8>, tensor<2x1x1x1xi8>, tensor<2xi32>) -> tensor<1x4x4x2xi32> loc("1:CONV_2D:b")
  %3 = tosa.rescale %2 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 38>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x2xi32>) -> tensor<1x4x4x2xi8> loc("1:CONV_2D:b")
  return %1, %3 : tensor<1x4x4x17xi8>, tensor<1x4x4x2xi8>
}
