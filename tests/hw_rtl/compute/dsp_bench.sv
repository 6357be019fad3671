// Chains of slices for dsp_test.cpp, which is built with it twice: tsr_dsp_link as arithmetic and, with SYNTHESIS, as the vendor's primitive.
`default_nettype none

module dsp_bench (
    input  wire         clk_i,
    input  wire [7:0]   hide_a_i,
    input  wire [7:0]   use_d_i,
    input  wire [215:0] a_i,
    input  wire [215:0] d_i,
    input  wire [63:0]  x_i,
    input  wire [47:0]  c_i,
    input  wire         replace_i,
    input  wire [47:0]  replacement_i,
    output wire [47:0]  sum_25_o,
    output wire [47:0]  sum_27_o
);
  tsr_dot_chain #(
      .Width(25),
      .Links(4),
      .Replace(1)
  ) u_25 (
      .clk_i,
      .hide_a_i(hide_a_i[3:0]),
      .use_d_i(use_d_i[3:0]),
      .a_i(a_i[99:0]),
      .d_i(d_i[99:0]),
      .x_i(x_i[31:0]),
      .c_i,
      .replace_i,
      .replacement_i,
      .sum_o(sum_25_o)
  );
  tsr_dot_chain #(
      .Width(27),
      .Links(8),
      .Replace(1)
  ) u_27 (
      .clk_i,
      .hide_a_i,
      .use_d_i,
      .a_i,
      .d_i,
      .x_i,
      .c_i,
      .replace_i,
      .replacement_i,
      .sum_o(sum_27_o)
  );
endmodule

`default_nettype wire
