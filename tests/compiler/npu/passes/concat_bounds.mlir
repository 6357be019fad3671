// RUN: npu_opt %s tiny npu-place | FileCheck %s

// A convolution that closes gaps has channels squared weights, which no file paid for: a module has so many and no more.
// CHECK: {index = 1 : i64, where = "npu",
// CHECK-SAME: {index = 2 : i64, where = "npu",
// CHECK-SAME: {index = 3 : i64, where = "cpu", why = "parts of channels that fill no blocks, and 5008 x 5004 weights bring those of all concatenations to 75180096, more than 67108864"}
func.func @main(%arg0: tensor<1x1x1x4xi8>, %arg1: tensor<1x1x1x5000xi8>) -> (tensor<1x1x1x5004xi8>, tensor<1x1x1x5004xi8>, tensor<1x1x1x5004xi8>) {
  %0 = tosa.max_pool2d %arg0 {kernel = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x1x1x4xi8>) -> tensor<1x1x1x4xi8> loc("0:MAX_POOL_2D:a")
  %1 = tosa.concat %0, %arg1 {axis = 3 : i32} : (tensor<1x1x1x4xi8>, tensor<1x1x1x5000xi8>) -> tensor<1x1x1x5004xi8> loc("1:CONCATENATION:b")
  %2 = tosa.concat %0, %arg1 {axis = 3 : i32} : (tensor<1x1x1x4xi8>, tensor<1x1x1x5000xi8>) -> tensor<1x1x1x5004xi8> loc("2:CONCATENATION:c")
  %3 = tosa.concat %0, %arg1 {axis = 3 : i32} : (tensor<1x1x1x4xi8>, tensor<1x1x1x5000xi8>) -> tensor<1x1x1x5004xi8> loc("3:CONCATENATION:d")
  return %1, %2, %3 : tensor<1x1x1x5004xi8>, tensor<1x1x1x5004xi8>, tensor<1x1x1x5004xi8>
}
