// RUN: cpu_opt %s cpu-register-tile | FileCheck %s

// Products that are added to something are one operation with the addition, whichever side of it they are; of a sum of two products one is multiplied before.
// CHECK-LABEL: func.func @both_sides(
// CHECK-NOT: linalg
// CHECK: %[[A:.*]] = vector.load %{{.*}} : memref<32xf32
// CHECK: %[[B:.*]] = vector.load %{{.*}} : memref<32xf32
// CHECK: %[[FIRST:.*]] = arith.mulf %[[A]], %[[A]] : vector<4xf32>
// CHECK-NEXT: %[[BOTH:.*]] = vector.fma %[[B]], %[[B]], %[[FIRST]] : vector<4xf32>
// CHECK-NEXT: arith.addf %{{.*}}, %[[BOTH]] : vector<4xf32>
// CHECK: return
#all = affine_map<(i, j) -> (i, j)>
#column = affine_map<(i, j) -> (j)>
func.func @both_sides(%x: memref<8x4xf32>, %y: memref<8x4xf32>, %s: memref<4xf32>) {
  linalg.generic {indexing_maps = [#all, #all, #column], iterator_types = ["reduction", "parallel"]} ins(%x, %y : memref<8x4xf32>, memref<8x4xf32>) outs(%s : memref<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %a : f32
    %q = arith.mulf %b, %b : f32
    %t = arith.addf %p, %q : f32
    %r = arith.addf %o, %t : f32
    linalg.yield %r : f32
  }
  return
}

// A product that stands on the left of the sum.
// CHECK-LABEL: func.func @left(
// CHECK-NOT: arith.mulf
// CHECK: vector.fma
// CHECK-NOT: arith.mulf
// CHECK: return
func.func @left(%x: memref<8x4xf32>, %y: memref<8x4xf32>, %s: memref<4xf32>) {
  linalg.generic {indexing_maps = [#all, #all, #column], iterator_types = ["reduction", "parallel"]} ins(%x, %y : memref<8x4xf32>, memref<8x4xf32>) outs(%s : memref<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %p, %o : f32
    linalg.yield %r : f32
  }
  return
}

// A product that is read twice is computed once, by itself; what is the same for all lanes is no vector until a vector needs it.
// CHECK-LABEL: func.func @apart(
// CHECK: %[[P:.*]] = arith.mulf %{{.*}}, %{{.*}} : vector<4xf32>
// CHECK: arith.maximumf %[[P]], %{{.*}} : vector<4xf32>
// CHECK: %[[G:.*]] = arith.negf %arg2 : f32
// CHECK: vector.broadcast %[[G]] : f32 to vector<4xf32>
// CHECK-NOT: vector.fma
// CHECK: return
func.func @apart(%x: memref<8x4xf32>, %y: memref<8x4xf32>, %given: f32, %s: memref<4xf32>) {
  linalg.generic {indexing_maps = [#all, #all, affine_map<(i, j) -> ()>, #column], iterator_types = ["reduction", "parallel"]} ins(%x, %y, %given : memref<8x4xf32>, memref<8x4xf32>, f32) outs(%s : memref<4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %m = arith.maximumf %p, %a : f32
    %g = arith.negf %c : f32
    %n = arith.maximumf %m, %g : f32
    %q = arith.addf %n, %p : f32
    %r = arith.addf %o, %q : f32
    linalg.yield %r : f32
  }
  return
}
