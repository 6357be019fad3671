// RUN: cpu_opt %s --word-dots cpu-register-tile | FileCheck %s

// Pairs of int16: no bit is flipped.
// CHECK: memref.global "private" constant @{{.*}} : memref<24xi32> = dense<65535>
// CHECK-LABEL: func.func @words(
// CHECK-NOT: xori
// CHECK: vector.load {{.*}} : memref<15xi16, strided<[1]>>, vector<2xi16>
// CHECK: llvm.call_intrinsic "llvm.test.words"
// CHECK: %[[SHIFT:.*]] = arith.constant 16 : i32
// CHECK: arith.shrui {{.*}}, %[[SHIFT]] : i32
// Products along the lanes: the upper int16 of each weight is zero, the picture is widened.
// CHECK-LABEL: func.func @depthwise(
// CHECK: %[[PICTURE:.*]] = arith.extsi {{.*}} : vector<4xi8> to vector<4xi32>
// CHECK: llvm.call_intrinsic "llvm.test.words"(%{{.*}}, %[[PICTURE]], %{{.*}}) : (vector<4xi32>, vector<4xi32>, vector<4xi32>)
// CHECK-NOT: arith.muli {{.*}} : vector
#rows = affine_map<(n, o, c) -> (n, c)>
#filters = affine_map<(n, o, c) -> (o, c)>
#out = affine_map<(n, o, c) -> (n, o)>
#moving = affine_map<(x, c, k) -> (x + k, c)>
#taps = affine_map<(x, c, k) -> (k, c)>
#places = affine_map<(x, c, k) -> (x, c)>
memref.global "private" constant @bytes : memref<4x5xi8> = dense<2>
memref.global "private" constant @window : memref<3x8xi8> = dense<-1>
func.func @words(%x: memref<3x5xi16>, %y: memref<3x4xi32>) {
  %w = memref.get_global @bytes : memref<4x5xi8>
  linalg.generic {indexing_maps = [#rows, #filters, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<3x5xi16>, memref<4x5xi8>) outs(%y : memref<3x4xi32>) {
  ^bb0(%a: i16, %b: i8, %o: i32):
    %s = arith.extsi %a : i16 to i32
    %t = arith.extsi %b : i8 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  return
}
func.func @depthwise(%x: memref<10x8xi8>, %y: memref<8x8xi32>) {
  %w = memref.get_global @window : memref<3x8xi8>
  linalg.generic {indexing_maps = [#moving, #taps, #places], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<10x8xi8>, memref<3x8xi8>) outs(%y : memref<8x8xi32>) {
  ^bb0(%a: i8, %b: i8, %o: i32):
    %s = arith.extsi %a : i8 to i32
    %t = arith.extsi %b : i8 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  return
}
