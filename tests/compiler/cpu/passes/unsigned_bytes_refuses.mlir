// RUN: cpu_opt %s cpu-unsigned-bytes | FileCheck %s

// A depthwise product: each byte is read by one sum, and no dot of bytes takes it. Nothing is flipped.
// CHECK-LABEL: func.func @depthwise
// CHECK-NOT: arith.xori
// CHECK-NOT: arith.extui
// CHECK: return
#window = affine_map<(x, c, k) -> (x + k, c)>
#kernel = affine_map<(x, c, k) -> (k, c)>
#out = affine_map<(x, c, k) -> (x, c)>
func.func @depthwise(%x: tensor<6x4xi8>) -> tensor<4x4xi32> {
  %zero = arith.constant 0 : i32
  %w = arith.constant dense<3> : tensor<3x4xi8>
  %e = tensor.empty() : tensor<4x4xi32>
  %start = linalg.fill ins(%zero : i32) outs(%e : tensor<4x4xi32>) -> tensor<4x4xi32>
  %sums = linalg.generic {indexing_maps = [#window, #kernel, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<6x4xi8>, tensor<3x4xi8>) outs(%start : tensor<4x4xi32>) {
  ^bb0(%a: i8, %k: i8, %o: i32):
    %wa = arith.extsi %a : i8 to i32
    %wk = arith.extsi %k : i8 to i32
    %p = arith.muli %wa, %wk : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  } -> tensor<4x4xi32>
  return %sums : tensor<4x4xi32>
}

// Sums that start from what only the run knows: they cannot start lower.
// CHECK-LABEL: func.func @open_start
// CHECK-NOT: arith.xori
// CHECK-NOT: arith.extui
// CHECK: return
#left = affine_map<(i, j, k) -> (i, k)>
#right = affine_map<(i, j, k) -> (j, k)>
#sums = affine_map<(i, j, k) -> (i, j)>
func.func @open_start(%x: tensor<4x8xi8>, %start: tensor<4x2xi32>) -> tensor<4x2xi32> {
  %w = arith.constant dense<3> : tensor<2x8xi8>
  %sums = linalg.generic {indexing_maps = [#left, #right, #sums], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x8xi8>, tensor<2x8xi8>) outs(%start : tensor<4x2xi32>) {
  ^bb0(%a: i8, %k: i8, %o: i32):
    %wa = arith.extsi %a : i8 to i32
    %wk = arith.extsi %k : i8 to i32
    %p = arith.muli %wa, %wk : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  } -> tensor<4x2xi32>
  return %sums : tensor<4x2xi32>
}

// Weights that do not move in the loop of the sum: each counts eight times, and the sum of the constant is not that of what is multiplied.
// CHECK-LABEL: func.func @weights_that_stay
// CHECK-NOT: arith.xori
// CHECK-NOT: arith.extui
// CHECK: return
#column = affine_map<(i, j, k) -> (j)>
func.func @weights_that_stay(%x: tensor<4x8xi8>) -> tensor<4x2xi32> {
  %zero = arith.constant 0 : i32
  %w = arith.constant dense<3> : tensor<2xi8>
  %e = tensor.empty() : tensor<4x2xi32>
  %start = linalg.fill ins(%zero : i32) outs(%e : tensor<4x2xi32>) -> tensor<4x2xi32>
  %sums = linalg.generic {indexing_maps = [#left, #column, #sums], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x8xi8>, tensor<2xi8>) outs(%start : tensor<4x2xi32>) {
  ^bb0(%a: i8, %k: i8, %o: i32):
    %wa = arith.extsi %a : i8 to i32
    %wk = arith.extsi %k : i8 to i32
    %p = arith.muli %wa, %wk : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  } -> tensor<4x2xi32>
  return %sums : tensor<4x2xi32>
}
