// RUN: npu_opt %s tiny npu-place | FileCheck %s

// No command writes a constant to the arena: what reads one as a tensor stays on the CPU.
// CHECK: {index = 0 : i64, where = "npu",
// CHECK-SAME: {index = 1 : i64, where = "cpu", why = "a part is constant"}
// CHECK-SAME: {index = 2 : i64, where = "cpu", why = "an input is constant"}
// CHECK-SAME: {index = 3 : i64, where = "cpu", why = "an input is constant"}
// CHECK-SAME: {index = 4 : i64, where = "cpu", why = "an input is constant"}
func.func @main(%arg0: tensor<1x4x4x8xi8>) -> (tensor<1x4x4x16xi8>, tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>) {
  %k = "tosa.const"() {value = dense<3> : tensor<1x4x4x8xi8>} : () -> tensor<1x4x4x8xi8>
  %0 = tosa.max_pool2d %arg0 {kernel = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> loc("0:MAX_POOL_2D:a")
  %1 = tosa.concat %0, %k {axis = 3 : i32} : (tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>) -> tensor<1x4x4x16xi8> loc("1:CONCATENATION:b")
  %2 = tosa.max_pool2d %k {kernel = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> loc("2:MAX_POOL_2D:c")
  %w = "tosa.const"() {value = dense<1> : tensor<8x1x1x8xi8>} : () -> tensor<8x1x1x8xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<8xi32>} : () -> tensor<8xi32>
  %3 = tosa.conv2d %k, %w, %b {dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, quantization_info = #tosa.conv_quant<input_zp = 0, weight_zp = 0>} : (tensor<1x4x4x8xi8>, tensor<8x1x1x8xi8>, tensor<8xi32>) -> tensor<1x4x4x8xi32> loc("3:CONV_2D:d")
  %4 = tosa.rescale %3 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 38>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x8xi32>) -> tensor<1x4x4x8xi8> loc("3:CONV_2D:d")
  %5 = tosa.rescale %0 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 10>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi32> loc("4:ADD:e")
  %6 = tosa.rescale %5 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 31>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x8xi32>) -> tensor<1x4x4x8xi32> loc("4:ADD:e")
  %7 = tosa.rescale %k {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 10>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi32> loc("4:ADD:e")
  %8 = tosa.rescale %7 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 31>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x8xi32>) -> tensor<1x4x4x8xi32> loc("4:ADD:e")
  %9 = tosa.add %6, %8 : (tensor<1x4x4x8xi32>, tensor<1x4x4x8xi32>) -> tensor<1x4x4x8xi32> loc("4:ADD:e")
  %10 = tosa.rescale %9 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 50>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4x4x8xi32>) -> tensor<1x4x4x8xi8> loc("4:ADD:e")
  return %1, %2, %4, %10 : tensor<1x4x4x16xi8>, tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>
}
