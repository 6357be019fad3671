// One lane of the exit pipeline in its structural body: channel parameters at E1 to the result at E12, no enables, never stalls.
//
// Stages: E2 bias, E3 left shift or magnitude, E4 normalise and E5 round to float32 (ONNX), E6 E7 multiply, E8 round the product to float32 (ONNX),
// E9 rounding constant, E10 E11 shift and saturate, E12 zero point and clamp. The flags come with E1's operands and travel along.
// raw_i: the low word of v * y as it is; pass_i: v itself (with the bias), times one. Numerics: isa/include/tessera/isa/numerics.h.
// DSP: 4, or 2 with LutHigh. Critical path: E9, a 64-bit sum behind the decoded rounding constant.
`default_nettype none

module tsr_requantise_lane #(
    parameter int LutHigh = 0,
    parameter int Onnx = 1
) (
    input  wire         clk_i,
    input  wire  [2:0]  mode_i,
    input  wire         raw_i,  // ALU MUL
    input  wire         pass_i,  // destination ACC
    input  wire         bias_on_i,
    input  wire  [7:0]  zero_point_i,  // of E11
    input  wire  [7:0]  clamp_min_i,
    input  wire  [7:0]  clamp_max_i,
    input  wire  [31:0] v_i,
    input  wire  [31:0] y_i,
    input  wire  [31:0] bias_i,
    input  wire  [31:0] multiplier_i,
    input  wire  [5:0]  shift_i,
    output logic [31:0] result_o
);
  // E1: what the mode means
  wire plain = raw_i || pass_i;
  wire tflite = !plain && mode_i == tsr_isa_pkg::ExitModeTflite;
  wire single = !plain && mode_i == tsr_isa_pkg::ExitModeTfliteSingle;
  wire onnx = Onnx != 0 && !plain && mode_i == tsr_isa_pkg::ExitModeOnnx;
  wire average = !plain && mode_i == tsr_isa_pkg::ExitModeAverage;

  // Flags: whole (no clamp), onnx, average, tflite with right shift, rounds
  logic [4:0] f2_q, f3_q, f4_q, f5_q, f6_q, f7_q, f8_q, f9_q, f10_q, f11_q;
  localparam int Whole = 0, Float = 1, Mean = 2, Double = 3, Rounds = 4;
  logic [5:0] n2_q, n3_q, n4_q, n5_q, n6_q, n7_q, n8_q, n9_q, n10_q;  // right shift
  logic negative2_q, negative3_q, negative4_q, negative5_q, negative6_q, negative7_q, negative8_q, negative9_q, negative10_q;
  logic [31:0] x2_q, x3_q, x4_q, x5_q, y2_q, y3_q, y4_q, y5_q;
  logic [4:0] left2_q;

  // E2
  wire [31:0] magnitude1 = average && v_i[31] ? 32'd0 - v_i : v_i;
  always_ff @(posedge clk_i) begin
    x2_q <= magnitude1 + (bias_on_i || average ? bias_i : 32'd0);
    if (raw_i) y2_q <= y_i;
    else if (pass_i || mode_i == tsr_isa_pkg::ExitModeNone) y2_q <= 32'd1;
    else y2_q <= multiplier_i;
    f2_q <= {tflite || single, tflite && shift_i[5], average, onnx, plain};
    left2_q <= tflite && !shift_i[5] ? shift_i[4:0] : 5'd0;
    if (tflite) n2_q <= shift_i[5] ? 6'd31 - shift_i : 6'd31;
    else if (single) n2_q <= 6'd31 - shift_i;
    else n2_q <= average ? 6'd0 - shift_i : 6'd0;
    negative2_q <= average && v_i[31];
  end

  // E3
  wire float2 = f2_q[Float];
  always_ff @(posedge clk_i) begin
    if (float2) x3_q <= x2_q[31] ? 32'd0 - x2_q : x2_q;
    else x3_q <= x2_q << left2_q;
    y3_q <= y2_q;
    f3_q <= f2_q;
    n3_q <= n2_q;
    negative3_q <= float2 ? x2_q[31] ^ y2_q[31] : negative2_q;
  end

  // E4: the leading one to bit 31
  wire zeros16 = x3_q[31:16] == '0;
  wire [31:0] by16 = zeros16 ? x3_q << 16 : x3_q;
  wire zeros8 = by16[31:24] == '0;
  wire [31:0] by8 = zeros8 ? by16 << 8 : by16;
  wire zeros4 = by8[31:28] == '0;
  wire [31:0] by4 = zeros4 ? by8 << 4 : by8;
  wire zeros2 = by4[31:30] == '0;
  wire [31:0] by2 = zeros2 ? by4 << 2 : by4;
  wire zeros1 = !by2[31];
  wire [31:0] normal = zeros1 ? by2 << 1 : by2;
  logic [4:0] zeros4_q;
  always_ff @(posedge clk_i) begin
    x4_q <= f3_q[Float] ? normal : x3_q;
    zeros4_q <= {zeros16, zeros8, zeros4, zeros2, zeros1};
    y4_q <= y3_q;
    f4_q <= f3_q;
    n4_q <= n3_q;
    negative4_q <= negative3_q;
  end

  // E5: 24 bits of it; exponent of the product's bit 46. A zero, a NaN or a subnormal multiplier gives 0.
  wire up4 = x4_q[7] && (x4_q[6:0] != '0 || x4_q[8]);
  wire [24:0] rounded4 = {1'b0, x4_q[31:8]} + {24'd0, up4};
  logic none5_q, huge5_q, none6_q, huge6_q, none7_q, huge7_q;
  logic signed [9:0] exponent5_q, exponent6_q, exponent7_q;
  always_ff @(posedge clk_i) begin
    if (f4_q[Float]) begin
      x5_q <= {8'd0, rounded4[24] ? 24'h800000 : rounded4[23:0]};
      y5_q <= {8'd0, 1'b1, y4_q[22:0]};
    end else begin
      x5_q <= x4_q;
      y5_q <= y4_q;
    end
    exponent5_q <= $signed({2'd0, y4_q[30:23]}) - 10'sd96 - $signed({5'd0, zeros4_q}) + $signed({9'd0, rounded4[24]});  // 127 - 31 is 96
    none5_q <= !x4_q[31] || y4_q[30:23] == '0 || (y4_q[30:23] == '1 && y4_q[22:0] != '0);
    huge5_q <= y4_q[30:23] == '1;
    f5_q <= f4_q;
    n5_q <= n4_q;
    negative5_q <= negative4_q;
  end

  // E6, E7: the product. Magnitudes are unsigned.
  wire [63:0] product7;
  tsr_mul_wide #(
      .LutHigh(LutHigh)
  ) u_mul (
      .clk_i,
      .unsigned_i(f5_q[Float] || f5_q[Mean]),
      .x_i(x5_q),
      .y_i(y5_q),
      .product_o(product7)
  );
  always_ff @(posedge clk_i) begin
    {f6_q, n6_q, negative6_q, none6_q, huge6_q, exponent6_q} <= {f5_q, n5_q, negative5_q, none5_q, huge5_q, exponent5_q};
    {f7_q, n7_q, negative7_q, none7_q, huge7_q, exponent7_q} <= {f6_q, n6_q, negative6_q, none6_q, huge6_q, exponent6_q};
  end

  // E8: the product as a float32: 24 bits at 55:32, to be shifted right by 55 - exponent, which is 25 to 56 unless it vanishes or is huge.
  wire [47:0] normal7 = product7[47] ? product7[47:0] : {product7[46:0], 1'b0};
  wire up7 = normal7[23] && (normal7[22:0] != '0 || normal7[24]);
  wire [24:0] rounded7 = {1'b0, normal7[47:24]} + {24'd0, up7};
  wire signed [9:0] exponent7 = exponent7_q + $signed({9'd0, product7[47]}) + $signed({9'd0, rounded7[24]});
  wire none7 = none7_q || (!huge7_q && exponent7 < -10'sd1);
  logic [63:0] p8_q;
  logic huge8_q, huge9_q, huge10_q;
  always_ff @(posedge clk_i) begin
    if (f7_q[Float]) begin
      p8_q <= none7 ? '0 : {8'd0, rounded7[24] ? 24'h800000 : rounded7[23:0], 32'd0};
      n8_q <= none7 ? 6'd1 : 6'd55 - exponent7[5:0];
    end else begin
      p8_q <= product7;
      n8_q <= n7_q;
    end
    huge8_q <= f7_q[Float] && !none7_q && (huge7_q || exponent7 > 10'sd30);
    f8_q <= f7_q;
    negative8_q <= negative7_q;
  end

  // E9: rounding. sign9: the word is negative and shifts arithmetically; else it is unsigned.
  wire [63:0] one8 = 64'd1 << n8_q;
  wire odd8 = (p8_q & one8) != '0;
  logic [63:0] add8, p9_q, p10_q;
  always_comb begin
    add8 = '0;
    if (f8_q[Rounds] || f8_q[Float]) add8 = one8 >> 1;
    if (f8_q[Double]) add8 = add8 + (p8_q[63] ? 64'd0 - 64'h40000000 : 64'h40000000);
    else if (f8_q[Float]) add8 = odd8 ? add8 : add8 - 64'd1;
  end
  logic sign9_q, sign10_q;
  always_ff @(posedge clk_i) begin
    p9_q <= p8_q + add8;
    sign9_q <= p8_q[63] && !f8_q[Float] && !f8_q[Mean];
    n9_q <= n8_q;
    f9_q <= f8_q;
    huge9_q <= huge8_q;
    negative9_q <= negative8_q;
  end

  // E10: by multiples of 8. A negative product that rounds up to zero is no longer negative.
  wire negative_word9 = sign9_q && p9_q[63];
  wire signed [64:0] word9 = $signed({negative_word9, p9_q});
  wire signed [64:0] coarse9 = word9 >>> {n9_q[5:3], 3'd0};
  wire unused = &{1'b0, coarse9};
  always_ff @(posedge clk_i) begin
    p10_q <= coarse9[63:0];
    sign10_q <= negative_word9;
    n10_q <= n9_q;
    f10_q <= f9_q;
    huge10_q <= huge9_q;
    negative10_q <= negative9_q;
  end

  // E11: the rest of the shift, saturation or sign
  wire signed [64:0] word10 = $signed({sign10_q, p10_q});
  wire signed [64:0] fine10 = word10 >>> n10_q[2:0];
  wire fits10 = fine10[64:31] == '0 || fine10[64:31] == '1;
  wire [31:0] low10 = fine10[31:0];
  logic [31:0] value11_q;
  always_ff @(posedge clk_i) begin
    f11_q <= f10_q;
    if (huge10_q) value11_q <= {negative10_q, {31{!negative10_q}}};
    else if (f10_q[Float] || f10_q[Mean]) value11_q <= negative10_q ? 32'd0 - low10 : low10;
    else if (f10_q[Rounds] && !fits10) value11_q <= {sign10_q, {31{!sign10_q}}};
    else value11_q <= low10;
  end

  // E12: zero point and clamp; a minimum above the maximum gives the maximum
  wire signed [32:0] sum11 = $signed({value11_q[31], value11_q}) + $signed({{25{zero_point_i[7]}}, zero_point_i});
  wire signed [32:0] least = $signed({{25{clamp_min_i[7]}}, clamp_min_i});
  wire signed [32:0] most = $signed({{25{clamp_max_i[7]}}, clamp_max_i});
  always_ff @(posedge clk_i) begin
    if (f11_q[Whole]) result_o <= value11_q;
    else if (sum11 > most || least > most) result_o <= {{24{clamp_max_i[7]}}, clamp_max_i};
    else if (sum11 < least) result_o <= {{24{clamp_min_i[7]}}, clamp_min_i};
    else result_o <= sum11[31:0];
  end
  wire unused_flags = &{1'b0, f11_q, n10_q};
endmodule

`default_nettype wire
