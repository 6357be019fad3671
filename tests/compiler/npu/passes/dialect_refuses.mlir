// RUN: not npu_opt %s tiny | FileCheck %s
// CHECK: error: 'npu.pool' op kind is average or max, not median
func.func private @f(%arg0: tensor<1x2x2x8xi8>) -> tensor<1x2x2x8xi8> {
  %0 = npu.pool %arg0 {kind = "median", kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, exit = array<i32: 0, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x2x2x8xi8>) -> tensor<1x2x2x8xi8>
  return %0 : tensor<1x2x2x8xi8>
}
