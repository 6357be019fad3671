// What VEC ADD and MUL do to their operands before the exit pipeline: seven stages, V7 to V14, one vector a cycle.
//
// ALU MUL: v = x, y = y. VEC: REQUANTISE v = x; ADD v = scale(x, lhs) + scale(y, rhs) (tsr_operand_table); MUL v = (low8 x - lhs.zp) *
// (low8 y - rhs.zp). Stages: V8 low bytes, V9 tables and differences, V10 each of these results, 0 unless the operation asks for it, V11 their
// sum, the rest waits for the array's stages. Critical path: the 32-bit sum at V11, or at V10 tsr_mul_small. Memories: in the tables.
// DSP: 1 a lane (9 x 9), or with LutProducts none and 88 LUT a lane in its place: with 32 lanes ultra96 has 352 of its 360 in array and exit.
// LutProducts counts for synthesis alone (YOSYS, or TSR_STRUCTURAL in a simulation); the products are the same.
// A table takes half a RAMB36 a lane, or 124 LUT where it stands in distributed RAM. LUTs are what all FPGAs lack, so both operands' tables stand in
// block RAM, except with 16 lanes (pynq), where all but 11 of the 140 RAMB36 are taken: one operand's.
`default_nettype none

`ifdef YOSYS
`define TSR_LUT_PRODUCTS
`endif
`ifdef TSR_STRUCTURAL
`define TSR_LUT_PRODUCTS
`endif

module tsr_operands #(
    parameter int Lanes = tsr_cfg_pkg::Batch * tsr_cfg_pkg::BlockOut,
    parameter int BlockTables = Lanes == 16 ? 1 : 2,  // operands whose tables stand in block RAM, rhs first
    parameter int LutProducts = Lanes > 16 ? 1 : 0
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,
    input  wire                 valid_i,
    input  wire                 vec_i,
    input  wire  [2:0]          op_i,
    input  wire                 fill_i,  // load the tables
    output wire                 busy_o,
    input  wire                 single_i,
    input  wire  [45:0]         lhs_i,  // zero point, shift, multiplier (low)
    input  wire  [45:0]         rhs_i,
    input  wire  [32*Lanes-1:0] x_i,
    input  wire  [32*Lanes-1:0] y_i,
    output logic [32*Lanes-1:0] v_o,
    output logic [32*Lanes-1:0] y_o
);
  // Entry 0 belongs to V8.
  logic [5:0] v_q, wide_q;  // wide: y counts (ALU MUL)
  logic [1:0] add_q, mul_q;
  wire is_add = vec_i && op_i[1:0] == tsr_isa_pkg::VecOpAdd;
  wire is_mul = vec_i && op_i[1:0] == tsr_isa_pkg::VecOpMul;
  always_ff @(posedge clk_i) begin
    v_q <= {v_q[4:0], valid_i} & {6{rst_ni}};
    wide_q <= {wide_q[4:0], !vec_i};
    add_q <= {add_q[0], is_add};
    mul_q <= {mul_q[0], is_mul};
  end

  logic [32*Lanes-1:0] x8_q, y8_q, x9_q, y9_q, x10_q, y10_q, x10_scaled_q, y10_scaled_q;
  logic [32*Lanes-1:0] v11_q, y11_q, v12_q, y12_q, v13_q, y13_q;
  logic [8*Lanes-1:0] x_low, y_low;
  always_comb begin
    for (int l = 0; l < Lanes; l++) begin
      x_low[8*l+:8] = x8_q[32*l+:8];
      y_low[8*l+:8] = y8_q[32*l+:8];
    end
  end

  wire [32*Lanes-1:0] x_scaled, y_scaled;
  wire x_busy, y_busy;
  assign busy_o = x_busy || y_busy;
  tsr_operand_table #(
      .Lanes(Lanes),
      .Block(BlockTables > 1 ? 1 : 0)
  ) u_lhs (
      .clk_i,
      .rst_ni,
      .fill_i,
      .busy_o(x_busy),
      .operand_i(lhs_i),
      .single_i,
      .valid_i(v_q[0] && add_q[0]),
      .value_i(x_low),
      .result_o(x_scaled)
  );
  tsr_operand_table #(
      .Lanes(Lanes),
      .Block(BlockTables > 0 ? 1 : 0)
  ) u_rhs (
      .clk_i,
      .rst_ni,
      .fill_i,
      .busy_o(y_busy),
      .operand_i(rhs_i),
      .single_i,
      .valid_i(v_q[0] && add_q[0]),
      .value_i(y_low),
      .result_o(y_scaled)
  );

  // Minus the zero points, which hold still while a VEC runs: a sum fits the adder in front of a DSP's multiplier.
  logic [8:0] x_offset_q, y_offset_q;
  logic [9*Lanes-1:0] d9_q, e9_q;
  logic [18*Lanes-1:0] product10_q;
  always_ff @(posedge clk_i) begin : p_operands
    logic [31:0] third;
    logic high;
    logic [30:0] low;
    x_offset_q <= 9'd0 - {lhs_i[45], lhs_i[45:38]};
    y_offset_q <= 9'd0 - {rhs_i[45], rhs_i[45:38]};
    if (valid_i) begin
      x8_q <= x_i;
      if (!vec_i || op_i[1:0] != tsr_isa_pkg::VecOpRequantise) y8_q <= y_i;
    end
    if (v_q[0]) begin
      x9_q <= x8_q;
      if (wide_q[0]) y9_q <= y8_q;
      if (mul_q[0]) begin
        for (int l = 0; l < Lanes; l++) begin
          d9_q[9*l+:9] <= {x_low[8*l+7], x_low[8*l+:8]} + x_offset_q;
          e9_q[9*l+:9] <= {y_low[8*l+7], y_low[8*l+:8]} + y_offset_q;
        end
      end
    end
    // Zeros by the registers' reset: under an enable, Yosys would make them of LUTs.
    if (v_q[1] && wide_q[1]) y10_q <= y9_q;
    if (v_q[1] && (add_q[1] || mul_q[1])) x10_q <= '0;
    else if (v_q[1]) x10_q <= x9_q;
    if (v_q[1] && !add_q[1]) begin
      x10_scaled_q <= '0;
      y10_scaled_q <= '0;
    end else if (v_q[1]) begin
      x10_scaled_q <= x_scaled;
      y10_scaled_q <= y_scaled;
    end
    if (v_q[2]) begin
      for (int l = 0; l < Lanes; l++) begin
        // in two pieces, as in tsr_add_sub
        third = {{14{product10_q[18*l+17]}}, product10_q[18*l+:18]};
        high = y10_scaled_q[32*l+31] | x10_q[32*l+31] | third[31];
        low = y10_scaled_q[32*l+:31] | x10_q[32*l+:31] | third[30:0];
        v11_q[32*l+:32] <= x10_scaled_q[32*l+:32] + {high, low};
      end
      if (wide_q[2]) y11_q <= y10_q;
    end
    if (v_q[3]) begin
      v12_q <= v11_q;
      if (wide_q[3]) y12_q <= y11_q;
    end
    if (v_q[4]) begin
      v13_q <= v12_q;
      if (wide_q[4]) y13_q <= y12_q;
    end
    if (v_q[5]) begin
      v_o <= v13_q;
      if (wide_q[5]) y_o <= y13_q;
    end
  end

`ifdef TSR_LUT_PRODUCTS
  localparam int InLuts = LutProducts;
`else
  localparam int InLuts = 0;
`endif
  if (InLuts != 0) begin : g_lut_products
    wire [18*Lanes-1:0] product9;
    for (genvar l = 0; l < Lanes; l++) begin : g_lane
      tsr_mul_small #(
          .Width(9)
      ) u_mul (
          .a_i(d9_q[9*l+:9]),
          .b_i(e9_q[9*l+:9]),
          .product_o(product9[18*l+:18])
      );
    end
    always_ff @(posedge clk_i) begin
      if (v_q[1] && !mul_q[1]) product10_q <= '0;
      else if (v_q[1]) product10_q <= product9;
    end
  end else begin : g_dsp_products
    always_ff @(posedge clk_i) begin : p_products
      logic signed [8:0] d, e;
      if (v_q[1] && !mul_q[1]) product10_q <= '0;
      else if (v_q[1]) begin
        for (int l = 0; l < Lanes; l++) begin
          d = d9_q[9*l+:9];
          e = e9_q[9*l+:9];
          product10_q[18*l+:18] <= d * e;
        end
      end
    end
  end
  wire unused = &{1'b0, op_i, LutProducts != 0};
endmodule

`default_nettype wire
