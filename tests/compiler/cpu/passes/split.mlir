// RUN: cpu_opt %s cpu-split | FileCheck %s

// A loop of many steps does a run of them; what stands beside it goes to the last part.
// CHECK-LABEL: func.func private @rows(
// CHECK-SAME: %[[PART:[^ ]*]]: index, %[[PARTS:[^ ]*]]: index) attributes {cpu.work = {{[0-9]+}} : i64}
// CHECK: %[[FIRST:.*]] = arith.muli %{{.*}}, %[[PART]] : index
// CHECK: arith.divui %[[FIRST]], %[[PARTS]] : index
// CHECK: %[[NEXT:.*]] = arith.addi %[[PART]], %{{.*}} : index
// CHECK: arith.muli %{{.*}}, %[[NEXT]] : index
// CHECK: %[[END:.*]] = arith.minsi
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[END]]
// CHECK: arith.cmpi eq, %{{.*}}, %[[PARTS]] : index
// CHECK: scf.if
// CHECK-NEXT: memref.load
// CHECK-NEXT: memref.store
// A loop of few steps is not cut where it holds one of many.
// CHECK-LABEL: func.func private @few(
// CHECK: scf.for {{.*}} = %c0 to %c3
// CHECK: arith.divui
// CHECK: scf.for
// Little work, and checks that end the run, stay whole.
// CHECK-LABEL: func.func private @little(%{{[^ ]*}}: memref<4xf32>) {
// Large arrays are work as well.
// CHECK-LABEL: func.func private @memory(
// CHECK-SAME: cpu.work = 528
// CHECK-LABEL: func.func private @checks(%{{[^ ]*}}: memref<64x64xf32>) {
// Nor is one cut whose loop reads what is loaded beside it, or that nobody has marked.
// CHECK-LABEL: func.func private @carried(%{{[^ ]*}}: memref<64x64xf32>) {
// CHECK-LABEL: func.func private @unmarked(%{{[^ ]*}}: memref<64x64xf32>) {
// CHECK-LABEL: func.func @main(
// CHECK: call @rows(%{{[^ ]*}}, %[[ZERO:.*]], %[[ONE:.*]]) : (memref<65x64xf32>, index, index) -> ()
func.func private @rows(%x: memref<65x64xf32>) attributes {cpu.split} {
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
  memref.store %v, %x[%c64, %c1] : memref<65x64xf32>
  return
}
func.func private @few(%x: memref<3x64xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c3 step %c1 {
    scf.for %j = %c0 to %c64 step %c1 {
      %v = memref.load %x[%i, %j] : memref<3x64xf32>
      memref.store %v, %x[%i, %j] : memref<3x64xf32>
    } {cpu.parallel, cpu.exchange = 0 : i64}
  } {cpu.parallel, cpu.exchange = 0 : i64}
  return
}
func.func private @little(%x: memref<4xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %v = memref.load %x[%i] : memref<4xf32>
    memref.store %v, %x[%i] : memref<4xf32>
  } {cpu.parallel}
  return
}
func.func private @memory(%x: memref<8xf32>, %y: memref<256xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %x[%i] : memref<8xf32>
  } {cpu.parallel}
  return
}
func.func private @checks(%x: memref<64x64xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c1 {
    scf.for %j = %c0 to %c64 step %c1 {
      %v = memref.load %x[%i, %j] : memref<64x64xf32>
      %fine = arith.cmpf oeq, %v, %v : f32
      cf.assert %fine, "not a number"
      memref.store %v, %x[%i, %j] : memref<64x64xf32>
    } {cpu.parallel}
  } {cpu.parallel}
  return
}
func.func private @carried(%x: memref<64x64xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %v = memref.load %x[%c0, %c0] : memref<64x64xf32>
  scf.for %i = %c0 to %c64 step %c1 {
    scf.for %j = %c0 to %c64 step %c1 {
      memref.store %v, %x[%i, %j] : memref<64x64xf32>
    } {cpu.parallel}
  } {cpu.parallel}
  return
}
func.func private @unmarked(%x: memref<64x64xf32>) attributes {cpu.split} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  scf.for %i = %c0 to %c64 step %c1 {
    scf.for %j = %c0 to %c64 step %c1 {
      %v = memref.load %x[%i, %j] : memref<64x64xf32>
      memref.store %v, %x[%i, %j] : memref<64x64xf32>
    }
  }
  return
}
func.func @main(%x: memref<65x64xf32>) {
  call @rows(%x) : (memref<65x64xf32>) -> ()
  return
}
