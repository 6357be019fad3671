// RUN: not npu_opt %s tiny npu-layout | FileCheck %s
// CHECK: error: 'npu.eltwise' op reads a tensor that nothing writes to the arena
func.func private @npu_segment_0(%arg0: tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> attributes {npu.segment = 0 : i64} {
  %k = "tosa.const"() {value = dense<3> : tensor<1x4x4x8xi8>} : () -> tensor<1x4x4x8xi8>
  %0 = npu.eltwise %arg0, %k {kind = "add", lhs_scale = array<i32: 0, 1073741824, 0>, rhs_scale = array<i32: 0, 1073741824, 0>, scale = array<i32: 1073741824, -19>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  return %0 : tensor<1x4x4x8xi8>
}
