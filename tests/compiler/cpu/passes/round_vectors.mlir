// RUN: cpu_opt %s --no-rounding cpu-approximate-math | FileCheck %s

// A processor that cannot round vectors: theirs becomes arithmetic on bits, a scalar's stays a call.
// CHECK-LABEL: func.func @round
// CHECK-NOT: math.roundeven {{.*}} : vector
// CHECK: arith.bitcast {{.*}} : vector<4xf32> to vector<4xi32>
// CHECK: math.roundeven %arg1 : f32
// CHECK: return
func.func @round(%x: vector<4xf32>, %y: f32) -> (vector<4xf32>, f32) {
  %0 = math.roundeven %x : vector<4xf32>
  %1 = math.roundeven %y : f32
  return %0, %1 : vector<4xf32>, f32
}
