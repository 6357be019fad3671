// RUN: npu_opt %s tiny npu-place | FileCheck %s --check-prefix=PLACE
// RUN: npu_opt %s tiny npu-place npu-fuse | FileCheck %s --check-prefix=FUSE
// RUN: npu_opt %s none npu-place npu-segment | FileCheck %s --check-prefix=NONE

// PLACE: npu.placement = [{index = 0 : i64, where = "npu", why = "part of conv 1:CONV_2D:c"}, {index = 1 : i64, where = "npu", why = "conv with MATMUL"},
// PLACE-SAME: {index = 2 : i64, where = "npu", why = "average_pool with SUM"}, {index = 3 : i64, where = "npu", why = "conv with MATMUL"},
// PLACE-SAME: {index = 4 : i64, where = "cpu", why = "no tensor instruction computes softmax"}]

// A padding with the zero point goes into the convolution; a reshape in front of a dense layer becomes its kernel's shape.
// FUSE-LABEL: func.func @main
// FUSE-NOT: tosa.pad
// FUSE: npu.conv %arg0, {{.*}} {depthwise = false, dilation = array<i64: 1, 1>, exit = array<i32: 1, 4, 4, 100>, input_shape = array<i64: 6, 6, 3>, input_zp = -3 : i32,
// FUSE-SAME: kernel = array<i64: 3, 3>, layers = array<i64: 1, 0>, multiplier = array<i32: 1073741824, 1073741824>, pad = array<i64: 1, 1, 1, 1>, shift = array<i32: -7, -7>, stride = array<i64: 1, 1>}
// FUSE: npu.pool {{.*}} {exit = array<i32: 4, 0, -128, 127>, kernel = array<i64: 2, 2>, kind = "average"
// FUSE: npu.conv {{.*}} input_shape = array<i64: 3, 3, 2>, {{.*}} kernel = array<i64: 3, 3>
// FUSE: tosa.custom

// NONE: func.func private @cpu_body_0(%arg0: tensor<1x6x6x3xi8>, %arg1: tensor<256xi32>) -> tensor<1x4xi8>
// NONE: tosa.conv2d
// NONE: func.func @main
// NONE-NEXT: call @cpu_body_0
// NONE-NEXT: return
func.func @main(%arg0: tensor<1x6x6x3xi8>, %arg1: tensor<256xi32>) -> tensor<1x4xi8> {
  %pads = "tosa.const"() {value = dense<[[0, 0], [1, 1], [1, 1], [0, 0]]> : tensor<4x2xi32>} : () -> tensor<4x2xi32> loc("0:PAD:p")
  %zp = "tosa.const"() {value = dense<-3> : tensor<i8>} : () -> tensor<i8> loc("0:PAD:p")
  %0 = tosa.pad %arg0, %pads, %zp : (tensor<1x6x6x3xi8>, tensor<4x2xi32>, tensor<i8>) -> tensor<1x8x8x3xi8> loc("0:PAD:p")
  %w = "tosa.const"() {value = dense<1> : tensor<2x3x3x3xi8>} : () -> tensor<2x3x3x3xi8> loc("1:CONV_2D:c")
  %b = "tosa.const"() {value = dense<[5, 6]> : tensor<2xi32>} : () -> tensor<2xi32> loc("1:CONV_2D:c")
  %1 = tosa.conv2d %0, %w, %b {dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, quantization_info = #tosa.conv_quant<input_zp = -3, weight_zp = 0>} : (tensor<1x8x8x3xi8>, tensor<2x3x3x3xi8>, tensor<2xi32>) -> tensor<1x6x6x2xi32> loc("1:CONV_2D:c")
  %2 = tosa.rescale %1 {input_zp = 0 : i32, output_zp = 4 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 38>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x6x6x2xi32>) -> tensor<1x6x6x2xi8> loc("1:CONV_2D:c")
  %3 = tosa.clamp %2 {min_int = 4 : i64, max_int = 100 : i64, min_fp = 0.0 : f32, max_fp = 0.0 : f32} : (tensor<1x6x6x2xi8>) -> tensor<1x6x6x2xi8> loc("1:CONV_2D:c")
  %4 = tosa.avg_pool2d %3 {acc_type = i32, kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, tessera.rounding = "half_away"} : (tensor<1x6x6x2xi8>) -> tensor<1x3x3x2xi8> loc("2:AVERAGE_POOL_2D:a")
  %5 = tosa.reshape %4 {new_shape = array<i64: 1, 18>} : (tensor<1x3x3x2xi8>) -> tensor<1x18xi8> loc("3:FULLY_CONNECTED:d")
  %fw = "tosa.const"() {value = dense<2> : tensor<4x18xi8>} : () -> tensor<4x18xi8> loc("3:FULLY_CONNECTED:d")
  %fb = "tosa.const"() {value = dense<0> : tensor<4xi32>} : () -> tensor<4xi32> loc("3:FULLY_CONNECTED:d")
  %6 = tosa.fully_connected %5, %fw, %fb {quantization_info = #tosa.conv_quant<input_zp = 4, weight_zp = 0>} : (tensor<1x18xi8>, tensor<4x18xi8>, tensor<4xi32>) -> tensor<1x4xi32> loc("3:FULLY_CONNECTED:d")
  %7 = tosa.rescale %6 {input_zp = 0 : i32, output_zp = 0 : i32, multiplier = array<i32: 1073741824>, shift = array<i8: 40>, scale32 = true, double_round = true, per_channel = false} : (tensor<1x4xi32>) -> tensor<1x4xi8> loc("3:FULLY_CONNECTED:d")
  %8 = tosa.custom %7, %arg1 {domain_name = "tessera", operator_name = "softmax", implementation_attrs = ""} : (tensor<1x4xi8>, tensor<256xi32>) -> tensor<1x4xi8> loc("4:SOFTMAX:s")
  return %8 : tensor<1x4xi8>
}
