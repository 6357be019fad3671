// RUN: not npu_opt %s tiny npu-segment | FileCheck %s
// CHECK: error: a constant as a result of the network is not supported
func.func @main(%arg0: tensor<1xi8>) -> tensor<1xi8> {
  %0 = "tosa.const"() {value = dense<5> : tensor<1xi8>} : () -> tensor<1xi8>
  return %0 : tensor<1xi8>
}
