// Sum of products in a chain of DSP slices: sum_o = C + (sum over links of (A[k] + D[k]) * x[k]), 48 bits, four cycles after the operands.
//
// hide_a_i[k]: A[k] counts as 0; use_d_i[k]: D[k] counts. A + D fits Width bits, signed. c_i comes one cycle after the operands.
// With Replace = 1, replace_i (two cycles after the operands) gives sum_o = replacement_i, given with it, if all products are 0.
// Stages: operands, products, sum of the first half of the links while the other half takes its products, sum of all.
// DSP: Links. LUT, fabric registers: none. Critical path: Links/2 slices in one cycle (see tsr_dsp_link).
`default_nettype none

module tsr_dot_chain #(
    parameter int Width = 25,
    parameter int Links = 4,
    parameter int Replace = 0
) (
    input  wire                    clk_i,
    input  wire  [Links-1:0]       hide_a_i,
    input  wire  [Links-1:0]       use_d_i,
    input  wire  [Links*Width-1:0] a_i,
    input  wire  [Links*Width-1:0] d_i,
    input  wire  [Links*8-1:0]     x_i,
    input  wire  [47:0]            c_i,
    input  wire                    replace_i,
    input  wire  [47:0]            replacement_i,
    output wire  [47:0]            sum_o
);
  if (Links < 2 || Links % 2 != 0) begin : g_bad
    tsr_param_error_chain_has_two_equal_halves u_err ();
  end

  for (genvar k = 0; k < Links; k++) begin : g_link
    localparam int Last = k == Links - 1 ? 1 : 0;
    wire [47:0] prior, chain, sum;
    if (k == 0) begin : g_first
      assign prior = '0;
    end else begin : g_next
      assign prior = g_link[k-1].chain;
    end
    tsr_dsp_link #(
        .Width(Width),
        .First(k == 0 ? 1 : 0),
        .Late(k < Links / 2 ? 0 : 1),
        .Hold(k == Links / 2 - 1 ? 1 : Last),
        .Replace(Replace * Last)
    ) u_link (
        .clk_i,
        .hide_a_i(hide_a_i[k]),
        .use_d_i(use_d_i[k]),
        .a_i(a_i[Width*k+:Width]),
        .d_i(d_i[Width*k+:Width]),
        .x_i(x_i[8*k+:8]),
        .c_i(k == 0 ? c_i : Replace * Last != 0 ? replacement_i : '0),
        .replace_i(replace_i),
        .chain_i(prior),
        .chain_o(chain),
        .sum_o(sum)
    );
    wire unused = &{1'b0, chain, sum};
  end
  assign sum_o = g_link[Links-1].sum;
endmodule

`default_nettype wire
