// RUN: cpu_opt %s cpu-reduce-rows | FileCheck %s

// Rows of 23: vectors of 4 (those of the target), four of them at once, then one, then the 3 that are left, of which the fourth lane keeps its sum. They are folded in halves.
// CHECK-LABEL: func.func @sums(
// CHECK-NOT: linalg
// CHECK: scf.for
// CHECK: } {cpu.parallel}
// CHECK-LABEL: func.func @greatest(
// CHECK-NOT: linalg
// CHECK: scf.for
// CHECK: %[[NONE:.*]] = arith.constant 0xFF800000 : f32
// CHECK: vector.broadcast %[[NONE]]
// CHECK-COUNT-4: arith.maximumf %{{.*}} : vector<4xf32>
// CHECK: %[[REST:.*]] = vector.maskedload
// CHECK: %[[NEXT:.*]] = arith.maximumf %{{.*}}, %[[REST]] : vector<4xf32>
// CHECK: arith.select %{{.*}}, %[[NEXT]], %{{.*}} : vector<4xi1>, vector<4xf32>
// CHECK: vector.extract_strided_slice %{{.*}} {offsets = [0], sizes = [2]
// CHECK: vector.extract_strided_slice %{{.*}} {offsets = [2], sizes = [2]
// CHECK: arith.maximumf %{{.*}} : vector<2xf32>
// CHECK: arith.maximumf %{{.*}} : vector<1xf32>
// CHECK: arith.maximumf %{{.*}} : f32
// CHECK: memref.store
#all = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
func.func @sums(%x: memref<8x64xf32>, %s: memref<8xf32>) {
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<8x64xf32>) outs(%s : memref<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = arith.mulf %a, %a : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  }
  return
}
func.func @greatest(%x: memref<8x23xf32>, %s: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%s : memref<8xf32>)
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<8x23xf32>) outs(%s : memref<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.maximumf %o, %a : f32
    linalg.yield %r : f32
  }
  return
}
// What reads the finished sums alone is done on each at once.
// CHECK-LABEL: func.func @means(
// CHECK: %[[SUM:.*]] = arith.addf %{{.*}} : f32
// CHECK: %[[MEAN:.*]] = arith.divf %[[SUM]], %{{.*}} : f32
// CHECK: memref.store %[[MEAN]]
// CHECK-NOT: linalg
func.func @means(%x: memref<8x16xf32>, %s: memref<8xf32>) {
  %zero = arith.constant 0.0 : f32
  %count = arith.constant 16.0 : f32
  linalg.fill ins(%zero : f32) outs(%s : memref<8xf32>)
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%x : memref<8x16xf32>) outs(%s : memref<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%s : memref<8xf32>) outs(%s : memref<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.divf %a, %count : f32
    linalg.yield %r : f32
  }
  return
}
