// RUN: cpu_opt %s cpu-split | FileCheck %s

// Beside a nest of much work stands what is called before or behind it, wherever it is declared.
// CHECK-LABEL: func.func private @much(
// CHECK-SAME: cpu.work = 1024
func.func private @much(%x: memref<8x64xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c8 step %c1 {
    scf.for %j = %c0 to %c64 step %c1 {
      %v = memref.load %x[%i, %j] : memref<8x64xf32>
      memref.store %v, %x[%i, %j] : memref<8x64xf32>
    } {cpu.parallel}
  } {cpu.parallel}
  return
}
// CHECK-LABEL: func.func private @declared(%{{[^ ]*}}: memref<8xf32>) {
func.func private @declared(%x: memref<8xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %x[%i] : memref<8xf32>
  } {cpu.parallel}
  return
}
func.func private @least(%x: memref<4xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %x[%i] : memref<4xf32>
    memref.store %v, %x[%i] : memref<4xf32>
  } {cpu.parallel}
  return
}
// CHECK-LABEL: func.func private @called(
// CHECK-SAME: cpu.work = 16
func.func private @called(%x: memref<8xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %x[%i] : memref<8xf32>
  } {cpu.parallel}
  return
}

// The inner loop would fetch less, but it uses what is loaded beside it: the outer one is cut.
// CHECK-LABEL: func.func private @inside(
// CHECK: arith.divui
// CHECK: scf.for
// CHECK: scf.for {{.*}} = %c0 to %c64
func.func private @inside(%x: memref<8x64xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %x[%i, %c0] : memref<8x64xf32>
    scf.for %j = %c0 to %c64 step %c1 {
      %w = memref.load %x[%i, %j] : memref<8x64xf32>
      %s = arith.addf %v, %w : f32
      memref.store %s, %x[%i, %j] : memref<8x64xf32>
    } {cpu.parallel, cpu.exchange = 0 : i64}
  } {cpu.parallel, cpu.exchange = 65536 : i64}
  return
}
func.func @main(%x: memref<8x64xf32>, %y: memref<8xf32>, %z: memref<4xf32>) {
  call @inside(%x) : (memref<8x64xf32>) -> ()
  call @much(%x) : (memref<8x64xf32>) -> ()
  call @called(%y) : (memref<8xf32>) -> ()
  call @least(%z) : (memref<4xf32>) -> ()
  call @declared(%y) : (memref<8xf32>) -> ()
  return
}
