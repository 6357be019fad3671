// RUN: npu_opt %s pynq npu-place | FileCheck %s

// What the NPU cannot run stays on the CPU, and each says why.
// CHECK: {index = 0 : i64, where = "cpu", why = "weights have a zero point outside int8"}
// CHECK-SAME: {index = 1 : i64, where = "cpu", why = "depthwise with a multiplier of 2 outputs a channel"}
// CHECK-SAME: {index = 2 : i64, where = "cpu", why = "average that does not round halves away from zero"}
// CHECK-SAME: {index = 3 : i64, where = "cpu", why = "no rescale to int8 behind it"}
// CHECK-SAME: {index = 4 : i64, where = "cpu", why = "batch or shape that the npu does not take"}
func.func @main(%arg0: tensor<1x4x4x2xi8>, %arg1: tensor<2x4x4x2xi8>) -> (tensor<1x4x4x2xi8>, tensor<1x4x4x4xi8>, tensor<1x4x4x2xi8>, tensor<1x4x4x2xi32>, tensor<2x4x4x2xi8>) {
  %w = "tosa.const"() {value = dense<1> : tensor<2x1x1x2xi8>} : () -> tensor<2x1x1x2xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<2xi32>} : () -> tensor<2xi32>
  %0 = tosa.conv2d %arg0, %w, %b {dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, quantization_info = #tosa.conv_quant<input_zp = 0, weight_zp = 300>} : (tensor<1x4x4x2xi8>, tensor<2x1x1x2xi8>, tensor<2xi32>) -> tensor<1x4x4x2xi32> loc("0:CONV_2D:a")
  %1 = tosa.rescale %0 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 38>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x2xi32>) -> tensor<1x4x4x2xi8> loc("0:CONV_2D:a")
  %dw = "tosa.const"() {value = dense<1> : tensor<1x1x2x2xi8>} : () -> tensor<1x1x2x2xi8>
  %db = "tosa.const"() {value = dense<5> : tensor<4xi32>} : () -> tensor<4xi32>
  %2 = tosa.depthwise_conv2d %arg0, %dw, %db {dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, quantization_info = #tosa.conv_quant<input_zp = 0, weight_zp = 0>} : (tensor<1x4x4x2xi8>, tensor<1x1x2x2xi8>, tensor<4xi32>) -> tensor<1x4x4x4xi32> loc("1:DEPTHWISE_CONV_2D:b")
  %3 = tosa.rescale %2 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 38>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x4xi32>) -> tensor<1x4x4x4xi8> loc("1:DEPTHWISE_CONV_2D:b")
  %4 = tosa.avg_pool2d %arg0 {acc_type = i32, kernel = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x4x4x2xi8>) -> tensor<1x4x4x2xi8> loc("2:AVERAGE_POOL_2D:c")
  %5 = tosa.conv2d %arg0, %w, %b {dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, quantization_info = #tosa.conv_quant<input_zp = 0, weight_zp = 0>} : (tensor<1x4x4x2xi8>, tensor<2x1x1x2xi8>, tensor<2xi32>) -> tensor<1x4x4x2xi32> loc("3:CONV_2D:d")
  %6 = tosa.max_pool2d %arg1 {kernel = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<2x4x4x2xi8>) -> tensor<2x4x4x2xi8> loc("4:MAX_POOL_2D:e")
  return %1, %3, %4, %5, %6 : tensor<1x4x4x2xi8>, tensor<1x4x4x4xi8>, tensor<1x4x4x2xi8>, tensor<1x4x4x2xi32>, tensor<2x4x4x2xi8>
}
