// RUN: cpu_opt %s cpu-fill-borders | FileCheck %s

#id = affine_map<(d0) -> (d0)>

// The middle is added to: its old values count.
// CHECK-LABEL: func.func @reads_middle(
// CHECK: linalg.fill ins(%{{.*}}) outs(%{{.*}} : memref<8xf32>)
func.func @reads_middle(%in: memref<4xf32>, %value: f32, %out: memref<8xf32>) {
  %buffer = memref.alloc() : memref<8xf32>
  linalg.fill ins(%value : f32) outs(%buffer : memref<8xf32>)
  %middle = memref.subview %buffer[2] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 2>>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%in : memref<4xf32>) outs(%middle : memref<4xf32, strided<[1], offset: 2>>) {
  ^bb0(%x: f32, %y: f32):
    %sum = arith.addf %x, %y : f32
    linalg.yield %sum : f32
  }
  linalg.copy ins(%buffer : memref<8xf32>) outs(%out : memref<8xf32>)
  return
}

// The buffer is read before its middle is written.
// CHECK-LABEL: func.func @reads_first(
// CHECK: linalg.fill ins(%{{.*}}) outs(%{{.*}} : memref<8xf32>)
func.func @reads_first(%in: memref<4xf32>, %value: f32, %out: memref<8xf32>) {
  %buffer = memref.alloc() : memref<8xf32>
  linalg.fill ins(%value : f32) outs(%buffer : memref<8xf32>)
  linalg.copy ins(%buffer : memref<8xf32>) outs(%out : memref<8xf32>)
  %middle = memref.subview %buffer[2] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 2>>
  linalg.copy ins(%in : memref<4xf32>) outs(%middle : memref<4xf32, strided<[1], offset: 2>>)
  linalg.copy ins(%buffer : memref<8xf32>) outs(%out : memref<8xf32>)
  return
}

// What writes the middle reads the border too.
// CHECK-LABEL: func.func @reads_border(
// CHECK: linalg.fill ins(%{{.*}}) outs(%{{.*}} : memref<8xf32>)
func.func @reads_border(%value: f32, %out: memref<8xf32>) {
  %buffer = memref.alloc() : memref<8xf32>
  linalg.fill ins(%value : f32) outs(%buffer : memref<8xf32>)
  %middle = memref.subview %buffer[2] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 2>>
  %front = memref.subview %buffer[0] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1]>>
  linalg.copy ins(%front : memref<4xf32, strided<[1]>>) outs(%middle : memref<4xf32, strided<[1], offset: 2>>)
  linalg.copy ins(%buffer : memref<8xf32>) outs(%out : memref<8xf32>)
  return
}

// Every second element is written.
// CHECK-LABEL: func.func @gaps(
// CHECK: linalg.fill ins(%{{.*}}) outs(%{{.*}} : memref<8xf32>)
func.func @gaps(%in: memref<3xf32>, %value: f32, %out: memref<8xf32>) {
  %buffer = memref.alloc() : memref<8xf32>
  linalg.fill ins(%value : f32) outs(%buffer : memref<8xf32>)
  %middle = memref.subview %buffer[1] [3] [2] : memref<8xf32> to memref<3xf32, strided<[2], offset: 1>>
  linalg.copy ins(%in : memref<3xf32>) outs(%middle : memref<3xf32, strided<[2], offset: 1>>)
  linalg.copy ins(%buffer : memref<8xf32>) outs(%out : memref<8xf32>)
  return
}

// Its body does.
// CHECK-LABEL: func.func @body_reads(
// CHECK: linalg.fill ins(%{{.*}}) outs(%{{.*}} : memref<8xf32>)
func.func @body_reads(%value: f32, %out: memref<8xf32>) {
  %c3 = arith.constant 3 : index
  %buffer = memref.alloc() : memref<8xf32>
  linalg.fill ins(%value : f32) outs(%buffer : memref<8xf32>)
  %middle = memref.subview %buffer[2] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 2>>
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%middle : memref<4xf32, strided<[1], offset: 2>>) {
  ^bb0(%y: f32):
    %v = memref.load %buffer[%c3] : memref<8xf32>
    linalg.yield %v : f32
  }
  linalg.copy ins(%buffer : memref<8xf32>) outs(%out : memref<8xf32>)
  return
}
