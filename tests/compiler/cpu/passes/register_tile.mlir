// RUN: cpu_opt %s cpu-register-tile | FileCheck %s

// A convolution of NCHW: six columns are a tile of one vector and one of two lanes, which are masked; three filters share each load of the picture. The
// weights stand by three filters, channel by channel, tap by tap, where those of one filter stood together: 0, 36, 72, 1, ...
// CHECK-NOT: @weights :
// CHECK: memref.global "private" constant @weights_packed : memref<108xf32> = dense<"0x0000000000001042000090420000803F
// CHECK-NOT: @weights :
// CHECK-LABEL: func.func @convolution(
// CHECK-NOT: linalg
// CHECK: scf.for
// CHECK: scf.for
// CHECK: vector.load
// CHECK: vector.broadcast
// CHECK: vector.fma
// CHECK: vector.store
// CHECK: vector.maskedload
// CHECK: vector.fma
// CHECK: vector.maskedstore
// CHECK-NOT: linalg
// CHECK: return
#picture = affine_map<(o, y, x, c, ky, kx) -> (c, y + ky, x + kx)>
#filter = affine_map<(o, y, x, c, ky, kx) -> (o, c, ky, kx)>
#result = affine_map<(o, y, x, c, ky, kx) -> (o, y, x)>
memref.global "private" constant @weights : memref<3x4x3x3xf32> = dense<"0x000000000000803F0000004000004040000080400000A0400000C0400000E0400000004100001041000020410000304100004041000050410000604100007041000080410000884100009041000098410000A0410000A8410000B0410000B8410000C0410000C8410000D0410000D8410000E0410000E8410000F0410000F84100000042000004420000084200000C4200001042000014420000184200001C4200002042000024420000284200002C4200003042000034420000384200003C4200004042000044420000484200004C4200005042000054420000584200005C4200006042000064420000684200006C4200007042000074420000784200007C42000080420000824200008442000086420000884200008A4200008C4200008E42000090420000924200009442000096420000984200009A4200009C4200009E420000A0420000A2420000A4420000A6420000A8420000AA420000AC420000AE420000B0420000B2420000B4420000B6420000B8420000BA420000BC420000BE420000C0420000C2420000C4420000C6420000C8420000CA420000CC420000CE420000D0420000D2420000D4420000D642">
func.func @convolution(%x: memref<4x8x8xf32>, %y: memref<3x6x6xf32>) {
  %w = memref.get_global @weights : memref<3x4x3x3xf32>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<3x6x6xf32>)
  linalg.generic {indexing_maps = [#picture, #filter, #result], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : memref<4x8x8xf32>, memref<3x4x3x3xf32>) outs(%y : memref<3x6x6xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  }
  return
}

// Every second element: two runs, none past the last that is needed, and a choice of both.
// CHECK-LABEL: func.func @stride(
// CHECK: vector.load
// CHECK: vector.load
// CHECK: vector.shuffle {{.*}} [0, 2, 5, 7]
// CHECK-NOT: linalg
// CHECK: return
#wide = affine_map<(x, k) -> (2 * x + k)>
#long = affine_map<(x, k) -> (k)>
#narrow = affine_map<(x, k) -> (x)>
func.func @stride(%x: memref<65xf32>, %w: memref<3xf32>, %y: memref<32xf32>) {
  linalg.generic {indexing_maps = [#wide, #long, #narrow], iterator_types = ["parallel", "reduction"]} ins(%x, %w : memref<65xf32>, memref<3xf32>) outs(%y : memref<32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  }
  return
}
