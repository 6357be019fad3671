// Results of a pipeline on their way to a memory, and what a read that begins now has to do about them.
//
// A result reaches the result register Short or Long cycles after put_short_i or put_long_i, and the memory in the cycle after; results keep their
// order. A read that begins now (index_i, read_i; two at a time) sees in the memory what the register has had, and meets at its use, Use cycles
// from now, what the register then has (result_o) or, of a short one, what will be there a cycle later (before_o: it stands in front of the register). What is
// on its way and is neither of these must be waited for (wait_o). Of several results for one place the last counts, so an earlier one is no reason to wait.
// Two bodies of the comparisons: loops for simulation, groups of three bits on carry chains for synthesis, which would take twice the LUTs for the loops.
// Registers: one index for each cycle of Long. Critical path: comparison with all of them, and the choice. Memory, DSP: none.
`default_nettype none
`include "tsr_assert.svh"

`ifdef YOSYS
`define TSR_PENDING_CHAINS
`endif
`ifdef TSR_STRUCTURAL
`define TSR_PENDING_CHAINS
`endif

module tsr_pending #(
    parameter int IndexW = 11,
    parameter int Short = 6,
    parameter int Long = 25,
    parameter int Use = 4
) (
    input  wire                clk_i,
    input  wire                rst_ni,
    input  wire                put_short_i,
    input  wire                put_long_i,
    input  wire [IndexW-1:0]   put_index_i,
    input  wire [1:0]          read_i,
    input  wire [2*IndexW-1:0] index_i,
    output wire [1:0]          wait_o,
    output wire [1:0]          result_o,
    output wire [1:0]          before_o,
    output wire                due_o,     // the result register has a result of these in the next cycle
    output wire [IndexW-1:0]   due_index_o
);
  if (Short != Use + 2 || Long <= Short) begin : g_bad
    tsr_param_error_pending_short_is_not_two_more_than_use u_err ();
  end

  // Place k: in the result register k cycles from now.
  localparam int Before = Use + 1;
  logic [Long-1:1] valid_q;
  logic [IndexW*(Long-1)-1:0] index_q;
  logic short_q;  // the one in place Before is a short one
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      valid_q <= '0;
      short_q <= 1'b0;
    end else begin
      valid_q <= {put_long_i, valid_q[Long-1:2]};
      if (put_short_i) valid_q[Before] <= 1'b1;
      short_q <= put_short_i;
    end
    if (valid_q != '0 || put_long_i || put_short_i) index_q <= {put_index_i, index_q[IndexW*(Long-1)-1:IndexW]};
    if (put_short_i) index_q[IndexW*(Before-1)+:IndexW] <= put_index_i;
  end
  assign due_o = valid_q[1];
  assign due_index_o = index_q[IndexW-1:0];

  for (genvar r = 0; r < 2; r++) begin : g_read
    wire [IndexW-1:0] index = index_i[IndexW*r+:IndexW];
    logic [Long-1:1] hit;
`ifdef TSR_PENDING_CHAINS
    localparam int Groups = (IndexW + 3) / 3;  // of three bits, one of them the place's valid
    for (genvar k = 1; k < Long; k++) begin : g_place
      wire [3*Groups-1:0] differs = {{3 * Groups - IndexW - 1{1'b0}}, !valid_q[k], index_q[IndexW*(k-1)+:IndexW] ^ index};
      logic [Groups-1:0] same;
      always_comb for (int g = 0; g < Groups; g++) same[g] = differs[3*g+:3] == '0;
      tsr_all #(
          .Width(Groups)
      ) u_all (
          .bits_i(same),
          .all_o (hit[k])
      );
    end
`else
    always_comb begin
      hit = '0;
      if (read_i[r] && valid_q != '0) for (int k = 1; k < Long; k++) hit[k] = valid_q[k] && index_q[IndexW*(k-1)+:IndexW] == index;
    end
`endif
    wire late = hit[Long-1:Before+1] != '0 || (hit[Before] && !short_q);
    wire early = hit[Use-1:1] != '0 && !hit[Use] && !hit[Before];
    assign wait_o[r] = read_i[r] && (late || early);
    assign result_o[r] = read_i[r] && hit[Use] && !hit[Before];
    assign before_o[r] = read_i[r] && hit[Before];
  end

  `TSR_ASSERT(!(put_short_i && (put_long_i || valid_q[Long-1:Before+1] != '0)))

`ifdef FORMAL
  // For an arbitrary index, the cycles left to the last result put for it: 0 when none is on its way. Results keep their order.
  (* anyconst *)logic [IndexW-1:0] f_index;
  logic [5:0] f_left;
  logic f_short;
  initial begin
    f_left  = '0;
    f_short = 1'b0;
    valid_q = '0;
    short_q = 1'b0;
  end
  always_ff @(posedge clk_i) begin
    if (!rst_ni) f_left <= '0;
    else if ((put_short_i || put_long_i) && put_index_i == f_index) begin
      f_left  <= put_short_i ? 6'(Short - 1) : 6'(Long - 1);
      f_short <= put_short_i;
    end else if (f_left != 0) f_left <= f_left - 6'd1;
  end
  always_comb assume (!(put_short_i && (put_long_i || valid_q[Long-1:Before+1] != '0)));
  // 1. A read waits exactly if the last result is neither in the memory in time nor at hand at its use, and takes it from where it then is.
  for (genvar r = 0; r < 2; r++) begin : g_property
    wire mine = read_i[r] && index_i[IndexW*r+:IndexW] == f_index;
    wire f_before = f_left == 6'(Before) && f_short;
    always_comb begin
      if (mine) assert (wait_o[r] == (f_left != 0 && f_left != 6'(Use) && !f_before));
      if (mine && !wait_o[r]) assert (result_o[r] == (f_left == 6'(Use)));
      if (mine && !wait_o[r]) assert (before_o[r] == f_before);
      if (!read_i[r]) assert (!wait_o[r]);
    end
  end
  // 2. What is due comes when it is due.
  always_comb if (due_o && due_index_o == f_index) assert (f_left >= 1);
  always_comb if (f_left == 1) assert (due_o && due_index_o == f_index);
`endif
endmodule

`default_nettype wire
