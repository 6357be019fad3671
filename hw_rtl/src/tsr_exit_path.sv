// The exit pipeline: requantisation, zero point and clamp of one vector a cycle, for the array and the vector unit.
//
// Stages: E0 input register, E1 channel parameters, E2 bias or magnitude, E3 left shift, E4..E6 product, E7 rounding, E8 shift, E9 zero point,
// E10 clamp and output. Arithmetic is isa/include/tessera/isa/numerics.h. Never stalls. mul_i: the low word of v * y; destination ACC: v.
// Memories: none (PAR stands in tsr_scratchpads, read at E0).
`default_nettype none

module tsr_exit_path #(
    parameter int Lanes = tsr_cfg_pkg::Batch * tsr_cfg_pkg::BlockOut
) (
    input  wire                                   clk_i,
    input  wire                                   rst_ni,
    input  wire                                   valid_i,
    input  wire                                   write_i,
    input  wire                                   end_i,
    input  wire                                   vector_i,  // comes from the vector unit
    input  wire                                   mul_i,
    input  wire                                   bias_i,
    input  wire  [15:0]                           index_i,
    input  wire  [1:0]                            destination_i,
    input  wire  [34:0]                           cfg_i,  // clamp_max, clamp_min, zero_point, mode, par (low 8)
    input  wire  [32*Lanes-1:0]                   v_i,
    input  wire  [32*Lanes-1:0]                   y_i,
    output wire                                   par_en_o,
    output wire  [tsr_cfg_pkg::ParIndexBits-1:0]  par_index_o,
    input  wire  [32*tsr_cfg_pkg::BlockOut-1:0]   par_bias_i,
    input  wire  [32*tsr_cfg_pkg::BlockOut-1:0]   par_multiplier_i,
    input  wire  [32*tsr_cfg_pkg::BlockOut-1:0]   par_shift_i,
    output wire                                   valid_o,
    output wire                                   write_o,
    output wire                                   end_o,
    output wire                                   vector_o,
    output wire  [1:0]                            destination_o,
    output wire  [15:0]                           index_o,
    output wire  [32*Lanes-1:0]                   data_o
);
  localparam int BlockOut = tsr_cfg_pkg::BlockOut;

  // Control: {index, destination, vector, end, write}, with valid
  logic [10:0] v_q;
  logic [20:0] ctl_q[0:10];
  logic mul_q, mul1_q, bias_q, bias1_q;
  logic [34:0] cfg_q, cfg1_q;
  logic [32*Lanes-1:0] v0_q, v1_q, y0_q, y1_q;

  always_ff @(posedge clk_i) begin
    v_q <= {v_q[9:0], valid_i} & {11{rst_ni}};
    if (valid_i) begin
      ctl_q[0] <= {index_i, destination_i, vector_i, end_i, write_i};
      mul_q <= mul_i;
      bias_q <= bias_i;
      cfg_q <= cfg_i;
      v0_q <= v_i;
      if (mul_i) y0_q <= y_i;
    end
    for (int s = 1; s <= 10; s++) if (v_q[s-1]) ctl_q[s] <= ctl_q[s-1];
    if (v_q[0]) begin
      mul1_q <= mul_q;
      bias1_q <= bias_q;
      cfg1_q <= cfg_q;
      v1_q <= v0_q;
      if (mul_q) y1_q <= y0_q;
    end
  end
  assign par_en_o = v_q[0];
  assign par_index_o = cfg_q[tsr_cfg_pkg::ParIndexBits-1:0];

  wire [2:0] mode1 = cfg1_q[10:8];
  wire to_acc1 = ctl_q[1][4:3] == tsr_isa_pkg::DestinationAcc;
  logic [32*Lanes-1:0] r2_q, r3_q, r4_q, r5_q, r6_q, r7_q, r8_q, r9_q, r10_q;

  always_ff @(posedge clk_i) begin : p_exit
    logic signed [63:0] product, sum, half, wide;
    logic signed [31:0] v, m, value;
    logic [31:0] magnitude, quotient;
    logic [5:0] s, amount;
    logic is_negative;
    if (v_q[1]) begin
      for (int l = 0; l < Lanes; l++) begin
        v = v1_q[32*l+:32];
        m = par_multiplier_i[32*(l%BlockOut)+:32];
        s = par_shift_i[32*(l%BlockOut)+:6];
        if (bias1_q) v = v + $signed(par_bias_i[32*(l%BlockOut)+:32]);
        if (mul1_q) r2_q[32*l+:32] <= v * $signed(y1_q[32*l+:32]);
        else if (to_acc1) r2_q[32*l+:32] <= v;
        else begin
          case (mode1)
            tsr_isa_pkg::ExitModeTflite, tsr_isa_pkg::ExitModeTfliteSingle: begin
              amount = 6'd31;
              if (mode1 == tsr_isa_pkg::ExitModeTfliteSingle) amount = 6'd31 - s;
              else if (s[5]) amount = 6'd31 - s;
              else v = v <<< s[4:0];
              product = 64'(v) * 64'(m);
              half = amount == 6'd0 ? 64'sd0 : 64'sd1 <<< (amount - 6'd1);
              is_negative = product < 64'sd0;
              sum = product + half;
              if (mode1 == tsr_isa_pkg::ExitModeTflite && s[5]) sum = is_negative ? sum - 64'sh40000000 : sum + 64'sh40000000;
              // Only a positive sum can take bit 63.
              wide = is_negative ? sum >>> amount : $signed($unsigned(sum) >> amount);
              if (wide > 64'sh7fffffff) value = 32'sh7fffffff;
              else if (wide < -64'sh80000000) value = -32'sh80000000;
              else value = wide[31:0];
            end
            tsr_isa_pkg::ExitModeAverage: begin
              magnitude = (v[31] ? -v : v) + par_bias_i[32*(l%BlockOut)+:32];
              product = $signed({32'd0, magnitude} * {32'd0, $unsigned(m)});
              quotient = 32'($unsigned(product) >> (6'd0 - s));
              value = v[31] ? -quotient : quotient;
            end
            tsr_isa_pkg::ExitModeOnnx: value = tsr_float_pkg::multiply(v, m);
            default: value = v;
          endcase
          wide = 64'(value) + {{56{cfg1_q[18]}}, cfg1_q[18:11]};
          if (wide < {{56{cfg1_q[26]}}, cfg1_q[26:19]}) wide = {{56{cfg1_q[26]}}, cfg1_q[26:19]};
          if (wide > {{56{cfg1_q[34]}}, cfg1_q[34:27]}) wide = {{56{cfg1_q[34]}}, cfg1_q[34:27]};
          r2_q[32*l+:32] <= wide[31:0];
        end
      end
    end
    if (v_q[2]) r3_q <= r2_q;
    if (v_q[3]) r4_q <= r3_q;
    if (v_q[4]) r5_q <= r4_q;
    if (v_q[5]) r6_q <= r5_q;
    if (v_q[6]) r7_q <= r6_q;
    if (v_q[7]) r8_q <= r7_q;
    if (v_q[8]) r9_q <= r8_q;
    if (v_q[9]) r10_q <= r9_q;
  end

  wire unused = &{1'b0, cfg1_q};

  assign valid_o = v_q[10];
  assign {index_o, destination_o, vector_o, end_o, write_o} = ctl_q[10];
  assign data_o = r10_q;
endmodule

`default_nettype wire
