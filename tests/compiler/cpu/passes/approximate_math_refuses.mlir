// RUN: cpu_opt %s cpu-approximate-math | FileCheck %s

// float64 wants all its digits, and float16 would have to be widened; a polynomial of a sine is wrong far from 0.
// CHECK-LABEL: func.func @others
// CHECK: math.exp {{.*}} : f64
// CHECK: math.exp {{.*}} : f16
// CHECK: math.sin {{.*}} : f32
func.func @others(%x: f64, %half: f16, %y: f32) -> (f64, f16, f32) {
  %0 = math.exp %x : f64
  %1 = math.exp %half : f16
  %2 = math.sin %y : f32
  return %0, %1, %2 : f64, f16, f32
}
