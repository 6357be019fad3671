// RUN: npu_opt %s tiny npu-segment npu-blocked | FileCheck %s
// RUN: npu_opt %s tiny npu-segment npu-blocked npu-layout | FileCheck %s --check-prefix=EDGE
// RUN: npu_opt %s tiny npu-segment npu-blocked npu-layout npu-tile npu-tensorize npu-hoist npu-tokens npu-check-order npu-host | FileCheck %s --check-prefix=HOST

// 12 channels in blocks of 8: the pad to 20 adds a block, and fills the four channels of the second block that were not used. The clamp does not care.
// CHECK-LABEL: func.func private @cpu_body_0
// CHECK-SAME: cpu.blocked
// CHECK: [[X:%.*]] = builtin.unrealized_conversion_cast %arg0 : tensor<1x2x2x12xi8> to tensor<2x2x2x8xi8>
// CHECK: [[C:%.*]] = tosa.clamp [[X]] {{.*}} -> tensor<2x2x2x8xi8>
// CHECK-DAG: dense<{{\[\[}}0, 1], [0, 0], [0, 0], [0, 0]]>
// CHECK-DAG: dense<-7> : tensor<i8>
// CHECK: [[P:%.*]] = tosa.pad [[C]], {{.*}} -> tensor<3x2x2x8xi8>
// CHECK: [[M:%.*]] = "tosa.const"() <{value = dense<{{\[\[\[\[}}-1, -1, -1, -1, -1, -1, -1, -1]]], {{\[\[\[}}-1, -1, -1, -1, 0, 0, 0, 0]]], {{\[\[\[}}-1, -1, -1, -1, -1, -1, -1, -1]]]]>
// CHECK: [[A:%.*]] = tosa.bitwise_and [[P]], [[M]]
// CHECK: [[F:%.*]] = "tosa.const"() <{value = dense<{{\[\[\[\[}}0, 0, 0, 0, 0, 0, 0, 0]]], {{\[\[\[}}0, 0, 0, 0, -7, -7, -7, -7]]], {{\[\[\[}}0, 0, 0, 0, 0, 0, 0, 0]]]]>
// CHECK: tosa.bitwise_or [[A]], [[F]]
// CHECK: builtin.unrealized_conversion_cast {{.*}} : tensor<3x2x2x8xi8> to tensor<1x2x2x20xi8>

// Not what has a number for each channel.
// CHECK-LABEL: func.func private @cpu_body_1
// CHECK-NOT: unrealized_conversion_cast
// CHECK-LABEL: func.func @main

// EDGE: npu.outputs = [array<i64: [[#]], 64>], npu.segment = 0
// EDGE: npu.inputs = [array<i64: [[#]], 96>], npu.outputs = [array<i64: [[#]], 2, 2, 12>], npu.segment = 1
// EDGE: npu.inputs = [array<i64: [[#]], 2, 2, 12>]

// HOST-NOT: unrealized_conversion_cast
// HOST: func.func private @cpu_body_0({{.*}}: tensor<2x2x2x8xi8>) -> tensor<3x2x2x8xi8>
// HOST-NOT: unrealized_conversion_cast
// HOST: func.func private @cpu_body_1({{.*}}: tensor<1x2x2x12xi8>) -> tensor<1x2x2x12xi8>
// HOST-NOT: unrealized_conversion_cast
func.func @main(%arg0: tensor<1x2x2x12xi8>) -> tensor<1x2x2x8xi8> {
  %w = "tosa.const"() {value = dense<1> : tensor<12x1x1x12xi8>} : () -> tensor<12x1x1x12xi8>
  %v = "tosa.const"() {value = dense<1> : tensor<12x1x1x20xi8>} : () -> tensor<12x1x1x20xi8>
  %u = "tosa.const"() {value = dense<1> : tensor<8x1x1x12xi8>} : () -> tensor<8x1x1x12xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<12xi32>} : () -> tensor<12xi32>
  %c = "tosa.const"() {value = dense<5> : tensor<8xi32>} : () -> tensor<8xi32>
  %p = "tosa.const"() {value = dense<[[0, 0], [0, 0], [0, 0], [0, 8]]> : tensor<4x2xi32>} : () -> tensor<4x2xi32>
  %n = "tosa.const"() {value = dense<-7> : tensor<i8>} : () -> tensor<i8>
  %0 = npu.conv %arg0, %w, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 2, 2, 12>, input_zp = 0 : i32, multiplier = array<i32: 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x2x2x12xi8>, tensor<12x1x1x12xi8>, tensor<12xi32>) -> tensor<1x2x2x12xi8>
  %1 = tosa.clamp %0 {min_int = 0 : i64, max_int = 100 : i64, min_fp = 0.0 : f32, max_fp = 0.0 : f32} : (tensor<1x2x2x12xi8>) -> tensor<1x2x2x12xi8>
  %2 = tosa.pad %1, %p, %n : (tensor<1x2x2x12xi8>, tensor<4x2xi32>, tensor<i8>) -> tensor<1x2x2x20xi8>
  %3 = npu.conv %2, %v, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 2, 2, 20>, input_zp = 0 : i32, multiplier = array<i32: 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 1>} : (tensor<1x2x2x20xi8>, tensor<12x1x1x20xi8>, tensor<12xi32>) -> tensor<1x2x2x12xi8>
  %4 = tosa.rescale %3 {double_round = true, input_zp = 0 : i32, multiplier = array<i32: 1073741824, 1073741825, 1073741826, 1073741827, 1073741828, 1073741829, 1073741830, 1073741831, 1073741832, 1073741833, 1073741834, 1073741835>, output_zp = 0 : i32, per_channel = true, scale32 = true, shift = array<i8: 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30>} : (tensor<1x2x2x12xi8>) -> tensor<1x2x2x12xi8>
  %5 = npu.conv %4, %u, %c {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 2, 2, 12>, input_zp = 0 : i32, multiplier = array<i32: 1, 1, 1, 1, 1, 1, 1, 1>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 2>} : (tensor<1x2x2x12xi8>, tensor<8x1x1x12xi8>, tensor<8xi32>) -> tensor<1x2x2x8xi8>
  return %5 : tensor<1x2x2x8xi8>
}
