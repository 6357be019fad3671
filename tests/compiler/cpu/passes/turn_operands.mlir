// RUN: cpu_opt %s cpu-turn-operands | FileCheck %s

// Keys lie row by row: neither rows of queries nor keys are neighbours in memory. The keys are turned, so that the output's last dimension can stand in vectors.
// CHECK-DAG: #[[FROM:.*]] = affine_map<(d0, d1, d2) -> (d0, d2, d1)>
// CHECK-DAG: #[[KEYS:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
// CHECK-LABEL: func.func @scores(
// CHECK-SAME: %[[Q:[^ ]*]]: tensor<2x16x24xf32>, %[[K:[^ ]*]]: tensor<2x20x24xf32>
// CHECK: %[[EMPTY:.*]] = tensor.empty() : tensor<2x24x20xf32>
// CHECK: %[[TURNED:.*]] = linalg.generic {indexing_maps = [#[[FROM]], #{{.*}}], iterator_types = ["parallel", "parallel", "parallel"]} ins(%[[K]] : tensor<2x20x24xf32>) outs(%[[EMPTY]]
// CHECK: linalg.generic {indexing_maps = [#{{[^ ]*}}, #[[KEYS]], #{{[^ ]*}}],{{.*}} ins(%[[Q]], %[[TURNED]] :
func.func @scores(%q: tensor<2x16x24xf32>, %k: tensor<2x20x24xf32>, %o: tensor<2x16x20xf32>) -> tensor<2x16x20xf32> {
  %r = linalg.batch_matmul_transpose_b ins(%q, %k : tensor<2x16x24xf32>, tensor<2x20x24xf32>) outs(%o : tensor<2x16x20xf32>) -> tensor<2x16x20xf32>
  return %r : tensor<2x16x20xf32>
}
