// RUN: cpu_opt %s cpu-outline | FileCheck %s

// The product and the fill that it starts from are one function; the constant is named inside, the buffers are told apart.
// CHECK-LABEL: func.func @body(
// CHECK-NOT: linalg
// CHECK: call @body_kernel_0(%arg1, %arg0) : (memref<4x8xf32>, memref<4x8xf32>) -> ()
// CHECK-NEXT: call @body_kernel_1(%arg1) : (memref<4x8xf32>) -> ()
// CHECK-NEXT: return
// CHECK: func.func private @body_kernel_0(%arg0: memref<4x8xf32> {llvm.noalias}, %arg1: memref<4x8xf32> {llvm.noalias})
// CHECK-DAG: memref.get_global @weights
// CHECK-DAG: arith.constant 0.0
// CHECK: linalg.fill
// CHECK-NEXT: linalg.generic
// CHECK: func.func private @body_kernel_1(%arg0: memref<4x8xf32> {llvm.noalias})
#left = affine_map<(i, j, k) -> (i, k)>
#right = affine_map<(i, j, k) -> (k, j)>
#out = affine_map<(i, j, k) -> (i, j)>
#all = affine_map<(i, j) -> (i, j)>
memref.global "private" constant @weights : memref<8x8xf32> = dense<2.0>
func.func @body(%x: memref<4x8xf32>, %y: memref<4x8xf32>) {
  %w = memref.get_global @weights : memref<8x8xf32>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<4x8xf32>)
  linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<4x8xf32>, memref<8x8xf32>) outs(%y : memref<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%y : memref<4x8xf32>) outs(%y : memref<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.negf %a : f32
    linalg.yield %r : f32
  }
  return
}

// Two names of one buffer are not told apart.
// CHECK-LABEL: func.func @views(
// CHECK: func.func private @views_kernel_0(%arg0: memref<32xf32>, %arg1: memref<32xf32>)
#one = affine_map<(i) -> (i)>
func.func @views(%y: memref<4x8xf32>) {
  %a = memref.collapse_shape %y [[0, 1]] : memref<4x8xf32> into memref<32xf32>
  %b = memref.collapse_shape %y [[0, 1]] : memref<4x8xf32> into memref<32xf32>
  linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%a : memref<32xf32>) outs(%b : memref<32xf32>) {
  ^bb0(%s: f32, %o: f32):
    %r = arith.negf %s : f32
    linalg.yield %r : f32
  }
  return
}
