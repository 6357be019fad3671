// RUN: cpu_opt %s --signed-dots cpu-unsigned-bytes | FileCheck %s

// A target whose dots take signed bytes: nothing is flipped.
// CHECK-LABEL: func.func @chain
// CHECK-NOT: arith.xori
// CHECK-NOT: arith.extui
// CHECK: return
#all = affine_map<(i, j) -> (i, j)>
#column = affine_map<(i, j) -> (j)>
#left = affine_map<(i, j, k) -> (i, k)>
#right = affine_map<(i, j, k) -> (j, k)>
#out = affine_map<(i, j, k) -> (i, j)>
func.func @chain(%x: tensor<3x2xi8>) -> (tensor<4x2xi32>, tensor<4x2xi8>) {
  %w = arith.constant dense<[[1, 2], [3, -4]]> : tensor<2x2xi8>
  %b = arith.constant dense<[5, 6]> : tensor<2xi32>
  %around = arith.constant dense<7> : tensor<4x2xi8>
  %e = tensor.empty() : tensor<3x2xi8>
  %made = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<3x2xi8>) outs(%e : tensor<3x2xi8>) {
  ^bb0(%a: i8, %o: i8):
    %r = arith.addi %a, %a : i8
    linalg.yield %r : i8
  } -> tensor<3x2xi8>
  %padded = tensor.insert_slice %made into %around[0, 0] [3, 2] [1, 1] : tensor<3x2xi8> into tensor<4x2xi8>
  %e1 = tensor.empty() : tensor<4x2xi32>
  %start = linalg.generic {indexing_maps = [#column, #all], iterator_types = ["parallel", "parallel"]} ins(%b : tensor<2xi32>) outs(%e1 : tensor<4x2xi32>) {
  ^bb0(%a: i32, %o: i32):
    linalg.yield %a : i32
  } -> tensor<4x2xi32>
  %sums = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%padded, %w : tensor<4x2xi8>, tensor<2x2xi8>) outs(%start : tensor<4x2xi32>) {
  ^bb0(%a: i8, %k: i8, %o: i32):
    %wa = arith.extsi %a : i8 to i32
    %wk = arith.extsi %k : i8 to i32
    %p = arith.muli %wa, %wk : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  } -> tensor<4x2xi32>
  %e2 = tensor.empty() : tensor<4x2xi8>
  %other = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%padded : tensor<4x2xi8>) outs(%e2 : tensor<4x2xi8>) {
  ^bb0(%a: i8, %o: i8):
    %r = arith.addi %a, %a : i8
    linalg.yield %r : i8
  } -> tensor<4x2xi8>
  return %sums, %other : tensor<4x2xi32>, tensor<4x2xi8>
}
