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
