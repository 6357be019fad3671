// RUN: cpu_opt %s cpu-fuse-elementwise | FileCheck %s
// CHECK-DAG: #[[FIRST:.*]] = affine_map<(d0, d1) -> (0, d1)>

// The product reads an element once for each of its columns: the exponential is computed before, once.
// CHECK-LABEL: func.func @product
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK-NEXT: linalg.yield
// CHECK: linalg.generic
// CHECK: arith.mulf
#all = affine_map<(i, j) -> (i, j)>
#left = affine_map<(i, j, k) -> (i, k)>
#right = affine_map<(i, j, k) -> (k, j)>
#out = affine_map<(i, j, k) -> (i, j)>
func.func @product(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %sums: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%0, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%sums : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// A dimension of several elements of which the first is read stays so, and a bound that bounds something stays.
// CHECK-LABEL: func.func @bounded
// CHECK: linalg.generic {indexing_maps = [#[[FIRST]], #{{.*}}]
// CHECK: arith.minimumf
func.func @bounded(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %most = arith.constant 3.0e+38 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (0, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %low = arith.minimumf %a, %most : f32
    linalg.yield %low : f32
  } -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
