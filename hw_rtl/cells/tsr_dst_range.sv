// The destinations of the instruction that a sequencer took last, as a range: [low_o, high_o] once known_o.
//
// Destinations only grow along both loops, so the range is that of the first pass over the micro-ops, and above it
// out_last * dst_factor_out + in_last * dst_factor_in, which is summed up bit by bit (at most 14 cycles). A sum past 18 bits counts as no end.
// take_i comes with the instruction's start, item_* with its micro-ops, behind those of the instructions before it.
// Critical path: 18-bit sum of three. DSPs and memories: none.
`default_nettype none
`include "tsr_assert.svh"

module tsr_dst_range #(
    parameter int IndexW = 18,
    parameter int LastW = 14,
    parameter int FactorW = 16
) (
    input  wire                clk_i,
    input  wire                rst_ni,
    input  wire                take_i,
    input  wire  [LastW-1:0]   out_last_i,
    input  wire  [LastW-1:0]   in_last_i,
    input  wire  [FactorW-1:0] out_factor_i,
    input  wire  [FactorW-1:0] in_factor_i,
    input  wire                item_i,         // a micro-op goes on
    input  wire                item_first_pass_i,
    input  wire                item_end_i,     // the last of its instruction
    input  wire  [IndexW-1:0]  item_dst_i,
    output logic               known_o,
    output logic [IndexW-1:0]  low_o,
    output logic [IndexW-1:0]  high_o
);
  // Instructions taken whose last micro-op is still to come: with one, what comes is the last one's.
  logic [2:0] left_q;
  wire ours = item_i && left_q == 3'd1;
  logic passed_q;
  logic [IndexW-1:0] most_q;

  logic [LastW-1:0] out_q, in_q;
  logic [IndexW-1:0] out_step_q, in_step_q, extent_q;
  logic out_past_q, in_past_q, past_q;  // a step, the sum has left the bits
  wire [IndexW+1:0] extent = {2'b0, extent_q} + {2'b0, out_q[0] ? out_step_q : '0} + {2'b0, in_q[0] ? in_step_q : '0};
  wire [IndexW:0] high = {1'b0, most_q} + {1'b0, extent_q};

  always_ff @(posedge clk_i) begin
    if (!rst_ni) left_q <= '0;
    else left_q <= left_q + 3'(take_i) - 3'(item_i && item_end_i);

    if (!rst_ni || take_i) begin
      known_o <= 1'b0;
      passed_q <= 1'b0;
      low_o <= '1;
      most_q <= '0;
    end else begin
      if (ours && item_first_pass_i && item_dst_i < low_o) low_o <= item_dst_i;
      if (ours && item_first_pass_i && item_dst_i > most_q) most_q <= item_dst_i;
      if (ours && (!item_first_pass_i || item_end_i)) passed_q <= 1'b1;
      known_o <= passed_q && out_q == '0 && in_q == '0;
      high_o  <= past_q || high[IndexW] ? '1 : high[IndexW-1:0];
    end

    if (take_i) begin
      out_q <= out_last_i;
      in_q <= in_last_i;
      out_step_q <= IndexW'(out_factor_i);
      in_step_q <= IndexW'(in_factor_i);
      extent_q <= '0;
      {out_past_q, in_past_q, past_q} <= '0;
    end else begin
      out_q <= out_q >> 1;
      in_q <= in_q >> 1;
      {out_past_q, out_step_q} <= {out_past_q || out_step_q[IndexW-1], out_step_q[IndexW-2:0], 1'b0};
      {in_past_q, in_step_q} <= {in_past_q || in_step_q[IndexW-1], in_step_q[IndexW-2:0], 1'b0};
      extent_q <= extent[IndexW-1:0];
      past_q <= past_q || extent[IndexW+1:IndexW] != '0 || (out_q[0] && out_past_q) || (in_q[0] && in_past_q);
    end
  end

  `TSR_ASSERT(!(ours && known_o && (item_dst_i < low_o || item_dst_i > high_o)))

`ifdef FORMAL
  // One or two micro-ops walk through any loops; those of the instruction before come as they like.
  localparam int F = IndexW + 4;
  (* anyconst *) logic [IndexW-1:0] f_first, f_second;
  (* anyseq *) logic [LastW-1:0] f_i, f_j;
  (* anyseq *) logic f_other;
  (* anyconst *) logic f_single;
  logic [LastW-1:0] f_out_last, f_in_last;
  logic [FactorW-1:0] f_out, f_in;
  logic f_started, f_passed;
  wire [F-1:0] f_dst = F'(f_other && !f_single ? f_second : f_first) + F'(f_i) * F'(f_out) + F'(f_j) * F'(f_in);
  wire f_ours = left_q == 3'd1 && item_i;
  initial assume (!rst_ni);
  initial f_started = 1'b0;
  initial f_passed = 1'b0;
  always_comb begin
    assume (!(item_i && left_q == '0));
    assume (!(take_i && left_q == 3'd2));
    if (f_ours) begin
      assume (f_i <= f_out_last && f_j <= f_in_last);
      assume (f_dst < F'(1 << IndexW) && item_dst_i == f_dst[IndexW-1:0]);
      assume (item_first_pass_i == (f_i == '0 && f_j == '0));
      // the first pass comes first, and whole
      if (!f_started) assume (item_first_pass_i && !f_other && !item_end_i);
      else if (!f_passed && !f_single) assume (item_first_pass_i && f_other);
      else assume (!item_first_pass_i);
    end
  end
  always_ff @(posedge clk_i) begin
    if (take_i) begin
      f_out_last <= out_last_i;
      f_in_last <= in_last_i;
      f_out <= out_factor_i;
      f_in <= in_factor_i;
      f_started <= 1'b0;
      f_passed <= 1'b0;
    end else if (f_ours) begin
      f_started <= 1'b1;
      f_passed <= f_started;
    end
    if (rst_ni) assert (!(f_ours && known_o && (item_dst_i < low_o || item_dst_i > high_o)));
    cover (rst_ni && f_ours && known_o && f_i > 1 && f_j > 1 && f_out > 0 && f_in > 0 && item_dst_i == high_o && high_o != '1);
    cover (rst_ni && known_o && low_o > 2 && high_o == low_o);
  end
`endif
endmodule

`default_nettype wire
