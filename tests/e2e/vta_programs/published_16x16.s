# The published program: C = A * B of 16x16 int8 matrices, the low bytes, one step after the other.
load uop sram=0 dram=0 size=(1,1) stride=1
gemm uop=[0,1) iter=(1,16) dst=(0,1) reset push_prev
load inp sram=0 dram=0 size=(1,16) stride=16 pop_next
load wgt sram=0 dram=0 size=(1,1) stride=1 push_next
load uop sram=1 dram=1 size=(1,1) stride=1 pop_prev
gemm uop=[1,2) iter=(1,16) dst=(0,1) src=(0,1) push_next
store out sram=0 dram=0 size=(1,16) stride=16 pop_prev push_prev
load inp sram=0 dram=0 size=(0,0) stride=0 push_next
load uop sram=0 dram=0 size=(0,0) stride=0 pop_prev pop_next
finish
uop dst=0 src=0 wgt=0
uop dst=0 src=0 wgt=0
