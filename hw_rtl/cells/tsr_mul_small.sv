// Width x Width bit signed multiply in LUTs, for where DSPs are short: radix-4 Booth. Combinational.
//
// A digit d in -2..2 for every two bits of b: b = sum of d[r] * 4^r. A negative row is inverted, with a carry in.
// LUT: about 60 for 9 bits. Critical path: (Width + 1) / 2 sums. DSPs, memories: none. Checked for all operands (tests/hw_rtl/compute).
`default_nettype none

module tsr_mul_small #(
    parameter int Width = 9
) (
    input  wire  [Width-1:0]   a_i,
    input  wire  [Width-1:0]   b_i,
    output wire  [2*Width-1:0] product_o
);
  localparam int Rows = (Width + 1) / 2;
  wire [2*Rows:0] digits = {{2 * Rows - Width{b_i[Width-1]}}, b_i, 1'b0};

  // A row is added to what the rows before have left above their lowest two bits, which leave.
  logic [2*Rows+Width+1:0] product;
  always_comb begin : p_rows
    logic one, two, minus;
    logic [Width+1:0] sum, row;
    logic [Width+2:0] total;
    sum = '0;
    product = '0;
    for (int r = 0; r < Rows; r++) begin
      one = digits[2*r] != digits[2*r+1];
      two = digits[2*r] == digits[2*r+1] && digits[2*r+1] != digits[2*r+2];
      minus = digits[2*r+2];
      row = ({Width + 2{one}} & {{2{a_i[Width-1]}}, a_i}) | ({Width + 2{two}} & {a_i[Width-1], a_i, 1'b0});
      total = {sum, 1'b1} + {row ^ {Width + 2{minus}}, minus};
      product[2*r+:Width+2] = total[Width+2:1];
      sum = {{2{total[Width+2]}}, total[Width+2:3]};
    end
  end
  assign product_o = product[2*Width-1:0];
  wire unused = &{1'b0, product};
endmodule

`default_nettype wire
