// RUN: npu_opt %s tiny npu-segment npu-layout | FileCheck %s
// RUN: npu_opt %s tiny npu-segment npu-layout npu-tile npu-tensorize npu-hoist npu-tokens npu-check-order npu-host | FileCheck %s --check-prefix=HOST

// The launch needs the clamps alone. The absolute values, which a later launch reads, are computed beside it, in a place (576) that nothing of the launch's takes;
// what they are made of (192) is not given away as long as it runs.
// CHECK: func.func private @npu_segment_0
// CHECK-SAME: npu.outputs = [array<i64: 192, 128>]
// CHECK: func.func private @cpu_body_0
// CHECK-NEXT: tosa.clamp
// CHECK-NEXT: tosa.clamp
// CHECK-NEXT: return
// CHECK: func.func private @npu_segment_1
// CHECK-SAME: npu.inputs = [array<i64: 0, 128>], npu.outputs = [array<i64: 384, 128>]
// CHECK: npu.conv {{.*}} places = array<i64: 0, 0, 384,
// CHECK: func.func private @cpu_body_1
// CHECK-NEXT: tosa.abs
// CHECK-NEXT: return
// CHECK: func.func private @npu_segment_2
// CHECK-SAME: npu.inputs = [array<i64: 576, 128>, array<i64: 0, 128>]
// CHECK: func.func @main
// CHECK-NEXT: call @npu_segment_0
// CHECK-NEXT: call @cpu_body_0
// CHECK-NEXT: call @npu_segment_1
// CHECK-NEXT: call @cpu_body_1
// CHECK-NEXT: call @cpu_body_2
// CHECK-NEXT: call @npu_segment_2

// HOST-LABEL: llvm.func @npu_end_1(%arg0
// HOST: llvm.call @tsr_runtime_wait
// HOST: llvm.call @tsr_runtime_take
// HOST-LABEL: llvm.func @npu_start_1(%arg0
// HOST: llvm.call @tsr_runtime_give
// HOST: llvm.call @tsr_runtime_start
// HOST-NOT: llvm.call @tsr_runtime_take
// HOST-LABEL: llvm.func @tessera_main
// HOST: llvm.call @npu_segment_0
// HOST: llvm.call @cpu_segment_0
// HOST: llvm.call @npu_start_1
// HOST: llvm.call @cpu_segment_1
// HOST: llvm.call @npu_end_1
// HOST: llvm.call @cpu_segment_2
// HOST: llvm.call @npu_segment_2
func.func @main(%arg0: tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> {
  %w = "tosa.const"() {value = dense<1> : tensor<8x1x1x8xi8>} : () -> tensor<8x1x1x8xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<8xi32>} : () -> tensor<8xi32>
  %0 = npu.conv %arg0, %w, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 4, 4, 8>, input_zp = 0 : i32, multiplier = array<i32: 1, 2, 3, 4, 5, 6, 7, 8>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x4x4x8xi8>, tensor<8x1x1x8xi8>, tensor<8xi32>) -> tensor<1x4x4x8xi8>
  %2 = tosa.abs %0 : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  %6 = tosa.clamp %0 {min_int = 0 : i64, max_int = 110 : i64, min_fp = 0.0 : f32, max_fp = 0.0 : f32} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  %1 = tosa.clamp %6 {min_int = 0 : i64, max_int = 100 : i64, min_fp = 0.0 : f32, max_fp = 0.0 : f32} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  %3 = npu.conv %1, %w, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 4, 4, 8>, input_zp = 0 : i32, multiplier = array<i32: 1, 2, 3, 4, 5, 6, 7, 8>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x4x4x8xi8>, tensor<8x1x1x8xi8>, tensor<8xi32>) -> tensor<1x4x4x8xi8>
  %4 = tosa.clamp %3 {min_int = 0 : i64, max_int = 100 : i64, min_fp = 0.0 : f32, max_fp = 0.0 : f32} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  %5 = npu.eltwise %2, %4 {kind = "add", lhs_scale = array<i32: 1, 1073741824, 0>, rhs_scale = array<i32: 2, 1073741824, 0>, scale = array<i32: 1073741824, -19>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 2>} : (tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  return %5 : tensor<1x4x4x8xi8>
}
