// Whether all bits are set, by a carry chain: no LUT, where a tree takes one for five bits and synthesis often more. Combinational.
//
// For comparisons of many bits: each bit says that a group of them agrees (three pairs fit one LUT6). Critical path: the carry chain.
`default_nettype none

module tsr_all #(
    parameter int Width = 4
) (
    input  wire [Width-1:0] bits_i,
    output wire             all_o
);
  wire [Width:0] sum = {1'b0, bits_i} + 1'b1;
  assign all_o = sum[Width];
  wire unused = &{1'b0, sum};
endmodule

`default_nettype wire
