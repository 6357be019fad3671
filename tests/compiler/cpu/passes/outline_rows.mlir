// RUN: cpu_opt %s cpu-outline-rows | FileCheck %s

// The loop over blocks and that of the rest are one function; buffers that are no views of one another are marked so, constants are named inside, and what LLVM vectorises is as wide as
// the target's registers.
// CHECK-LABEL: func.func @body(
// CHECK-SAME: %[[X:[^ ]*]]: memref<10x8xf32>, %[[Y:[^ ]*]]: memref<10x8xf32>
// CHECK: call @body_rows_0(%[[X]], %[[Y]])
// CHECK-NOT: scf.for
// CHECK: return
// CHECK: func.func private @body_rows_0(%[[X:.*]]: memref<10x8xf32> {llvm.noalias}, %[[Y:.*]]: memref<10x8xf32> {llvm.noalias})
// CHECK-SAME: cpu.rows
// CHECK-SAME: passthrough = {{\[\[}}"prefer-vector-width", "128"]]
// CHECK: scf.for
// CHECK: memref.subview %[[X]][%{{.*}}, 0] [4, 8]
// CHECK: scf.for
// CHECK: memref.subview %[[X]][8, 0] [2, 8]
func.func @body(%x: memref<10x8xf32>, %y: memref<10x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c2 step %c1 {
    %r = arith.muli %i, %c4 : index
    %a = memref.subview %x[%r, 0] [4, 8] [1, 1] : memref<10x8xf32> to memref<4x8xf32, strided<[8, 1], offset: ?>>
    %b = memref.subview %y[%r, 0] [4, 8] [1, 1] : memref<10x8xf32> to memref<4x8xf32, strided<[8, 1], offset: ?>>
    memref.copy %a, %b : memref<4x8xf32, strided<[8, 1], offset: ?>> to memref<4x8xf32, strided<[8, 1], offset: ?>>
  } {cpu.rows = 0 : i64}
  scf.for %i = %c0 to %c1 step %c1 {
    %a = memref.subview %x[8, 0] [2, 8] [1, 1] : memref<10x8xf32> to memref<2x8xf32, strided<[8, 1], offset: 64>>
    %b = memref.subview %y[8, 0] [2, 8] [1, 1] : memref<10x8xf32> to memref<2x8xf32, strided<[8, 1], offset: 64>>
    memref.copy %a, %b : memref<2x8xf32, strided<[8, 1], offset: 64>> to memref<2x8xf32, strided<[8, 1], offset: 64>>
  } {cpu.rows = 0 : i64}
  return
}

// A buffer whose place only the run knows has no plain pointer; other loops are no chain's.
// CHECK-LABEL: func.func @stays(
// CHECK: scf.for
// CHECK: scf.for
// CHECK-NOT: call
func.func @stays(%x: memref<8xf32, strided<[1], offset: ?>>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    %v = memref.load %x[%i] : memref<8xf32, strided<[1], offset: ?>>
    memref.store %v, %y[%i] : memref<8xf32>
  } {cpu.rows = 0 : i64}
  scf.for %i = %c0 to %c2 step %c1 {
    %v = memref.load %y[%i] : memref<8xf32>
    memref.store %v, %y[%i] : memref<8xf32>
  }
  return
}

// Two chains are two functions: the second may read what the first makes.
// CHECK-LABEL: func.func @chains(
// CHECK: call @chains_rows_0
// CHECK: call @chains_rows_1
// CHECK-NOT: scf.for
// CHECK: return
func.func @chains(%x: memref<8xf32>, %y: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  scf.for %i = %c0 to %c2 step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    memref.store %v, %y[%i] : memref<8xf32>
  } {cpu.rows = 1 : i64}
  scf.for %i = %c0 to %c2 step %c1 {
    %v = memref.load %y[%i] : memref<8xf32>
    memref.store %v, %x[%i] : memref<8xf32>
  } {cpu.rows = 0 : i64}
  return
}
