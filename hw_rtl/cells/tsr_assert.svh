// Assertions with one body a tool. `TSR_ASSERT(cond) stands at module level and uses clk_i and rst_ni of the module.
// In Verilator: a message with the instance path and the condition, then $stop, which the harness turns into an error.
// In Yosys with FORMAL: a property to prove. Yosys without, or TSR_NO_ASSERT: nothing.
`ifndef TSR_ASSERT_SVH
`define TSR_ASSERT_SVH

`ifdef TSR_NO_ASSERT
`define TSR_ASSERT(cond)
`elsif YOSYS
`ifdef FORMAL
`define TSR_ASSERT(cond) always_ff @(posedge clk_i) if (rst_ni) assert (cond);
`else
`define TSR_ASSERT(cond)
`endif
`else
`define TSR_ASSERT(cond) always_ff @(posedge clk_i) if (rst_ni && !(cond)) begin $display("assertion failed: %m: %s", `"cond`"); $stop; end
`endif

`endif
