// RUN: cpu_opt %s cpu-order-reductions | FileCheck %s

// Two operations read the sums: they stay before the first of them and before the other branch.
// CHECK-LABEL: func.func @two_readers(
// CHECK: linalg.matmul
// CHECK-NEXT: linalg.negf
// CHECK-NEXT: linalg.exp
// CHECK-NEXT: linalg.generic
#all = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
func.func @two_readers(%a: tensor<4x8xf32>, %b: tensor<8x8xf32>, %x: tensor<4x8xf32>, %out: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %sums = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %first = linalg.negf ins(%sums : tensor<4x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %other = linalg.exp ins(%x : tensor<4x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %both = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%sums, %other : tensor<4x8xf32>, tensor<4x8xf32>) outs(%out : tensor<4x8xf32>) {
  ^bb0(%s: f32, %t: f32, %o: f32):
    %r = arith.addf %s, %t : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %first, %both : tensor<4x8xf32>, tensor<4x8xf32>
}

// The reader reduces, too: it cannot be done on sums that are in registers.
// CHECK-LABEL: func.func @reader_reduces(
// CHECK: linalg.matmul
// CHECK-NEXT: linalg.exp
// CHECK-NEXT: linalg.generic
func.func @reader_reduces(%a: tensor<4x8xf32>, %b: tensor<8x8xf32>, %x: tensor<4x8xf32>, %out: tensor<4x8xf32>, %start: tensor<4xf32>) -> tensor<4xf32> {
  %sums = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %other = linalg.exp ins(%x : tensor<4x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %rows = linalg.generic {indexing_maps = [#all, #all, #row], iterator_types = ["parallel", "reduction"]} ins(%sums, %other : tensor<4x8xf32>, tensor<4x8xf32>) outs(%start : tensor<4xf32>) {
  ^bb0(%s: f32, %t: f32, %o: f32):
    %p = arith.mulf %s, %t : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %rows : tensor<4xf32>
}

// No reduction: an element-wise operation stays where it is.
// CHECK-LABEL: func.func @no_reduction(
// CHECK: linalg.exp
// CHECK-NEXT: linalg.negf
// CHECK-NEXT: linalg.generic
func.func @no_reduction(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>, %out: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %first = linalg.exp ins(%x : tensor<4x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %second = linalg.negf ins(%y : tensor<4x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %both = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%first, %y : tensor<4x8xf32>, tensor<4x8xf32>) outs(%out : tensor<4x8xf32>) {
  ^bb0(%s: f32, %t: f32, %o: f32):
    %r = arith.addf %s, %t : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %both, %second : tensor<4x8xf32>, tensor<4x8xf32>
}
