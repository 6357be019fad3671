// Begins compute's instructions in order and ends them in order.
//
// Head: an instruction begins when its tokens are there, it is not above the limit or an error, and order allows (docs/instruction-set.md,
// "Modules, queues and tokens"): SET and FINISH at once; REDUCE and VEC with overlap as soon as their unit takes them; others when no
// instruction of another unit runs. Instructions of one unit flow, save that an array instruction without overlap waits for array
// instructions with destination INP, and that a VEC after a change of SET LHS or RHS waits for the vector
// unit to empty and its tables to be filled.
// At level vta an ALU begins while one earlier GEMM runs (guard_o): its micro-ops wait at the vector unit for what that one writes. A GEMM still waits for
// every ALU before it, so array instructions that run are earlier than all vector ones that do.
// With overlap an instruction still waits for what stands before the last instruction without, which may itself have flowed.
// Retirement: what has begun stands in a FIFO; its head ends when its unit has reported one more end (arr_done_i, vec_done_i, job_done_i).
// Then tokens are given, marks and FINISH reported. After an error no instruction from the failing one on gives tokens.
// Critical path: head FIFO, tsr_decode, begin, unit FIFO write. Memories: FIFOs in distributed RAM.
`default_nettype none
`include "tsr_assert.svh"

module tsr_dispatch #(
    parameter int ArrayW = 8,
    parameter int VectorW = 8
) (
    input  wire               clk_i,
    input  wire               rst_ni,
    input  wire               clear_i,
    input  wire               cmd_valid_i,
    output wire               cmd_ready_o,
    input  wire  [127:0]      cmd_insn_i,
    input  wire  [31:0]       cmd_index_i,
    input  wire               l2c_avail_i,
    output wire               l2c_pop_o,
    output logic              c2l_push_o,
    input  wire               s2c_avail_i,
    output wire               s2c_pop_o,
    output logic              c2s_push_o,
    // starts of the units, {configuration, loop} as the units take them apart
    output wire               arr_start_valid_o,
    input  wire               arr_start_ready_i,
    output wire  [ArrayW-1:0] arr_start_o,
    output wire               vec_start_valid_o,
    input  wire               vec_start_ready_i,
    output wire  [VectorW-1:0] vec_start_o,
    output logic [45:0]       vec_lhs_o,  // zero point, shift, multiplier (low)
    output logic [45:0]       vec_rhs_o,
    output logic              vec_single_o,
    output logic              vec_fill_o,  // these have changed: fill the vector unit's tables
    input  wire               vec_fill_busy_i,
    output logic              job_valid_o,
    input  wire               job_ready_i,
    output logic [127:0]      job_insn_o,
    output logic [31:0]       job_index_o,
    input  wire               job_done_i,
    // ends and errors of the units
    input  wire               arr_done_i,
    input  wire               arr_err_i,
    input  wire  [31:0]       arr_err_index_i,
    input  wire               vec_done_i,
    input  wire               vec_err_i,
    input  wire  [31:0]       vec_err_index_i,
    input  wire               drained_i,  // no result is on its way
    output wire               guard_o,  // an array instruction runs that stands before what the vector unit runs
    output wire               arr_dead_o,  // flush: the array has failed in this launch
    output wire               vec_dead_o,
    output logic              err_valid_o,
    output logic [3:0]        err_code_o,
    output logic [31:0]       err_index_o,
    input  wire               limit_valid_i,
    input  wire  [31:0]       limit_index_i,
    output wire               idle_o,
    output wire  [31:0]       oldest_index_o,
    output logic              finish_o,
    output logic              mark_valid_o,
    output logic [7:0]        mark_index_o,
    output wire               busy_o,
    output wire               wait_load_o,
    output wire               wait_store_o,
    output wire               cmd_starved_o,
    output wire               want_load_o,   // the head waits for a load token
    output wire               want_store_o,  // it has that, or needs none, and waits for a store token
    output wire               job_busy_o,    // a load of compute's own has begun and not ended
    output wire               empty_o        // no instruction is here
);
  // Head
  wire head_valid, head_ready;
  wire [127:0] insn;
  wire [31:0] index;
  tsr_fifo #(
      .Width(160),
      .Depth(2)
  ) u_head (
      .clk_i,
      .rst_ni,
      .clear_i,
      .valid_i(cmd_valid_i),
      .ready_o(cmd_ready_o),
      .data_i ({cmd_index_i, cmd_insn_i}),
      .valid_o(head_valid),
      .ready_i(head_ready),
      .data_o ({index, insn})
  );

  logic [95:0] geometry_q;
  logic [26:0] exit_q;  // clamp_max, clamp_min, zero_point, mode (low)
  logic [45:0] lhs_q, rhs_q;
  logic held_valid_q;

  wire [1:0] unit, init, destination;
  wire bad, null_loop, overlap, vec, use_imm;
  wire [3:0] code, taps;
  wire [tsr_cfg_pkg::UopIndexBits-1:0] uop_bgn, uop_last;
  wire [13:0] out_last, in_last;
  wire [95:0] factors;
  wire [47:0] bases;
  wire [2:0] op;
  wire [7:0] par;
  wire [15:0] imm;
  tsr_decode u_decode (
      .insn_i(insn),
      .geometry_i(geometry_q),
      .unit_o(unit),
      .bad_o(bad),
      .code_o(code),
      .null_o(null_loop),
      .overlap_o(overlap),
      .uop_bgn_o(uop_bgn),
      .uop_last_o(uop_last),
      .out_last_o(out_last),
      .in_last_o(in_last),
      .factors_o(factors),
      .bases_o(bases),
      .op_o(op),
      .vec_o(vec),
      .taps_o(taps),
      .init_o(init),
      .destination_o(destination),
      .par_o(par),
      .use_imm_o(use_imm),
      .imm_o(imm)
  );

  wire [2:0] opcode = insn[tsr_cfg_pkg::HeaderOpcodeLsb+:3];
  wire pop_prev = insn[tsr_cfg_pkg::HeaderPopPrevLsb];
  wire pop_next = insn[tsr_cfg_pkg::HeaderPopNextLsb];
  wire is_set = opcode == tsr_isa_pkg::OpcodeSet && !bad;
  wire [2:0] selector = insn[tsr_cfg_pkg::SetExitSelectorLsb+:3];
  wire is_finish = opcode == tsr_isa_pkg::OpcodeFinish;
  wire is_mark = is_set && selector == tsr_isa_pkg::SelectorMark;
  wire uses_operands = vec && op[1:0] != tsr_isa_pkg::VecOpRequantise;
  // The tables hold the operands' parameters, which may change only while no VEC runs.
  wire single = exit_q[2:0] == tsr_isa_pkg::ExitModeTfliteSingle;
  wire operands_same = {vec_lhs_o, vec_rhs_o, vec_single_o} == {lhs_q, rhs_q, single};
  wire operands_held = operands_same && held_valid_q && !vec_fill_o && !vec_fill_busy_i;
  wire chains = destination == tsr_isa_pkg::DestinationInp;

  // Order. Instructions that have begun and not ended, by unit.
  logic [4:0] arr_count_q, vec_count_q, job_count_q, chain_count_q;
  wire arr_none = arr_count_q == '0;
  wire vec_none = vec_count_q == '0;
  wire job_none = job_count_q == '0;
  // Instructions of one unit flow, so the last one without overlap (of barrier_unit_q) may have begun before earlier ones of its unit ended.
  // For other units it begins when those have: behind_q counts what has not ended of all that stands before it.
  logic [1:0] barrier_unit_q;
  logic [4:0] behind_q, held_q;
  localparam bit Guards = tsr_cfg_pkg::LevelTessera == 0;
  wire array_ok = arr_none || (Guards && arr_count_q == 5'd1);
  assign guard_o = Guards && !arr_none;
  wire overlap_ok = overlap && (behind_q == '0 || barrier_unit_q == unit);
  logic order_ok;
  always_comb begin
    case (unit)
      2'd1: order_ok = arr_start_ready_i && (overlap_ok || (vec_none && job_none && chain_count_q == '0));
      2'd2: order_ok = vec_start_ready_i && (overlap_ok || (array_ok && job_none)) && !(uses_operands && !operands_held);
      2'd3: order_ok = !job_valid_o && arr_none && vec_none;
      default: order_ok = 1'b1;
    endcase
  end

  wire retire_ready;
  wire above = (limit_valid_i && index > limit_index_i) || err_valid_o;
  wire allowed = head_valid && !above;
  wire have_load = !pop_prev || l2c_avail_i;
  wire have_store = !pop_next || s2c_avail_i;
  wire begin_any = allowed && have_load && have_store && retire_ready && (bad || order_ok);
  wire begin_good = begin_any && !bad;
  assign head_ready = begin_any;
  assign l2c_pop_o = begin_any && pop_prev;
  assign s2c_pop_o = begin_any && pop_next;

  assign arr_start_valid_o = begin_good && unit == 2'd1;
  assign vec_start_valid_o = begin_good && unit == 2'd2;
  wire [2+2*tsr_cfg_pkg::UopIndexBits+28+96+48-2:0] loop_fields = {bases, factors, in_last, out_last, uop_last, uop_bgn, null_loop};
  assign arr_start_o = {exit_q, par, destination, init, taps, op, index, loop_fields};
  assign vec_start_o = {exit_q, par, destination, imm, use_imm, vec, op, index, loop_fields};

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      geometry_q <= '0;
      exit_q <= '0;
      lhs_q <= '0;
      rhs_q <= '0;
      job_valid_o <= 1'b0;
    end else begin
      if (begin_good && is_set) begin
        case (selector)
          tsr_isa_pkg::SelectorGeometry:
          geometry_q <= {16'(insn[tsr_cfg_pkg::SetGeometryWgtFactorInLsb+:tsr_cfg_pkg::SetGeometryWgtFactorInWidth]),
                         16'(insn[tsr_cfg_pkg::SetGeometryWgtFactorOutLsb+:tsr_cfg_pkg::SetGeometryWgtFactorOutWidth]),
                         16'(insn[tsr_cfg_pkg::SetGeometrySrcFactorInLsb+:tsr_cfg_pkg::SetGeometrySrcFactorInWidth]),
                         16'(insn[tsr_cfg_pkg::SetGeometrySrcFactorOutLsb+:tsr_cfg_pkg::SetGeometrySrcFactorOutWidth]),
                         16'(insn[tsr_cfg_pkg::SetGeometryDstFactorInLsb+:tsr_cfg_pkg::SetGeometryDstFactorInWidth]),
                         16'(insn[tsr_cfg_pkg::SetGeometryDstFactorOutLsb+:tsr_cfg_pkg::SetGeometryDstFactorOutWidth])};
          tsr_isa_pkg::SelectorExit:
          exit_q <= {insn[tsr_cfg_pkg::SetExitClampMaxLsb+:8], insn[tsr_cfg_pkg::SetExitClampMinLsb+:8],
                     insn[tsr_cfg_pkg::SetExitZeroPointLsb+:8], insn[tsr_cfg_pkg::SetExitModeLsb+:3]};
          tsr_isa_pkg::SelectorLhs: begin
            lhs_q <= {insn[tsr_cfg_pkg::SetLhsZeroPointLsb+:8], insn[tsr_cfg_pkg::SetLhsShiftLsb+:6],
                      insn[tsr_cfg_pkg::SetLhsMultiplierLsb+:32]};
          end
          tsr_isa_pkg::SelectorRhs: begin
            rhs_q <= {insn[tsr_cfg_pkg::SetRhsZeroPointLsb+:8], insn[tsr_cfg_pkg::SetRhsShiftLsb+:6],
                      insn[tsr_cfg_pkg::SetRhsMultiplierLsb+:32]};
          end
          default: ;
        endcase
      end
      if (job_ready_i) job_valid_o <= 1'b0;
      if (begin_good && unit == 2'd3) begin
        job_valid_o <= 1'b1;
        job_insn_o  <= insn;
        job_index_o <= index;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    vec_fill_o <= 1'b0;
    // a launch may begin while the tables of one that failed are being filled
    if (!rst_ni || (clear_i && (vec_fill_o || vec_fill_busy_i))) held_valid_q <= 1'b0;
    else if (head_valid && uses_operands && !bad && vec_none && !(operands_same && held_valid_q) && !vec_fill_o && !vec_fill_busy_i) begin
      vec_lhs_o <= lhs_q;
      vec_rhs_o <= rhs_q;
      vec_single_o <= single;
      vec_fill_o <= 1'b1;
      held_valid_q <= 1'b1;
    end
  end

  // Retirement
  wire retire_valid, retire;
  wire [1:0] retire_unit;
  wire retire_push_prev, retire_push_next, retire_finish, retire_mark, retire_chain;
  wire [7:0] retire_mark_index;
  wire [31:0] retire_index;
  tsr_fifo #(
      .Width(47),
      .Depth(16)
  ) u_retire (
      .clk_i,
      .rst_ni,
      .clear_i,
      .valid_i(begin_good),
      .ready_o(retire_ready),
      .data_i({index, insn[tsr_cfg_pkg::SetMarkIndexLsb+:8], chains && unit == 2'd1, is_mark, is_finish,
               insn[tsr_cfg_pkg::HeaderPushNextLsb], insn[tsr_cfg_pkg::HeaderPushPrevLsb], unit}),
      .valid_o(retire_valid),
      .ready_i(retire),
      .data_o({retire_index, retire_mark_index, retire_chain, retire_mark, retire_finish, retire_push_next, retire_push_prev,
               retire_unit})
  );

  logic [4:0] arr_ended_q, vec_ended_q, job_ended_q;
  logic arr_dead_q, vec_dead_q;
  logic ended;
  always_comb begin
    case (retire_unit)
      2'd1: ended = arr_ended_q != '0 || (arr_dead_q && drained_i);
      2'd2: ended = vec_ended_q != '0 || (vec_dead_q && drained_i);
      2'd3: ended = job_ended_q != '0;
      default: ended = !(retire_mark && mark_valid_o);  // the registers take two cycles for a mark
    endcase
  end
  assign retire = retire_valid && ended;
  wire retire_arr = retire && retire_unit == 2'd1;
  wire retire_vec = retire && retire_unit == 2'd2;
  wire retire_job = retire && retire_unit == 2'd3;
  wire retire_gives = retire && !(err_valid_o && retire_index >= err_index_o);

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      arr_count_q <= '0;
      vec_count_q <= '0;
      job_count_q <= '0;
      chain_count_q <= '0;
      barrier_unit_q <= '0;
      behind_q <= '0;
      held_q <= '0;
      arr_ended_q <= '0;
      vec_ended_q <= '0;
      job_ended_q <= '0;
      arr_dead_q <= 1'b0;
      vec_dead_q <= 1'b0;
      c2l_push_o <= 1'b0;
      c2s_push_o <= 1'b0;
      finish_o <= 1'b0;
      mark_valid_o <= 1'b0;
      mark_index_o <= '0;
    end else begin
      arr_count_q <= arr_count_q + 5'(arr_start_valid_o) - 5'(retire_arr);
      vec_count_q <= vec_count_q + 5'(vec_start_valid_o) - 5'(retire_vec);
      job_count_q <= job_count_q + 5'(begin_good && unit == 2'd3) - 5'(retire_job);
      chain_count_q <= chain_count_q + 5'(arr_start_valid_o && chains) - 5'(retire_arr && retire_chain);
      held_q <= held_q + 5'(begin_good) - 5'(retire);
      if (begin_good && unit != 2'd0 && !overlap) begin
        barrier_unit_q <= unit;
        behind_q <= held_q - 5'(retire);
      end else if (behind_q != '0 && retire) behind_q <= behind_q - 1'b1;
      arr_ended_q <= arr_ended_q + 5'(arr_done_i) - 5'(retire_arr && arr_ended_q != '0);
      vec_ended_q <= vec_ended_q + 5'(vec_done_i) - 5'(retire_vec && vec_ended_q != '0);
      job_ended_q <= job_ended_q + 5'(job_done_i) - 5'(retire_job);
      if (arr_err_i) arr_dead_q <= 1'b1;
      if (vec_err_i) vec_dead_q <= 1'b1;
      c2l_push_o <= retire_gives && retire_push_prev;
      c2s_push_o <= retire_gives && retire_push_next;
      finish_o <= retire_gives && retire_finish;
      mark_valid_o <= retire_gives && retire_mark;
      mark_index_o <= retire_mark_index;
    end
  end
  assign arr_dead_o = arr_dead_q;
  assign vec_dead_o = vec_dead_q;

  // Errors: the lowest index stands.
  wire bad_err = begin_any && bad;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      err_valid_o <= 1'b0;
      err_code_o  <= tsr_isa_pkg::ErrorCodeNone;
      err_index_o <= '1;
    end else begin
      if (bad_err && (!err_valid_o || index < err_index_o)) begin
        err_valid_o <= 1'b1;
        err_code_o  <= code;
        err_index_o <= index;
      end
      if (vec_err_i && !vec_dead_q && (!err_valid_o || vec_err_index_i < err_index_o) && !(arr_err_i && !arr_dead_q && arr_err_index_i < vec_err_index_i)) begin
        err_valid_o <= 1'b1;
        err_code_o  <= tsr_isa_pkg::ErrorCodeSramBounds;
        err_index_o <= vec_err_index_i;
      end else if (arr_err_i && !arr_dead_q && (!err_valid_o || arr_err_index_i < err_index_o)) begin
        err_valid_o <= 1'b1;
        err_code_o  <= tsr_isa_pkg::ErrorCodeSramBounds;
        err_index_o <= arr_err_index_i;
      end
    end
  end

  wire no_tokens = !have_load || !have_store;
  assign busy_o = retire_valid;
  // A job above the limit stays in the loader for ever, as if it had not begun; so does what stands behind it.
  wire job_stuck = retire_valid && retire_unit == 2'd3 && job_ended_q == '0 && limit_valid_i && retire_index > limit_index_i;
  wire units_done = (arr_ended_q == arr_count_q || (arr_dead_q && drained_i)) && (vec_ended_q == vec_count_q || (vec_dead_q && drained_i));
  wire nothing_runs = job_stuck ? units_done : !retire_valid && !job_valid_o;
  assign idle_o = nothing_runs && (head_valid ? above || no_tokens : !cmd_valid_i);
  assign oldest_index_o = retire_valid ? retire_index : head_valid ? index : cmd_valid_i ? cmd_index_i : '1;
  assign wait_load_o = !retire_valid && allowed && !have_load;
  assign wait_store_o = !retire_valid && allowed && have_load && !have_store;
  assign cmd_starved_o = !retire_valid && !head_valid && !cmd_valid_i;
  assign want_load_o = allowed && !have_load;
  assign want_store_o = allowed && have_load && !have_store;
  assign job_busy_o = job_count_q != '0;
  assign empty_o = !head_valid && !cmd_valid_i;

  `TSR_ASSERT(!(retire && retire_unit == 2'd1 && arr_count_q == '0))
  `TSR_ASSERT(!(retire && retire_unit == 2'd2 && vec_count_q == '0))
  `TSR_ASSERT(arr_ended_q <= arr_count_q && vec_ended_q <= vec_count_q && job_ended_q <= job_count_q)
endmodule

`default_nettype wire
