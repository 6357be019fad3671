// One lane of the exit pipeline in its structural body: channel parameters at E1 to the result at E12, no enables, never stalls.
//
// Stages: E2 bias, E3 magnitude (ONNX), E4 left shift: TFLITE's, or to the leading one (ONNX), E5 round to float32 (ONNX), E6 E7 multiply, E8 round
// the product to float32 (ONNX), E9 TFLITE's second rounding, E10 E11 right shift, E12 rounding bit, sign, zero point and clamp.
// Rounding to nearest is adding the last bit shifted out: the word has a zero below it, so that this bit is what stands at place 0.
// Clamps are in int8, so int32 need not saturate on the way: a word past 33 bits is past the clamp. The flags travel with the value.
// raw_i: the low word of v * y as it is; pass_i: v itself (with the bias), times one. Numerics: isa/include/tessera/isa/numerics.h.
// DSP: 4, or 2 with LutHigh. Critical path: E7, the sum of three parts; E4, leading zeros into the shifter.
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
  wire turn1 = average && v_i[31];
  wire [32:0] turned1 = {v_i ^ {32{turn1}}, 1'b1};
  wire [32:0] added1 = {bias_i & {32{bias_on_i || average}}, turn1};
  wire [32:0] sum1 = turned1 + added1;
  wire unused_carry = &{1'b0, sum1};
  always_ff @(posedge clk_i) begin
    x2_q <= sum1[32:1];
    if (raw_i) y2_q <= y_i;
    else if (pass_i || mode_i == tsr_isa_pkg::ExitModeNone) y2_q <= 32'd1;
    else y2_q <= multiplier_i;
    f2_q <= {tflite || single, tflite && shift_i[5], average, onnx, plain};
    left2_q <= tflite && !shift_i[5] ? shift_i[4:0] : 5'd0;
    if (tflite) n2_q <= shift_i[5] ? 6'd31 - shift_i : 6'd31;
    else if (single) n2_q <= 6'd31 - shift_i;
    else n2_q <= average ? 6'd0 - shift_i : 6'd0;
    negative2_q <= turn1;
  end

  // E3
  wire float2 = f2_q[Float];
  wire turn2 = float2 && x2_q[31];
  logic [4:0] left3_q, left4_q;
  always_ff @(posedge clk_i) begin
    x3_q <= (x2_q ^ {32{turn2}}) + {31'd0, turn2};
    y3_q <= y2_q;
    f3_q <= f2_q;
    n3_q <= n2_q;
    left3_q <= left2_q;
    negative3_q <= float2 ? x2_q[31] ^ y2_q[31] : negative2_q;
  end

  // E4: left by the given amount, or by the number of leading zeros (31 for none set, which E5 sees)
  wire [15:0] half3 = x3_q[31:16] == '0 ? x3_q[15:0] : x3_q[31:16];
  wire [7:0] byte3 = half3[15:8] == '0 ? half3[7:0] : half3[15:8];
  wire [3:0] nibble3 = byte3[7:4] == '0 ? byte3[3:0] : byte3[7:4];
  wire [4:0] zeros3 = {x3_q[31:16] == '0, half3[15:8] == '0, byte3[7:4] == '0, nibble3[3:2] == '0,
                       nibble3[3:2] == '0 ? !nibble3[1] : !nibble3[3]};
  wire [4:0] amount3 = f3_q[Float] ? zeros3 : left3_q;
  always_ff @(posedge clk_i) begin
    x4_q <= x3_q << amount3;
    left4_q <= amount3;
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
    exponent5_q <= $signed({2'd0, y4_q[30:23]}) - 10'sd96 - $signed({5'd0, left4_q}) + $signed({9'd0, rounded4[24]});  // 127 - 31 is 96
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

  // E9: TFLITE with a right shift adds or subtracts 2^30 first. A word is signed, or unsigned where magnitudes were multiplied; a signed one
  // that is not negative stays so although bit 63 may be taken.
  wire signed9 = !f8_q[Float] && !f8_q[Mean] && p8_q[63];
  wire [33:0] second8 = f8_q[Double] ? {{33{p8_q[63]}}, 1'b1} : 34'd0;
  logic [63:0] p9_q;
  logic sign9_q;
  always_ff @(posedge clk_i) begin
    p9_q <= {p8_q[63:30] + second8, p8_q[29:0]};
    sign9_q <= signed9;
    n9_q <= n8_q;
    f9_q <= f8_q;
    huge9_q <= huge8_q;
    negative9_q <= negative8_q;
  end

  // E10: the word with a zero below it, right by multiples of 8; 41 bits stay. over: the others are not all sign. rest: something fell out.
  wire sign9 = sign9_q && p9_q[63];
  wire [96:0] word9 = {{32{sign9}}, p9_q, 1'b0};
  wire [64:41] odd9 = word9[64:41] ^ {24{sign9}};
  wire [2:0] c9 = n9_q[5:3];
  logic [40:0] p10_q;
  logic sign10_q, over10_q, rest10_q;
  always_ff @(posedge clk_i) begin
    p10_q <= word9[{1'b0, c9, 3'd0}+:41];
    over10_q <= (c9 == 3'd0 && odd9[48:41] != '0) || (c9 <= 3'd1 && odd9[56:49] != '0) || (c9 <= 3'd2 && odd9[64:57] != '0);
    rest10_q <= (c9 >= 3'd5 && word9[39:32] != '0) || (c9 >= 3'd6 && word9[47:40] != '0) || (c9 == 3'd7 && word9[55:48] != '0);
    sign10_q <= sign9;
    n10_q <= n9_q;
    f10_q <= f9_q;
    huge10_q <= huge9_q;
    negative10_q <= negative9_q;
  end

  // E11: the rest of the shift; 33 bits and the rounding bit. ONNX rounds a half to even. AVERAGE takes 32 bits as they are.
  wire [47:0] word10 = {{7{sign10_q}}, p10_q};
  wire [40:0] fine10 = word10[{3'd0, n10_q[2:0]}+:41];
  wire [6:0] out10 = ((7'd1 << n10_q[2:0]) - 7'd1) & p10_q[6:0];
  wire above10 = fine10[40:33] != {8{sign10_q}};
  wire mean10 = f10_q[Mean];
  wire least10 = mean10 && negative10_q && fine10[32:1] == 32'h80000000;  // its negative wraps to itself
  logic [32:0] s11_q;
  logic up11_q, turn11_q, most_over11_q, least_over11_q;
  always_ff @(posedge clk_i) begin
    f11_q <= f10_q;
    s11_q <= {mean10 ? fine10[32] : fine10[33], fine10[32:1]};
    if (f10_q[Float]) up11_q <= fine10[0] && (rest10_q || out10 != '0 || fine10[1]);
    else up11_q <= f10_q[Rounds] && fine10[0];
    turn11_q <= (f10_q[Float] || mean10) && negative10_q;
    most_over11_q <= (huge10_q && !negative10_q) || (f10_q[Rounds] && (over10_q || above10) && !sign10_q);
    least_over11_q <= (huge10_q && negative10_q) || (f10_q[Rounds] && (over10_q || above10) && sign10_q) || least10;
  end

  // E12: plus or minus (s + up), plus the zero point; clamp. A minimum above the maximum gives the maximum.
  wire [34:0] left11 = {s11_q[32] ^ turn11_q, s11_q ^ {33{turn11_q}}, 1'b1};
  wire [34:0] right11 = {{26{zero_point_i[7]}}, zero_point_i, turn11_q ^ up11_q};
  wire [34:0] sum11 = left11 + right11;
  wire beyond11 = sum11[34:8] != {27{sum11[34]}};
  wire signed [7:0] low11 = $signed(sum11[8:1]);
  wire signed [7:0] least = $signed(clamp_min_i);
  wire signed [7:0] most = $signed(clamp_max_i);
  wire take_most = most_over11_q || (!least_over11_q && (beyond11 ? !sum11[34] : low11 > most)) || least > most;
  wire take_least = least_over11_q || (beyond11 ? sum11[34] : low11 < least);
  logic [7:0] value11;
  always_comb begin
    if (take_most) value11 = clamp_max_i;
    else if (take_least) value11 = clamp_min_i;
    else value11 = sum11[8:1];
  end
  always_ff @(posedge clk_i) begin
    if (f11_q[Whole]) result_o <= s11_q[31:0];
    else result_o <= {{24{value11[7]}}, value11};
  end
  wire unused_flags = &{1'b0, f11_q, n10_q, sum11, odd9, nibble3};
endmodule

`default_nettype wire
