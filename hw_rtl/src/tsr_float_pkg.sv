// Exit mode ONNX in integers: roundHalfEven(float32(v) * scale), conversion and product rounded to nearest even in float32.
`default_nettype none

package tsr_float_pkg;
  // v times the float32 whose bits are m; saturated to int32, NaN gives 0. A subnormal scale gives less than a half, so 0.
  function logic signed [31:0] multiply(input logic signed [31:0] v, input logic [31:0] m);
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
    multiply = $signed(result);
  endfunction
endpackage

`default_nettype wire
