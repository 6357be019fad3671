// One lane of MIN, MAX, ADD, SHR in its structural body: one adder, one shifter, 190 LUT. Combinational.
//
// The adder gives x + y, or x - y whose sign chooses for MIN and MAX. SHR: y >= 0 right by min(y, 31), arithmetic; y < 0 left by -y, 0 from 32 on.
// Critical path: the shifter.
`default_nettype none

module tsr_alu_lane (
    input  wire         compares_i,  // MIN, MAX
    input  wire         second_i,  // MAX of these, SHR of the others
    input  wire  [31:0] x_i,
    input  wire  [31:0] y_i,
    output wire  [31:0] result_o
);
  wire [32:0] sum;
  tsr_add_sub #(
      .Width(33)
  ) u_sum (
      .a_i({x_i[31], x_i}),
      .b_i({y_i[31], y_i}),
      .subtract_i(compares_i),
      .sum_o(sum)
  );
  wire less = sum[32];

  wire [31:0] shifted;
  wire goes_left = y_i[31];
  // Within 31 places: bits 31 to 5 are alike, by groups that share a bit.
  logic [5:0] alike;
  wire near;
  always_comb begin
    for (int g = 0; g < 5; g++) alike[g] = y_i[5*g+5+:6] == '0 || y_i[5*g+5+:6] == '1;
    alike[5] = y_i[31] == y_i[30];
  end
  tsr_all #(
      .Width(6)
  ) u_near (
      .bits_i(alike),
      .all_o (near)
  );
  tsr_shift u_shift (
      .value_i(x_i),
      .amount_i(y_i[4:0]),
      .left_i(goes_left),
      .none_i(!near),
      .sign_i(x_i[31]),
      .value_o(shifted)
  );

  tsr_mux4 u_result (
      .sel_i({!compares_i, second_i ^ (compares_i && less)}),
      .a_i  (y_i),
      .b_i  (x_i),
      .c_i  (sum[31:0]),
      .d_i  (shifted),
      .y_o  (result_o)
  );
endmodule

`default_nettype wire
