// RUN: not npu_opt %s tiny | FileCheck %s
// CHECK: error: 'npu.concat' op has parts that do not fit its result
func.func private @f(%arg0: tensor<1x2x2x8xi8>, %arg1: tensor<1x2x3x8xi8>) -> tensor<1x2x2x16xi8> {
  %0 = npu.concat %arg0, %arg1 {layers = array<i64: 0>} : (tensor<1x2x2x8xi8>, tensor<1x2x3x8xi8>) -> tensor<1x2x2x16xi8>
  return %0 : tensor<1x2x2x16xi8>
}
