// RUN: cpu_opt %s cpu-flush-constants | FileCheck %s

// CHECK-LABEL: func.func @weights(
// CHECK: arith.constant dense<[1.000000e+00, 0.000000e+00, 0.000000e+00, 1.17549435E-38]> : tensor<4xf32>
func.func @weights() -> tensor<4xf32> {
  %weights = arith.constant dense<[1.0, 1.0e-40, -1.0e-39, 1.17549435e-38]> : tensor<4xf32>
  return %weights : tensor<4xf32>
}

// One value, a scalar, another type: as they are.
// CHECK-LABEL: func.func @others(
// CHECK-NOT: dense<0.000000e+00>
// CHECK-DAG: arith.constant dense<{{.*}}e-41> : tensor<4xf32>
// CHECK-DAG: arith.constant {{.*}}e-41 : f32
// CHECK-DAG: arith.constant dense<[1.000000e+00, {{.*}}E-41]> : tensor<2xf64>
func.func @others() -> (tensor<4xf32>, f32, tensor<2xf64>) {
  %same = arith.constant dense<9.99994610e-41> : tensor<4xf32>
  %one = arith.constant 9.99994610e-41 : f32
  %wide = arith.constant dense<[1.0, 1.0e-40]> : tensor<2xf64>
  return %same, %one, %wide : tensor<4xf32>, f32, tensor<2xf64>
}
