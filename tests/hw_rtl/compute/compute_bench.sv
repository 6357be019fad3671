// The arithmetic cells of compute side by side, for cells_test.cpp: both forms of the wide multiplier of the exit lane and of the table.
`default_nettype none

module compute_bench (
    input  wire         clk_i,
    input  wire         rst_ni,
    // tsr_mul_small
    input  wire  [8:0]  a_i,
    input  wire  [8:0]  b_i,
    output wire  [17:0] small_o,
    // tsr_mul_wide and tsr_requantise_lane; _0 with DSP48E1, _1 with DSP48E2
    input  wire         unsigned_i,
    input  wire  [31:0] v_i,
    input  wire  [31:0] y_i,
    output wire  [63:0] product_0_o,
    output wire  [63:0] product_1_o,
    input  wire  [2:0]  mode_i,
    input  wire         raw_i,
    input  wire         pass_i,
    input  wire         bias_on_i,
    input  wire  [7:0]  zero_point_i,
    input  wire  [7:0]  clamp_min_i,
    input  wire  [7:0]  clamp_max_i,
    input  wire  [31:0] bias_i,
    input  wire  [31:0] multiplier_i,
    input  wire  [5:0]  shift_i,
    output wire  [31:0] result_0_o,
    output wire  [31:0] result_1_o,
    // tsr_alu_lane
    input  wire         compares_i,
    input  wire         second_i,
    output wire  [31:0] alu_o,
    // tsr_operand_table; _0 in distributed RAM, _1 in block RAM
    input  wire         fill_i,
    output wire         busy_o,
    input  wire  [45:0] operand_i,
    input  wire         single_i,
    input  wire         valid_i,
    input  wire  [7:0]  value_i,
    output wire  [31:0] scaled_0_o,
    output wire  [31:0] scaled_1_o
);
  tsr_mul_small #(
      .Width(9)
  ) u_small (
      .a_i,
      .b_i,
      .product_o(small_o)
  );
  tsr_alu_lane u_alu (
      .compares_i,
      .second_i,
      .x_i(v_i),
      .y_i,
      .result_o(alu_o)
  );
  wire [63:0] product[0:1];
  wire [31:0] result[0:1];
  wire [31:0] scaled[0:1];
  wire busy[0:1];
  for (genvar f = 0; f < 2; f++) begin : g_form
    tsr_mul_wide #(
        .AWidth(f == 0 ? 25 : 27)
    ) u_wide (
        .clk_i,
        .x_i({!unsigned_i && v_i[31], v_i}),
        .y_i({!unsigned_i && y_i[31], y_i}),
        .product_o(product[f])
    );
    tsr_requantise_lane #(
        .AWidth(f == 0 ? 25 : 27)
    ) u_lane (
        .clk_i,
        .mode_i,
        .raw_i,
        .pass_i,
        .bias_on_i,
        .zero_point_i,
        .clamp_min_i,
        .clamp_max_i,
        .v_i,
        .y_i,
        .bias_i,
        .multiplier_i,
        .shift_i,
        .result_o(result[f])
    );
    tsr_operand_table #(
        .Lanes(1),
        .Block(f)
    ) u_table (
        .clk_i,
        .rst_ni,
        .fill_i,
        .busy_o(busy[f]),
        .operand_i,
        .single_i,
        .valid_i,
        .value_i,
        .result_o(scaled[f])
    );
  end
  assign product_0_o = product[0];
  assign product_1_o = product[1];
  assign result_0_o = result[0];
  assign result_1_o = result[1];
  assign scaled_0_o = scaled[0];
  assign scaled_1_o = scaled[1];
  assign busy_o = busy[0] || busy[1];
endmodule

`default_nettype wire
