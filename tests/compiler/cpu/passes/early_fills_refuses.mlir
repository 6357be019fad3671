// RUN: cpu_opt %s cpu-early-fills | FileCheck %s

// The value is made later than the picture: nothing moves.
// CHECK-LABEL: func.func @later_value(
// CHECK: linalg.exp
// CHECK: tensor.extract
// CHECK: linalg.fill
func.func @later_value(%in: tensor<4x4xf32>, %out: tensor<4x4xf32>, %i: index) -> tensor<6x6xf32> {
  %kept = linalg.exp ins(%in : tensor<4x4xf32>) outs(%out : tensor<4x4xf32>) -> tensor<4x4xf32>
  %value = tensor.extract %kept[%i, %i] : tensor<4x4xf32>
  %empty = tensor.empty() : tensor<6x6xf32>
  %fill = linalg.fill ins(%value : f32) outs(%empty : tensor<6x6xf32>) -> tensor<6x6xf32>
  %result = tensor.insert_slice %kept into %fill[1, 1] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<6x6xf32>
  return %result : tensor<6x6xf32>
}

// A pad whose shape only the run knows stays one.
// CHECK-LABEL: func.func @open_pad(
// CHECK-NOT: linalg.fill
// CHECK: linalg.exp
// CHECK: tensor.pad
func.func @open_pad(%in: tensor<?x4xf32>, %out: tensor<?x4xf32>) -> tensor<?x6xf32> {
  %zero = arith.constant 0.0 : f32
  %kept = linalg.exp ins(%in : tensor<?x4xf32>) outs(%out : tensor<?x4xf32>) -> tensor<?x4xf32>
  %result = tensor.pad %kept low[1, 1] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<?x4xf32> to tensor<?x6xf32>
  return %result : tensor<?x6xf32>
}

// A fill of open shape: its extent may be made later than the picture.
// CHECK-LABEL: func.func @open_fill(
// CHECK: linalg.exp
// CHECK-NEXT: tensor.empty(%arg2)
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: tensor.insert_slice
func.func @open_fill(%in: tensor<4x4xf32>, %out: tensor<4x4xf32>, %rows: index) -> tensor<?x6xf32> {
  %zero = arith.constant 0.0 : f32
  %kept = linalg.exp ins(%in : tensor<4x4xf32>) outs(%out : tensor<4x4xf32>) -> tensor<4x4xf32>
  %empty = tensor.empty(%rows) : tensor<?x6xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x6xf32>) -> tensor<?x6xf32>
  %result = tensor.insert_slice %kept into %fill[1, 1] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<?x6xf32>
  return %result : tensor<?x6xf32>
}

// It stands early enough: nothing moves.
// CHECK-LABEL: func.func @early(
// CHECK: tensor.empty
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: linalg.negf
// CHECK-NEXT: linalg.exp
func.func @early(%in: tensor<4x4xf32>, %out: tensor<4x4xf32>) -> (tensor<6x6xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<6x6xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<6x6xf32>) -> tensor<6x6xf32>
  %other = linalg.negf ins(%in : tensor<4x4xf32>) outs(%out : tensor<4x4xf32>) -> tensor<4x4xf32>
  %kept = linalg.exp ins(%in : tensor<4x4xf32>) outs(%out : tensor<4x4xf32>) -> tensor<4x4xf32>
  %result = tensor.insert_slice %kept into %fill[1, 1] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<6x6xf32>
  return %result, %other : tensor<6x6xf32>, tensor<4x4xf32>
}
