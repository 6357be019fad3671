// RUN: cpu_opt %s cpu-fill-borders | FileCheck %s

#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>

// A row above, two below, a pixel on the left: three slabs, of which the last has the middle's rows alone.
// CHECK-LABEL: func.func @picture(
// CHECK: %[[BUFFER:.*]] = memref.alloc() : memref<7x5x3xf32>
// CHECK: %[[ABOVE:.*]] = memref.subview %[[BUFFER]][0, 0, 0] [1, 5, 3] [1, 1, 1]
// CHECK-NEXT: linalg.fill ins(%{{.*}}) outs(%[[ABOVE]]
// CHECK-NEXT: %[[BELOW:.*]] = memref.subview %[[BUFFER]][5, 0, 0] [2, 5, 3] [1, 1, 1]
// CHECK-NEXT: linalg.fill ins(%{{.*}}) outs(%[[BELOW]]
// CHECK-NEXT: %[[LEFT:.*]] = memref.subview %[[BUFFER]][1, 0, 0] [4, 1, 3] [1, 1, 1]
// CHECK-NEXT: linalg.fill ins(%{{.*}}) outs(%[[LEFT]]
// CHECK-NOT: linalg.fill
// CHECK: memref.subview %[[BUFFER]][1, 1, 0] [4, 4, 3] [1, 1, 1]
// CHECK-NEXT: linalg.generic
func.func @picture(%in: memref<4x4x3xf32>, %value: f32, %out: memref<7x5x3xf32>) {
  %buffer = memref.alloc() : memref<7x5x3xf32>
  linalg.fill ins(%value : f32) outs(%buffer : memref<7x5x3xf32>)
  %middle = memref.subview %buffer[1, 1, 0] [4, 4, 3] [1, 1, 1] : memref<7x5x3xf32> to memref<4x4x3xf32, strided<[15, 3, 1], offset: 18>>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%in : memref<4x4x3xf32>) outs(%middle : memref<4x4x3xf32, strided<[15, 3, 1], offset: 18>>) {
  ^bb0(%x: f32, %y: f32):
    linalg.yield %x : f32
  }
  linalg.copy ins(%buffer : memref<7x5x3xf32>) outs(%out : memref<7x5x3xf32>)
  return
}
