// RUN: cpu_opt %s cpu-turn-operands | FileCheck %s

// A product whose right side's columns are neighbours already; one with a constant, which is packed; one of few rows, for which a copy costs as much as it saves; a shape that only the run knows.
// CHECK-LABEL: func.func @others(
// CHECK-NOT: linalg.generic
// CHECK-NOT: tensor.empty
func.func @others(%q: tensor<16x24xf32>, %k: tensor<24x20xf32>, %few: tensor<7x24xf32>, %rows: tensor<20x24xf32>, %open: tensor<?x24xf32>,
                  %o: tensor<16x20xf32>, %p: tensor<7x20xf32>, %s: tensor<?x20xf32>) -> (tensor<16x20xf32>, tensor<16x20xf32>, tensor<7x20xf32>, tensor<?x20xf32>) {
  %constant = arith.constant dense<1.0> : tensor<20x24xf32>
  %a = linalg.matmul ins(%q, %k : tensor<16x24xf32>, tensor<24x20xf32>) outs(%o : tensor<16x20xf32>) -> tensor<16x20xf32>
  %b = linalg.matmul_transpose_b ins(%q, %constant : tensor<16x24xf32>, tensor<20x24xf32>) outs(%o : tensor<16x20xf32>) -> tensor<16x20xf32>
  %c = linalg.matmul_transpose_b ins(%few, %rows : tensor<7x24xf32>, tensor<20x24xf32>) outs(%p : tensor<7x20xf32>) -> tensor<7x20xf32>
  %d = linalg.matmul_transpose_b ins(%open, %rows : tensor<?x24xf32>, tensor<20x24xf32>) outs(%s : tensor<?x20xf32>) -> tensor<?x20xf32>
  return %a, %b, %c, %d : tensor<16x20xf32>, tensor<16x20xf32>, tensor<7x20xf32>, tensor<?x20xf32>
}

// A window: the picture's rows move with two loops. Without it, one kernel for each row, the kernels would be turned for the sake of their filters.
// CHECK-LABEL: func.func @window(
// CHECK-NOT: tensor.empty
// CHECK: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
#picture = affine_map<(n, y, o, i, c) -> (n, y + i, c)>
#kernels = affine_map<(n, y, o, i, c) -> (y, o, i, c)>
#sums = affine_map<(n, y, o, i, c) -> (n, y, o)>
func.func @window(%x: tensor<16x10x24xf32>, %k: tensor<8x20x3x24xf32>, %o: tensor<16x8x20xf32>) -> tensor<16x8x20xf32> {
  %r = linalg.generic {indexing_maps = [#picture, #kernels, #sums], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%x, %k : tensor<16x10x24xf32>, tensor<8x20x3x24xf32>) outs(%o : tensor<16x8x20xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %p = arith.mulf %a, %b : f32
    %t = arith.addf %s, %p : f32
    linalg.yield %t : f32
  } -> tensor<16x8x20xf32>
  return %r : tensor<16x8x20xf32>
}
