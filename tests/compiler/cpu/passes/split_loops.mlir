// RUN: cpu_opt %s cpu-split | FileCheck %s

// Which loop is cut, and which functions: those of less work only beside one of much.

// Both loops are even; parts of the outer one (channels) would fetch much from other cores.
// CHECK-LABEL: func.func private @far(
// CHECK: scf.for {{.*}} = %c0 to %c8
// CHECK: arith.divui
// CHECK: scf.for
func.func private @far(%x: memref<8x64xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c8 step %c1 {
    scf.for %j = %c0 to %c64 step %c1 {
      %v = memref.load %x[%i, %j] : memref<8x64xf32>
      memref.store %v, %x[%i, %j] : memref<8x64xf32>
    } {cpu.parallel, cpu.exchange = 0 : i64}
  } {cpu.parallel, cpu.exchange = 65536 : i64}
  return
}

// Nothing is known of what they fetch: the outermost.
// CHECK-LABEL: func.func private @unknown(
// CHECK: arith.divui
// CHECK: scf.for
// CHECK: scf.for {{.*}} = %c0 to %c64
func.func private @unknown(%x: memref<8x64xf32>) attributes {cpu.split} {
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

// Less work, but its arrays lie with several threads already.
// CHECK-LABEL: func.func private @beside(
// CHECK-SAME: cpu.work = 16
func.func private @beside(%x: memref<8xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %x[%i] : memref<8xf32>
  } {cpu.parallel}
  return
}

// Too little even so; and what follows it stands beside none.
// CHECK-LABEL: func.func private @least(%{{[^ ]*}}: memref<4xf32>) {
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
// CHECK-LABEL: func.func private @alone(%{{[^ ]*}}: memref<8xf32>) {
func.func private @alone(%x: memref<8xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %x[%i] : memref<8xf32>
  } {cpu.parallel}
  return
}
