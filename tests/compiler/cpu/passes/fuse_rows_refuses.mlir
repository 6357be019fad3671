// RUN: cpu_opt %s cpu-fuse-rows | FileCheck %s

#all = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#sums = affine_map<(j, i) -> (j)>
#down = affine_map<(j, i) -> (i, j)>

// One block of all rows: they lie in the cache as they are.
// CHECK-LABEL: func.func @small(
// CHECK-NOT: scf.for
func.func @small(%x: tensor<8x16xf32>, %s: tensor<8xf32>, %e: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x16xf32>) outs(%s : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  %1 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<8x16xf32>, tensor<8xf32>) outs(%e : tensor<8x16xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<8x16xf32>
  return %1 : tensor<8x16xf32>
}

// A row that is more than a block may be.
// CHECK-LABEL: func.func @long(
// CHECK-NOT: scf.for
func.func @long(%x: tensor<8x9000xf32>, %s: tensor<8xf32>, %e: tensor<8x9000xf32>) -> tensor<8x9000xf32> {
  %0 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x9000xf32>) outs(%s : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  %1 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<8x9000xf32>, tensor<8xf32>) outs(%e : tensor<8x9000xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<8x9000xf32>
  return %1 : tensor<8x9000xf32>
}

// Columns: a block of them would cut the lines of all rows.
// CHECK-LABEL: func.func @columns(
// CHECK-NOT: scf.for
func.func @columns(%x: tensor<100x512xf32>, %s: tensor<512xf32>, %e: tensor<100x512xf32>) -> tensor<100x512xf32> {
  %0 = linalg.generic {indexing_maps = [#down, #sums], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<100x512xf32>) outs(%s : tensor<512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<512xf32>
  %1 = linalg.generic {indexing_maps = [#all, #column, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<100x512xf32>, tensor<512xf32>) outs(%e : tensor<100x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<100x512xf32>
  return %1 : tensor<100x512xf32>
}

// Others read the sums as well.
// CHECK-LABEL: func.func @read(
// CHECK-NOT: scf.for
func.func @read(%x: tensor<800x512xf32>, %s: tensor<800xf32>, %e: tensor<800x512xf32>) -> (tensor<800x512xf32>, tensor<800xf32>) {
  %0 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<800x512xf32>) outs(%s : tensor<800xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<800xf32>
  %1 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<800x512xf32>, tensor<800xf32>) outs(%e : tensor<800x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<800x512xf32>
  return %1, %0 : tensor<800x512xf32>, tensor<800xf32>
}

// Gates of channels: what is spread comes of a product with weights, and a bias of nothing that is reduced.
// CHECK-LABEL: func.func @gates(
// CHECK-NOT: scf.for
func.func @gates(%x: tensor<800x512xf32>, %h: tensor<512xf32>, %s: tensor<800xf32>, %e: tensor<800x512xf32>) -> tensor<800x512xf32> {
  %w = arith.constant dense<2.0> : tensor<800x512xf32>
  %0 = linalg.generic {indexing_maps = [#all, #column, #row], iterator_types = ["parallel", "reduction"]} ins(%w, %h : tensor<800x512xf32>, tensor<512xf32>) outs(%s : tensor<800xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<800xf32>
  %1 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<800x512xf32>, tensor<800xf32>) outs(%e : tensor<800x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.mulf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<800x512xf32>
  return %1 : tensor<800x512xf32>
}

// What is spread is given, and sums of its rows that are scaled by it are none that it comes from.
// CHECK-LABEL: func.func @given(
// CHECK-NOT: scf.for
func.func @given(%x: tensor<800x512x8xf32>, %g: tensor<800xf32>, %s: tensor<800x512xf32>, %e: tensor<800x512xf32>) -> tensor<800x512xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<800x512x8xf32>) outs(%s : tensor<800x512xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<800x512xf32>
  %1 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%0, %g : tensor<800x512xf32>, tensor<800xf32>) outs(%e : tensor<800x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.mulf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<800x512xf32>
  return %1 : tensor<800x512xf32>
}

// Shapes that only the run knows.
// CHECK-LABEL: func.func @open(
// CHECK-NOT: scf.for
func.func @open(%x: tensor<?x512xf32>, %s: tensor<?xf32>, %e: tensor<?x512xf32>) -> tensor<?x512xf32> {
  %0 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x512xf32>) outs(%s : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  %1 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %0 : tensor<?x512xf32>, tensor<?xf32>) outs(%e : tensor<?x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<?x512xf32>
  return %1 : tensor<?x512xf32>
}

// A product with weights: each block would read them again.
// CHECK-LABEL: func.func @weights(
// CHECK: linalg.matmul
// CHECK: scf.for
// CHECK-NOT: linalg.matmul
// CHECK: return
func.func @weights(%x: tensor<800x64xf32>, %y: tensor<800x512xf32>, %s: tensor<800xf32>, %e: tensor<800x512xf32>) -> tensor<800x512xf32> {
  %w = arith.constant dense<2.0> : tensor<64x512xf32>
  %p = linalg.matmul ins(%x, %w : tensor<800x64xf32>, tensor<64x512xf32>) outs(%y : tensor<800x512xf32>) -> tensor<800x512xf32>
  %0 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%p : tensor<800x512xf32>) outs(%s : tensor<800xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<800xf32>
  %1 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]} ins(%p, %0 : tensor<800x512xf32>, tensor<800xf32>) outs(%e : tensor<800x512xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<800x512xf32>
  return %1 : tensor<800x512xf32>
}
