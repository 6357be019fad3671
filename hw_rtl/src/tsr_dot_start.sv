// What a chain of tsr_dot_rows starts from: the bias B = 2^(F-1) - 1 in both fields of F bits, and in MATMUL - 128 * (sum of x) in the lower.
//
// x_i with S7, start_o with S8. B - 128 * sum: the lower seven bits stay, and the rest is 2^(F-8) - 1 - sum, the complement with its sign turned.
// Critical path: log2(Links) additions of 8 bits and more. DSPs and memories: none.
`default_nettype none

module tsr_dot_start #(
    parameter int Links = 4,
    parameter int F = 17
) (
    input  wire               clk_i,
    input  wire               clear_i,  // not MATMUL
    input  wire [Links*8-1:0] x_i,
    output wire [47:0]        start_o
);
  localparam int Levels = $clog2(Links);
  if (Links != 1 << Levels || F != 15 + Levels) begin : g_bad
    tsr_param_error_field_is_15_bits_and_one_more_a_doubling u_err ();
  end

  // Node n of level l is nodes 2n and 2n + 1 of level l - 1: one bit more, or the tool makes carry-save adders of twice the size.
  for (genvar l = 0; l <= Levels; l++) begin : g_level
    wire [(Links>>l)*(8+l)-1:0] node;
    if (l == 0) begin : g_inputs
      assign node = x_i;
    end else begin : g_sums
      for (genvar n = 0; n < Links >> l; n++) begin : g_sum
        wire [6+l:0] left = g_level[l-1].node[(7+l)*2*n+:7+l];
        wire [6+l:0] right = g_level[l-1].node[(7+l)*(2*n+1)+:7+l];
        assign node[(8+l)*n+:8+l] = {left[6+l], left} + {right[6+l], right};
      end
    end
  end

  logic [F-8:0] sum_q;
  wire [7+Levels:0] sum = g_level[Levels].node;
  always_ff @(posedge clk_i) begin
    if (clear_i) sum_q <= '0;
    else sum_q <= sum;
  end
  assign start_o = {{48 - 2 * F{1'b0}}, 1'b0, {F - 1{1'b1}}, sum_q[F-8], ~sum_q[F-9:0], 7'h7f};
endmodule

`default_nettype wire
