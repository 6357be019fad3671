// 32-bit shift in both directions: 114 LUT6 in three stages, a funnel over {value, 0} to the left and {sign, value} to the right.
//
// right: by amount_i (0 to 31), sign_i comes in. left_i: by 32 - amount_i (1 to 32), so the low five bits of a negative number of places are
// its amount as they stand. none_i: further than 31, only what comes in is left. Combinational.
`default_nettype none

module tsr_shift (
    input  wire [31:0] value_i,
    input  wire [4:0]  amount_i,
    input  wire        left_i,
    input  wire        none_i,
    input  wire        sign_i,
    output wire [31:0] value_o
);
  wire fill = sign_i && !left_i;
  wire far = amount_i[4];
  // far_moved: the funnel's word, right by 16 if the amount says so. Its thirds are what can come from the low half of the word, both, the high half.
  wire [46:0] far_moved;
  wire [34:0] moved;
  tsr_mux4 #(
      .Width(16)
  ) u_low (
      .sel_i({none_i || left_i, far}),
      .a_i  (value_i[15:0]),
      .b_i  (value_i[31:16]),
      .c_i  ({16{fill}}),
      .d_i  ({16{fill}}),
      .y_o  (far_moved[15:0])
  );
  tsr_mux4 #(
      .Width(16)
  ) u_middle (
      .sel_i({none_i || left_i != far, left_i}),
      .a_i  (value_i[31:16]),
      .b_i  (value_i[15:0]),
      .c_i  ({16{fill}}),
      .d_i  ({16{fill}}),
      .y_o  (far_moved[31:16])
  );
  tsr_mux4 #(
      .Width(15)
  ) u_high (
      .sel_i({none_i || !left_i, far}),
      .a_i  (value_i[14:0]),
      .b_i  (value_i[30:16]),
      .c_i  ({15{fill}}),
      .d_i  ({15{fill}}),
      .y_o  (far_moved[46:32])
  );
  tsr_mux4 #(
      .Width(35)
  ) u_fours (
      .sel_i(amount_i[3:2]),
      .a_i  (far_moved[34:0]),
      .b_i  (far_moved[38:4]),
      .c_i  (far_moved[42:8]),
      .d_i  (far_moved[46:12]),
      .y_o  (moved)
  );
  tsr_mux4 u_ones (
      .sel_i(amount_i[1:0]),
      .a_i  (moved[31:0]),
      .b_i  (moved[32:1]),
      .c_i  (moved[33:2]),
      .d_i  (moved[34:3]),
      .y_o  (value_o)
  );
endmodule

`default_nettype wire
