// RUN: not npu_opt %s tiny npu-host | FileCheck %s
// CHECK: error: stands in @main, which may only call segments
func.func @main(%arg0: tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> {
  %0 = tosa.clamp %arg0 {min_int = 0 : i64, max_int = 100 : i64, min_fp = 0.0 : f32, max_fp = 0.0 : f32} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  return %0 : tensor<1x4x4x8xi8>
}
