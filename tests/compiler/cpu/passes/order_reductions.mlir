// RUN: cpu_opt %s cpu-order-reductions | FileCheck %s

// One element-wise operation alone reads the sums: what else it reads comes first.
// CHECK-LABEL: func.func @other_branch(
// CHECK: linalg.exp
// CHECK-NEXT: linalg.matmul
// CHECK-NEXT: linalg.generic
#all = affine_map<(i, j) -> (i, j)>
func.func @other_branch(%a: tensor<4x8xf32>, %b: tensor<8x8xf32>, %x: tensor<4x8xf32>, %out: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %sums = linalg.matmul ins(%a, %b : tensor<4x8xf32>, tensor<8x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %other = linalg.exp ins(%x : tensor<4x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %both = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%sums, %other : tensor<4x8xf32>, tensor<4x8xf32>) outs(%out : tensor<4x8xf32>) {
  ^bb0(%s: f32, %t: f32, %o: f32):
    %r = arith.addf %s, %t : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %both : tensor<4x8xf32>
}

// Of two that one operation reads the longer comes last, although it stands first.
// CHECK-LABEL: func.func @longest_last(
// CHECK: linalg.matmul ins({{.*}} : tensor<4x8xf32>, tensor<8x8xf32>)
// CHECK-NEXT: linalg.matmul ins({{.*}} : tensor<4x64xf32>, tensor<64x8xf32>)
// CHECK-NEXT: linalg.generic
func.func @longest_last(%a: tensor<4x64xf32>, %b: tensor<64x8xf32>, %c: tensor<4x8xf32>, %d: tensor<8x8xf32>, %out: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %long = linalg.matmul ins(%a, %b : tensor<4x64xf32>, tensor<64x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %short = linalg.matmul ins(%c, %d : tensor<4x8xf32>, tensor<8x8xf32>) outs(%out : tensor<4x8xf32>) -> tensor<4x8xf32>
  %both = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%short, %long : tensor<4x8xf32>, tensor<4x8xf32>) outs(%out : tensor<4x8xf32>) {
  ^bb0(%s: f32, %t: f32, %o: f32):
    %r = arith.addf %s, %t : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %both : tensor<4x8xf32>
}
