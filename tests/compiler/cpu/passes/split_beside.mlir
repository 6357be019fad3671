// RUN: cpu_opt %s cpu-split | FileCheck %s

// What is computed of what is loaded beside a loop (the rest of a tiled nest) goes to the last part with it.
// CHECK-LABEL: func.func private @rest(
// CHECK-SAME: cpu.work
// CHECK: scf.for
// CHECK: scf.if
// CHECK-NEXT: memref.load
// CHECK-NEXT: arith.addf
// CHECK-NEXT: memref.store
func.func private @rest(%x: memref<65x64xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c1 {
    scf.for %j = %c0 to %c64 step %c1 {
      %v = memref.load %x[%i, %j] : memref<65x64xf32>
      %w = arith.addf %v, %v : f32
      memref.store %w, %x[%i, %j] : memref<65x64xf32>
    } {cpu.parallel}
  } {cpu.parallel}
  %v = memref.load %x[%c64, %c0] : memref<65x64xf32>
  %w = arith.addf %v, %v : f32
  memref.store %w, %x[%c64, %c1] : memref<65x64xf32>
  return
}
