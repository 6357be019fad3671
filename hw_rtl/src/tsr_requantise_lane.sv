// One lane of the exit pipeline in its structural body: channel parameters at E1 to the result at E12, no enables, never stalls.
//
// Stages: E2 bias, E3 leading zeros (ONNX), E4 left shift, E5 round to float32 (ONNX), E6 E7 multiply, E8 round the product to float32 (ONNX) or
// TFLITE's second rounding, E9 E10 E11 right shift by 16s, 4s and 1s, E12 rounding bit, sign, zero point and clamp.
//
// All is two's complement. A float32 is its mantissa with the leading bit at place 30 or 31 of X (v shifted left until its sign ends there) and at
// place 23 of Y: the product's leads at 53 or 54, and what it is worth is in the right shift alone. Nearest-even on two's complement is
// nearest-even on the magnitude; an exact negative power of two counts as the binade below, where rounding leaves it alone as well.
// Rounding to nearest at the end is adding the last bit shifted out: the word has a zero below it, so that this bit is what stands at place 0.
// Clamps are in int8, so int32 need not saturate on the way: what leaves 32 bits (over) or 10 bits (inside) is past the clamp.
// raw_i: the low word of v * y as it is; pass_i: v itself (with the bias), times one. Bits 31:8 of the result count for these two alone.
// clamp_min_i is at most clamp_max_i (tsr_exit_path sees to it). Numerics: isa/include/tessera/isa/numerics.h.
// DSP: 4, or 3 where they are DSP48E2 (AWidth 27). Critical path: E5, rounding into the DSPs; E7, their post-adders; E12, sum and clamp.
`default_nettype none
`include "tsr_dsp.svh"

module tsr_requantise_lane #(
    parameter int AWidth = `TSR_DSP_A_WIDTH,
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
  // E1: what the mode means. The pipelines of these flags are equal in all lanes, and the tool keeps one.
  wire plain = raw_i || pass_i;
  wire tflite = !plain && mode_i == tsr_isa_pkg::ExitModeTflite;
  wire single = !plain && mode_i == tsr_isa_pkg::ExitModeTfliteSingle;
  wire onnx = Onnx != 0 && !plain && mode_i == tsr_isa_pkg::ExitModeOnnx;
  wire average = !plain && mode_i == tsr_isa_pkg::ExitModeAverage;
  logic [11:2] whole_q, onnx_q, mean_q;
  logic [11:2] negative_q;  // the result is to be negated: AVERAGE of a negative sum, a negative float
  wire turn1 = average && v_i[31];
  always_ff @(posedge clk_i) begin
    whole_q <= {whole_q[10:2], plain};
    onnx_q <= {onnx_q[10:2], onnx};
    mean_q <= {mean_q[10:2], average};
    negative_q <= {negative_q[10:2], turn1 || (onnx && multiplier_i[31])};
  end

  // E2. twice: TFLITE with a right shift. n: right shift of the product.
  wire twice1 = tflite && shift_i[5];
  logic [31:0] x2_q, x3_q, x4_q, y2_q, y3_q, y4_q;
  logic [7:2] twice_q;
  logic [5:0] n2_q, n3_q, n4_q, n5_q, n6_q, n7_q;
  logic [4:0] left2_q, left3_q;
  wire [32:0] turned1 = {v_i ^ {32{turn1}}, 1'b1};
  wire [32:0] added1 = {bias_i & {32{bias_on_i || average}}, turn1};
  wire [32:0] sum1 = turned1 + added1;
  wire unused_carry = &{1'b0, sum1};
  always_ff @(posedge clk_i) begin
    x2_q <= sum1[32:1];
    if (raw_i) y2_q <= y_i;
    else if (pass_i || mode_i == tsr_isa_pkg::ExitModeNone) y2_q <= 32'd1;
    else y2_q <= multiplier_i;
    twice_q <= {twice_q[6:2], twice1};
    left2_q <= shift_i[4:0] & {5{tflite && !shift_i[5]}};
    n2_q <= {1'b0, {5{tflite || single}}} - (shift_i & {6{twice1 || single || average}});
  end

  // E3: left by the given amount, or until the sign's repetitions are gone (31 where all bits are the sign)
  wire [31:0] from2 = {x2_q[30:0] ^ {31{x2_q[31]}}, 1'b1};
  wire [15:0] half2 = from2[31:16] == '0 ? from2[15:0] : from2[31:16];
  wire [7:0] byte2 = half2[15:8] == '0 ? half2[7:0] : half2[15:8];
  wire [3:0] nibble2 = byte2[7:4] == '0 ? byte2[3:0] : byte2[7:4];
  wire [4:0] zeros2 = {from2[31:16] == '0, half2[15:8] == '0, byte2[7:4] == '0, nibble2[3:2] == '0,
                       nibble2[3:2] == '0 ? !nibble2[1] : !nibble2[3]};
  always_ff @(posedge clk_i) begin
    x3_q <= x2_q;
    y3_q <= y2_q;
    left3_q <= onnx_q[2] ? zeros2 : left2_q;
    n3_q <= n2_q;
  end

  // E4: in steps of 16s and 4s, then 1s. The float's exponent: the product is to be shifted right by 150 + left - exponent.
  wire [31:0] quads3 = left3_q[4] ? x3_q << 16 : x3_q;
  logic [31:0] fours3, ones3;
  always_comb begin
    for (int i = 0; i < 32; i++) begin
      case (left3_q[3:2])
        2'd0: fours3[i] = quads3[i];
        2'd1: fours3[i] = i >= 4 && quads3[(i+28)%32];
        2'd2: fours3[i] = i >= 8 && quads3[(i+24)%32];
        default: fours3[i] = i >= 12 && quads3[(i+20)%32];
      endcase
    end
    for (int i = 0; i < 32; i++) begin
      case (left3_q[1:0])
        2'd0: ones3[i] = fours3[i];
        2'd1: ones3[i] = i >= 1 && fours3[(i+31)%32];
        2'd2: ones3[i] = i >= 2 && fours3[(i+30)%32];
        default: ones3[i] = i >= 3 && fours3[(i+29)%32];
      endcase
    end
  end
  logic signed [9:0] n4_float_q;
  always_ff @(posedge clk_i) begin
    x4_q <= ones3;
    y4_q <= y3_q;
    n4_q <= n3_q;
    n4_float_q <= 10'sd150 + $signed({5'd0, left3_q}) - $signed({2'd0, y3_q[30:23]});
  end

  // E5: 24 bits of it. A subnormal multiplier counts as normal: too far right as well. Vanishes: NaN, or less than a half. Huge: infinite,
  // or past the product's width.
  wire up4 = onnx_q[4] && x4_q[6] && (x4_q[5:0] != '0 || x4_q[7]);
  wire sign4 = x4_q[31] && !mean_q[4];
  wire [26:0] rounded4 = {sign4, x4_q[31:7], 1'b1} + {26'd0, up4};
  wire unused_half = rounded4[0];
  wire nan4 = y4_q[30:23] == '1 && y4_q[22:0] != '0;
  wire vanishes4 = nan4 || (!n4_float_q[9] && n4_float_q[8:6] != '0);
  wire [32:0] x4 = {rounded4[26:1], x4_q[6:0] & {7{!onnx_q[4]}}};
  wire [32:0] y4 = onnx_q[4] ? {9'd0, 1'b1, y4_q[22:0]} : {y4_q[31] && !mean_q[4], y4_q};
  logic huge5_q, huge6_q, huge7_q;
  always_ff @(posedge clk_i) begin
    n5_q <= onnx_q[4] ? n4_float_q[5:0] | {6{vanishes4}} : n4_q;
    huge5_q <= onnx_q[4] && !nan4 && n4_float_q[9] && x4_q[31] != x4_q[30];
    n6_q <= n5_q;
    n7_q <= n6_q;
    huge6_q <= huge5_q;
    huge7_q <= huge6_q;
  end

  // E5 (its operands' registers), E6, E7: the product
  wire [63:0] product7;
  tsr_mul_wide #(
      .AWidth(AWidth)
  ) u_mul (
      .clk_i,
      .x_i(x4),
      .y_i(y4),
      .product_o(product7)
  );

  // E8: to nearest at place 30 or 31 (ONNX), or 2^30 with the product's sign more (TFLITE with a right shift). Only a positive product can take
  // bit 63, so the sign is what it was.
  wire sign7 = product7[63] && !mean_q[7];
  wire top7 = product7[54] != product7[63];
  wire low7 = product7[28:0] != '0;
  wire up_top7 = product7[30] && (low7 || product7[29] || product7[31]);
  wire up_low7 = product7[29] && (low7 || product7[30]);
  logic [33:0] more7;
  always_comb begin
    more7 = {{33{twice_q[7] && product7[63]}}, twice_q[7]};
    if (onnx_q[7]) more7 = {32'd0, top7 && up_top7, !top7 && up_low7};
  end
  wire [33:0] sum7 = product7[63:30] + more7;
  logic [63:0] p8_q;
  logic sign8_q, over8_q;
  logic [5:0] n8_q;
  always_ff @(posedge clk_i) begin
    p8_q <= {sum7, product7[29:0]};
    if (onnx_q[7] && top7) p8_q[30] <= 1'b0;
    if (onnx_q[7]) p8_q[29:0] <= '0;
    sign8_q <= sign7;
    over8_q <= huge7_q;
    n8_q <= n7_q;
  end

  // E9, E10, E11: right. over: what does not stay is not all sign. rest: something fell out below (ONNX, whose words are 0 below bit 31).
  wire [96:0] word8 = {{32{sign8_q}}, p8_q, 1'b0};
  wire [64:48] odd8 = word8[64:48] ^ {17{sign8_q}};
  logic [47:0] w9_q;
  logic [35:0] w10_q;
  logic [31:0] s11_q;
  logic sign9_q, sign10_q, sign11_q, over9_q, over10_q, over11_q, rest9_q, rest10_q, up11_q;
  logic [3:0] n9_q;
  logic [1:0] n10_q;
  always_ff @(posedge clk_i) begin
    for (int i = 0; i < 48; i++) begin
      case (n8_q[5:4])
        2'd0: w9_q[i] <= word8[i];
        2'd1: w9_q[i] <= word8[i+16];
        2'd2: w9_q[i] <= word8[i+32];
        default: w9_q[i] <= word8[i+48];
      endcase
    end
    over9_q <= over8_q || (n8_q[5:4] == 2'd0 && odd8 != '0) || (n8_q[5:4] == 2'd1 && odd8[64]);
    rest9_q <= (n8_q[5] && word8[31]) || (n8_q[5:4] == 2'd3 && word8[47:32] != '0);
    n9_q <= n8_q[3:0];
    sign9_q <= sign8_q;
  end

  wire [47:36] odd9 = w9_q[47:36] ^ {12{sign9_q}};
  always_ff @(posedge clk_i) begin
    for (int i = 0; i < 36; i++) begin
      case (n9_q[3:2])
        2'd0: w10_q[i] <= w9_q[i];
        2'd1: w10_q[i] <= w9_q[i+4];
        2'd2: w10_q[i] <= w9_q[i+8];
        default: w10_q[i] <= w9_q[i+12];
      endcase
    end
    over10_q <= over9_q || (n9_q[3:2] == 2'd0 && odd9 != '0) || (n9_q[3:2] == 2'd1 && odd9[47:40] != '0)
        || (n9_q[3:2] == 2'd2 && odd9[47:44] != '0);
    rest10_q <= rest9_q || (n9_q[3:2] != 2'd0 && w9_q[3:0] != '0) || (n9_q[3] && w9_q[7:4] != '0) || (n9_q[3:2] == 2'd3 && w9_q[11:8] != '0);
    n10_q <= n9_q[1:0];
    sign10_q <= sign9_q;
  end

  // 32 bits stay, and the rounding bit below. ONNX rounds a half to even.
  wire [35:32] odd10 = w10_q[35:32] ^ {4{sign10_q}};
  logic [32:0] w10;
  always_comb begin
    for (int i = 0; i < 33; i++) begin
      case (n10_q)
        2'd0: w10[i] = w10_q[i];
        2'd1: w10[i] = w10_q[i+1];
        2'd2: w10[i] = w10_q[i+2];
        default: w10[i] = w10_q[i+3];
      endcase
    end
  end
  wire rest10 = rest10_q || (n10_q != 2'd0 && w10_q[0]) || (n10_q[1] && w10_q[1]) || (n10_q == 2'd3 && w10_q[2]);
  wire over10 = over10_q || odd10[35] || (n10_q != 2'd3 && odd10[34]) || (!n10_q[1] && odd10[33]) || (n10_q == 2'd0 && odd10[32]);
  always_ff @(posedge clk_i) begin
    s11_q <= w10[32:1];
    up11_q <= !mean_q[10] && w10[0] && (!onnx_q[10] || rest10 || w10[1]);
    over11_q <= !mean_q[10] && over10;
    sign11_q <= sign10_q;
  end

  // E12: plus or minus (s + up), plus the zero point; clamp. AVERAGE takes 32 bits as they are, and -2^31 negated is itself.
  wire turn11 = negative_q[11];
  wire sign11 = mean_q[11] ? s11_q[31] : sign11_q;
  wire ones11 = s11_q[31:9] == '1;
  wire zeros11 = s11_q[30:9] == '0;
  wire inside11 = !over11_q && (sign11 ? ones11 : zeros11 && !s11_q[31]);
  wire least11 = mean_q[11] && s11_q[31] && zeros11 && s11_q[8:0] == '0;
  wire down11 = (sign11 != turn11) || least11;  // below, if beyond int8: the zero point alone never leads there
  wire [11:0] left11 = {{2{s11_q[9] ^ turn11}}, s11_q[8:0] ^ {9{turn11}}, 1'b1};
  wire [11:0] right11 = {{3{zero_point_i[7]}}, zero_point_i, turn11 ^ up11_q};
  wire [11:0] sum11 = right11 + left11;
  wire unused_low = &{1'b0, sum11[0]};
  wire past11 = sum11[11:8] != {4{sum11[11]}};  // int8
  wire signed [7:0] value11 = sum11[8:1];
  wire beyond11 = !inside11 || past11;
  wire take_most = beyond11 ? !down11 : value11 > $signed(clamp_max_i);
  wire take_least = beyond11 ? down11 : value11 < $signed(clamp_min_i);
  always_ff @(posedge clk_i) begin
    result_o[31:8] <= s11_q[31:8];
    if (whole_q[11]) result_o[7:0] <= s11_q[7:0];
    else if (take_most) result_o[7:0] <= clamp_max_i;
    else if (take_least) result_o[7:0] <= clamp_min_i;
    else result_o[7:0] <= sum11[8:1];
  end
  wire unused = &{1'b0, whole_q, onnx_q, mean_q, word8[96:65], nibble2[0]};
endmodule

`default_nettype wire
