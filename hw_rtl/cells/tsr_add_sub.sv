// a + b, or a - b: one LUT and one carry bit for each bit. Combinational.
//
// b comes to the adder in two pieces because Yosys gives the operand of more pieces to the LUTs; the other one goes straight into the carry chain,
// and were that b, a LUT a bit would have to stand in between. Critical path: the carry chain.
`default_nettype none

module tsr_add_sub #(
    parameter int Width = 32
) (
    input  wire [Width-1:0] a_i,
    input  wire [Width-1:0] b_i,
    input  wire             subtract_i,
    output wire [Width-1:0] sum_o
);
  wire high = b_i[Width-1] ^ subtract_i;
  wire [Width-2:0] low = b_i[Width-2:0] ^ {Width - 1{subtract_i}};
  assign sum_o = a_i + {high, low} + Width'(subtract_i);
endmodule

`default_nettype wire
