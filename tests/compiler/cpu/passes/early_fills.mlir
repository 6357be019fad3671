// RUN: cpu_opt %s cpu-early-fills | FileCheck %s

// A padded picture: the fill goes before the sums that are finished and put into it.
// CHECK-LABEL: func.func @padded(
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<6x6xf32>
// CHECK-NEXT: %[[FILL:.*]] = linalg.fill ins(%{{.*}}) outs(%[[EMPTY]]
// CHECK-NEXT: linalg.matmul
// CHECK: tensor.insert_slice %{{.*}} into %[[FILL]]
func.func @padded(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %sums: tensor<4x4xf32>, %out: tensor<4x4xf32>) -> tensor<6x6xf32> {
  %zero = arith.constant 0.0 : f32
  %product = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>) outs(%sums : tensor<4x4xf32>) -> tensor<4x4xf32>
  %kept = linalg.exp ins(%product : tensor<4x4xf32>) outs(%out : tensor<4x4xf32>) -> tensor<4x4xf32>
  %empty = tensor.empty() : tensor<6x6xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<6x6xf32>) -> tensor<6x6xf32>
  %result = tensor.insert_slice %kept into %fill[1, 1] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<6x6xf32>
  return %result : tensor<6x6xf32>
}

// The sums have another reader: they are no pair, and the fill stands between them.
// CHECK-LABEL: func.func @read_twice(
// CHECK: linalg.matmul
// CHECK-NEXT: tensor.empty
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: linalg.exp
func.func @read_twice(%a: tensor<4x8xf32>, %b: tensor<8x4xf32>, %sums: tensor<4x4xf32>, %out: tensor<4x4xf32>) -> (tensor<6x6xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %product = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x4xf32>) outs(%sums : tensor<4x4xf32>) -> tensor<4x4xf32>
  %kept = linalg.exp ins(%product : tensor<4x4xf32>) outs(%out : tensor<4x4xf32>) -> tensor<4x4xf32>
  %empty = tensor.empty() : tensor<6x6xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<6x6xf32>) -> tensor<6x6xf32>
  %result = tensor.insert_slice %kept into %fill[1, 1] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<6x6xf32>
  return %result, %product : tensor<6x6xf32>, tensor<4x4xf32>
}

// A constant of one value becomes a fill.
// CHECK-LABEL: func.func @constant(
// CHECK: %[[VALUE:.*]] = arith.constant 2.000000e+00 : f32
// CHECK: %[[FILL:.*]] = linalg.fill ins(%[[VALUE]] : f32)
// CHECK: linalg.exp
// CHECK: tensor.insert_slice %{{.*}} into %[[FILL]]
func.func @constant(%in: tensor<4x4xf32>, %out: tensor<4x4xf32>) -> tensor<6x6xf32> {
  %same = arith.constant dense<2.0> : tensor<6x6xf32>
  %kept = linalg.exp ins(%in : tensor<4x4xf32>) outs(%out : tensor<4x4xf32>) -> tensor<4x4xf32>
  %result = tensor.insert_slice %kept into %same[1, 1] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<6x6xf32>
  return %result : tensor<6x6xf32>
}

// A pad is a fill that something is put into.
// CHECK-LABEL: func.func @pad(
// CHECK: %[[FILL:.*]] = linalg.fill
// CHECK: %[[KEPT:.*]] = linalg.exp
// CHECK: tensor.insert_slice %[[KEPT]] into %[[FILL]][1, 1] [4, 4] [1, 1]
// CHECK-NOT: tensor.pad
func.func @pad(%in: tensor<4x4xf32>, %out: tensor<4x4xf32>) -> tensor<6x6xf32> {
  %zero = arith.constant 0.0 : f32
  %kept = linalg.exp ins(%in : tensor<4x4xf32>) outs(%out : tensor<4x4xf32>) -> tensor<4x4xf32>
  %result = tensor.pad %kept low[1, 1] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<4x4xf32> to tensor<6x6xf32>
  return %result : tensor<6x6xf32>
}
