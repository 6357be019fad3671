// What VEC ADD and MUL do to their operands before the exit pipeline, seven stages, one vector a cycle.
//
// ALU MUL: v = x, y = y. VEC: REQUANTISE v = x; ADD v = scale(x, lhs) + scale(y, rhs); MUL v = (low8 x - lhs.zp) * (low8 y - rhs.zp).
// scale is docs/instruction-set.md's: with d the 9-bit difference and n = 11 - shift, 2^20 cancels out of the 61-bit product and leaves
// (d * m + 2^(n-1) + (double rounding and shift < 0 ? +-2^10 : 0)) >> n on 42 bits.
`default_nettype none

module tsr_operands #(
    parameter int Lanes = tsr_cfg_pkg::Batch * tsr_cfg_pkg::BlockOut
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,
    input  wire                 valid_i,
    input  wire                 vec_i,
    input  wire  [2:0]          op_i,
    input  wire                 single_i,
    input  wire  [45:0]         lhs_i,  // zero point, shift, multiplier (low)
    input  wire  [45:0]         rhs_i,
    input  wire  [32*Lanes-1:0] x_i,
    input  wire  [32*Lanes-1:0] y_i,
    output logic [32*Lanes-1:0] v_o,
    output logic [32*Lanes-1:0] y_o
);
  logic [5:0] v_q, mul_q;  // V8 to V13
  logic [32*Lanes-1:0] v8_q, v9_q, v10_q, v11_q, v12_q, v13_q, y8_q, y9_q, y10_q, y11_q, y12_q, y13_q;

  wire unused = &{1'b0, op_i};
  wire [5:0] lhs_amount = 6'd11 - lhs_i[37:32];  // 11 to 42
  wire [5:0] rhs_amount = 6'd11 - rhs_i[37:32];

  always_ff @(posedge clk_i) begin : p_operands
    logic signed [63:0] d, e, p, q, m;
    if (valid_i) begin
      if (!vec_i) y8_q <= y_i;
      for (int l = 0; l < Lanes; l++) begin
        d = {{56{x_i[32*l+7]}}, x_i[32*l+:8]} - {{56{lhs_i[45]}}, lhs_i[45:38]};
        e = {{56{y_i[32*l+7]}}, y_i[32*l+:8]} - {{56{rhs_i[45]}}, rhs_i[45:38]};
        if (!vec_i || op_i[1:0] == tsr_isa_pkg::VecOpRequantise) v8_q[32*l+:32] <= x_i[32*l+:32];
        else if (op_i[1:0] == tsr_isa_pkg::VecOpMul) begin
          p = d * e;
          v8_q[32*l+:32] <= p[31:0];
        end else begin
          m = {{32{lhs_i[31]}}, lhs_i[31:0]};
          p = d * m;
          q = p + (64'sd1 <<< (lhs_amount - 6'd1));
          if (!single_i && lhs_i[37]) q = p < 64'sd0 ? q - 64'sd1024 : q + 64'sd1024;
          p = q >>> lhs_amount;
          m = {{32{rhs_i[31]}}, rhs_i[31:0]};
          d = e * m;
          q = d + (64'sd1 <<< (rhs_amount - 6'd1));
          if (!single_i && rhs_i[37]) q = d < 64'sd0 ? q - 64'sd1024 : q + 64'sd1024;
          q = q >>> rhs_amount;
          v8_q[32*l+:32] <= p[31:0] + q[31:0];
        end
      end
    end
    v_q <= {v_q[4:0], valid_i} & {6{rst_ni}};
    if (v_q[0]) begin
      v9_q <= v8_q;
      if (mul_q[0]) y9_q <= y8_q;
    end
    if (v_q[1]) begin
      v10_q <= v9_q;
      if (mul_q[1]) y10_q <= y9_q;
    end
    if (v_q[2]) begin
      v11_q <= v10_q;
      if (mul_q[2]) y11_q <= y10_q;
    end
    if (v_q[3]) begin
      v12_q <= v11_q;
      if (mul_q[3]) y12_q <= y11_q;
    end
    if (v_q[4]) begin
      v13_q <= v12_q;
      if (mul_q[4]) y13_q <= y12_q;
    end
    if (v_q[5]) begin
      v_o <= v13_q;
      if (mul_q[5]) y_o <= y13_q;
    end
    mul_q <= {mul_q[4:0], !vec_i};
  end
endmodule

`default_nettype wire
