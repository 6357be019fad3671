// The exit pipeline: requantisation, zero point and clamp of one vector a cycle, for the array and the vector unit.
//
// Stages: E0 input register, E1 channel parameters, E2 to E12 arithmetic of isa/include/tessera/isa/numerics.h. It never stalls.
// Two bodies with the same cycles and results: behavioural, all at E1 and delayed, which simulates fast; structural, tsr_requantise_lane, for
// synthesis (YOSYS, or TSR_STRUCTURAL in a simulation). mul_i: the low word of v * y; destination ACC: v.
// DSP and critical path: in the lanes.
// Memories: none (PAR stands in tsr_scratchpads, read at E0).
`default_nettype none

`ifdef YOSYS
`define TSR_EXIT_LANES
`endif
`ifdef TSR_STRUCTURAL
`define TSR_EXIT_LANES
`endif

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
    input  wire  [6*tsr_cfg_pkg::BlockOut-1:0]    par_shift_i,
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
  logic [12:0] v_q;
  logic [20:0] ctl_q[0:12];
  logic mul_q, mul1_q, bias_q, bias1_q;
  logic [34:0] cfg_q, cfg1_q;
  logic [32*Lanes-1:0] v0_q, v1_q, y0_q, y1_q;

  always_ff @(posedge clk_i) begin
    v_q <= {v_q[11:0], valid_i} & {13{rst_ni}};
    if (valid_i) begin
      ctl_q[0] <= {index_i, destination_i, vector_i, end_i, write_i};
      mul_q <= mul_i;
      bias_q <= bias_i;
      cfg_q <= cfg_i;
      v0_q <= v_i;
      if (mul_i) y0_q <= y_i;
    end
    for (int s = 1; s <= 12; s++) if (v_q[s-1]) ctl_q[s] <= ctl_q[s-1];
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
  wire signed [7:0] zero_point1 = cfg1_q[18:11];
  wire signed [7:0] clamp_min1 = cfg1_q[26:19];
  wire signed [7:0] clamp_max1 = cfg1_q[34:27];
`ifdef TSR_EXIT_LANES
  // The settings of E11 for the last stage; a minimum above the maximum gives the maximum
  logic [23:0] settings_q[2:11];
  always_ff @(posedge clk_i) begin
    settings_q[2] <= {clamp_max1, clamp_min1 > clamp_max1 ? clamp_max1 : clamp_min1, zero_point1};
    for (int s = 3; s <= 11; s++) settings_q[s] <= settings_q[s-1];
  end
  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    tsr_requantise_lane #(
        .Onnx(tsr_cfg_pkg::HasRequantiseOnnx)
    ) u_lane (
        .clk_i,
        .mode_i(mode1),
        .raw_i(mul1_q),
        .pass_i(to_acc1),
        .bias_on_i(bias1_q),
        .zero_point_i(settings_q[11][7:0]),
        .clamp_min_i(settings_q[11][15:8]),
        .clamp_max_i(settings_q[11][23:16]),
        .v_i(v1_q[32*l+:32]),
        .y_i(y1_q[32*l+:32]),
        .bias_i(par_bias_i[32*(l%BlockOut)+:32]),
        .multiplier_i(par_multiplier_i[32*(l%BlockOut)+:32]),
        .shift_i(par_shift_i[6*(l%BlockOut)+:6]),
        .result_o(data_o[32*l+:32])
    );
  end
`else

  // Mode ONNX in integers: roundHalfEven(float32(v) * scale), conversion and product rounded to nearest even in float32.
  // v times the float32 whose bits are m; saturated to int32, NaN gives 0. A subnormal scale gives less than a half, so 0.
  function logic signed [31:0] multiply_float(input logic signed [31:0] v, input logic [31:0] m);
    logic [31:0] magnitude, left;
    logic [23:0] mantissa;
    logic [24:0] rounded;
    logic [47:0] product;
    logic [8:0] zeros, exponent;
    logic negative, up;
    logic signed [10:0] scale;
    logic [56:0] wide;
    logic [31:0] result;
    logic [5:0] amount;
    negative = v[31] ^ m[31];
    magnitude = v[31] ? 32'd0 - v : v;
    result = '0;
    if (v != 32'sd0 && m[30:23] != 8'd0 && !(m[30:23] == 8'd255 && m[22:0] != '0)) begin
      // float32(v): left has its leading one at bit 31; 24 bits stay.
      left = magnitude;
      zeros = 9'd0;
      if (left[31:16] == '0) begin
        left = left << 16;
        zeros = zeros + 9'd16;
      end
      if (left[31:24] == '0) begin
        left = left << 8;
        zeros = zeros + 9'd8;
      end
      if (left[31:28] == '0) begin
        left = left << 4;
        zeros = zeros + 9'd4;
      end
      if (left[31:30] == '0) begin
        left = left << 2;
        zeros = zeros + 9'd2;
      end
      if (!left[31]) begin
        left = left << 1;
        zeros = zeros + 9'd1;
      end
      up = left[7] && (left[6:0] != '0 || left[8]);
      rounded = {1'b0, left[31:8]} + 25'(up);
      exponent = 9'd31 - zeros;  // v is rounded * 2^(exponent - 23)
      mantissa = rounded[23:0];
      if (rounded[24]) begin
        mantissa = 24'h800000;
        exponent = exponent + 9'd1;
      end
      // The product, 24 bits of it.
      product = 48'(mantissa) * 48'({1'b1, m[22:0]});
      scale = $signed({2'b0, exponent}) + $signed({3'b0, m[30:23]}) - 11'sd127;  // exponent of the result's leading one, if at bit 46
      if (product[47]) scale = scale + 11'sd1;
      else product = product << 1;
      up = product[23] && (product[22:0] != '0 || product[24]);
      rounded = {1'b0, product[47:24]} + 25'(up);
      if (rounded[24]) begin
        rounded = 25'h0800000;
        scale = scale + 11'sd1;
      end
      // The result is rounded * 2^(scale - 23), to be rounded to an integer.
      if (m[30:23] == 8'd255 || scale > 11'sd30) result = negative ? 32'h80000000 : 32'h7fffffff;
      else if (scale < -11'sd1) result = '0;
      else begin
        amount = 6'(11'sd31 - scale);  // 1 to 32: binary point of wide, which holds rounded << 8
        wide = {25'd0, rounded[23:0], 8'd0};
        wide = wide + (57'd1 << (amount - 6'd1)) - 57'd1 + ((wide >> amount) & 57'd1);
        wide = wide >> amount;
        result = negative ? 32'd0 - wide[31:0] : wide[31:0];
      end
    end
    multiply_float = $signed(result);
  endfunction

  logic [32*Lanes-1:0] r2_q, r3_q, r4_q, r5_q, r6_q, r7_q, r8_q, r9_q, r10_q, r11_q, r12_q;

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
        s = par_shift_i[6*(l%BlockOut)+:6];
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
            tsr_isa_pkg::ExitModeOnnx: value = multiply_float(v, m);
            default: value = v;
          endcase
          wide = 64'(value) + 64'(zero_point1);
          if (wide < 64'(clamp_min1)) wide = 64'(clamp_min1);
          if (wide > 64'(clamp_max1)) wide = 64'(clamp_max1);
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
    if (v_q[10]) r11_q <= r10_q;
    if (v_q[11]) r12_q <= r11_q;
  end
  assign data_o = r12_q;
`endif

  wire unused = &{1'b0, cfg1_q};

  assign valid_o = v_q[12];
  assign {index_o, destination_o, vector_o, end_o, write_o} = ctl_q[12];
endmodule

`default_nettype wire
