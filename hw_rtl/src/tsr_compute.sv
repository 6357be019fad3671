// Compute: dispatcher, the two sequencers, array, vector unit, exit pipeline and every scratchpad. Ports: hw_rtl/README.md.
//
// One result register (res_*) feeds ACC, OUT and, for destination INP, INP: one result a cycle. Both units have fixed latencies, so a place is
// reserved when a micro-op is issued (slot_q[k]: the register is taken k cycles from now) and nothing behind the issue ever stalls.
// A unit's results keep their order, whichever way they take. The array goes first where both want the same place; loads of ACC take what is left.
// Critical path: slot_q to the issue of the sequencers. Memories and DSPs: in the modules below.
`default_nettype none
`include "tsr_assert.svh"

module tsr_compute (
    input  wire                                 clk_i,
    input  wire                                 rst_ni,
    input  wire                                 clear_i,
    // instructions
    input  wire                                 cmd_valid_i,
    output wire                                 cmd_ready_o,
    input  wire  [127:0]                        cmd_insn_i,
    input  wire  [31:0]                         cmd_index_i,
    // tokens
    input  wire                                 l2c_avail_i,
    output wire                                 l2c_pop_o,
    output wire                                 c2l_push_o,
    input  wire                                 s2c_avail_i,
    output wire                                 s2c_pop_o,
    output wire                                 c2s_push_o,
    // scratchpad writes
    input  wire                                 ld_wr_valid_i,
    output wire                                 ld_wr_ready_o,
    input  wire  [2:0]                          ld_wr_mem_i,
    input  wire  [15:0]                         ld_wr_index_i,
    input  wire  [7:0]                          ld_wr_slice_i,
    input  wire  [tsr_cfg_pkg::BusBits-1:0]     ld_wr_data_i,
    input  wire                                 ld_wr_fill_i,
    input  wire                                 cl_wr_valid_i,
    output wire                                 cl_wr_ready_o,
    input  wire  [2:0]                          cl_wr_mem_i,
    input  wire  [15:0]                         cl_wr_index_i,
    input  wire  [7:0]                          cl_wr_slice_i,
    input  wire  [tsr_cfg_pkg::BusBits-1:0]     cl_wr_data_i,
    input  wire                                 cl_wr_fill_i,
    // job of the compute loader
    output wire                                 job_valid_o,
    input  wire                                 job_ready_i,
    output wire  [127:0]                        job_insn_o,
    output wire  [31:0]                         job_index_o,
    input  wire                                 job_done_i,
    // store
    input  wire                                 st_rd_valid_i,
    input  wire  [15:0]                         st_rd_index_i,
    output wire  [8*tsr_cfg_pkg::Batch*tsr_cfg_pkg::BlockOut-1:0] st_rd_data_o,
    // errors
    output wire                                 err_valid_o,
    output wire  [3:0]                          err_code_o,
    output wire  [31:0]                         err_index_o,
    input  wire                                 limit_valid_i,
    input  wire  [31:0]                         limit_index_i,
    // state
    output wire                                 idle_o,
    output wire  [31:0]                         oldest_index_o,
    output wire                                 finish_o,
    output wire                                 mark_valid_o,
    output wire  [7:0]                          mark_index_o,
    // counters
    output wire                                 busy_o,
    output wire                                 array_busy_o,
    output wire                                 vector_busy_o,
    output wire                                 wait_load_o,
    output wire                                 wait_store_o,
    output wire                                 cmd_starved_o,
    // classes of cycles
    output wire                                 issue_o,       // a unit has an instruction that it has not issued whole
    output wire                                 want_load_o,
    output wire                                 want_store_o,
    output wire                                 job_busy_o,
    output wire                                 empty_o,
    // timeline: instructions of array, vector unit and compute's loader (bits 0 to 2) that begin and end
    output wire  [2:0]                          unit_begin_o,
    output wire  [2:0]                          unit_end_o
);
  localparam int Lanes = tsr_cfg_pkg::Batch * tsr_cfg_pkg::BlockOut;
  localparam int Banks = tsr_cfg_pkg::NumTaps * tsr_cfg_pkg::InpPerOut;
  localparam int InpW = tsr_cfg_pkg::InpElementBytes * 8;
  localparam int WgtW = tsr_cfg_pkg::WgtElementBytes * 8;
  localparam int RowBits = $clog2(tsr_cfg_pkg::InpDepth / Banks);
  localparam int UB = tsr_cfg_pkg::UopIndexBits;
  localparam int AB = tsr_cfg_pkg::AccIndexBits;
  localparam int PB = tsr_cfg_pkg::ParIndexBits;
  localparam int BlockOut = tsr_cfg_pkg::BlockOut;
  localparam int LoopW = 1 + 2 * UB + 28 + 96 + 48;
  localparam int ArrayCfgW = 32 + 3 + 4 + 2 + 2 + 8 + 27;
  localparam int VectorCfgW = 32 + 3 + 1 + 1 + 16 + 2 + 8 + 27;
  // Cycles from issue to the result register
  localparam int DirectCycles = 11;
  localparam int AluCycles = 6;
  localparam int ExitCycles = 25;

  // GEMM, ALU, REDUCE and VEC must agree in the places that tsr_decode reads as one.
  if (tsr_cfg_pkg::GemmUopBgnLsb != tsr_cfg_pkg::ReduceUopBgnLsb || tsr_cfg_pkg::GemmUopBgnLsb != tsr_cfg_pkg::AluUopBgnLsb
      || tsr_cfg_pkg::GemmUopEndLsb != tsr_cfg_pkg::VecUopEndLsb || tsr_cfg_pkg::GemmIterOutLsb != tsr_cfg_pkg::ReduceIterOutLsb
      || tsr_cfg_pkg::GemmIterInLsb != tsr_cfg_pkg::VecIterInLsb || tsr_cfg_pkg::ReduceOverlapLsb != tsr_cfg_pkg::VecOverlapLsb
      || tsr_cfg_pkg::ParDepth > 256 || tsr_cfg_pkg::AccDepth > 65536 || tsr_cfg_pkg::InpDepth > 65536) begin : g_bad
    tsr_param_error_instruction_layout u_err ();
  end

  // A launch starts with empty pipelines.
  wire run_n = rst_ni && !clear_i;

  // Dispatcher
  wire arr_start_valid, arr_start_ready, vec_start_valid, vec_start_ready;
  wire [LoopW+ArrayCfgW-1:0] arr_start;
  wire [LoopW+VectorCfgW-1:0] vec_start;
  wire [45:0] lhs, rhs;
  wire single, fill, fill_busy;
  wire guard, arr_err, vec_err, arr_dead, vec_dead, drained, arr_done, vec_done;
  wire [31:0] arr_err_index, vec_err_index;
  tsr_dispatch #(
      .ArrayW (LoopW + ArrayCfgW),
      .VectorW(LoopW + VectorCfgW)
  ) u_dispatch (
      .clk_i,
      .rst_ni,
      .clear_i,
      .cmd_valid_i, .cmd_ready_o, .cmd_insn_i, .cmd_index_i,
      .l2c_avail_i, .l2c_pop_o, .c2l_push_o, .s2c_avail_i, .s2c_pop_o, .c2s_push_o,
      .arr_start_valid_o(arr_start_valid),
      .arr_start_ready_i(arr_start_ready),
      .arr_start_o(arr_start),
      .vec_start_valid_o(vec_start_valid),
      .vec_start_ready_i(vec_start_ready),
      .vec_start_o(vec_start),
      .vec_lhs_o(lhs),
      .vec_rhs_o(rhs),
      .vec_single_o(single),
      .vec_fill_o(fill),
      .vec_fill_busy_i(fill_busy),
      .job_valid_o,
      .job_ready_i,
      .job_insn_o,
      .job_index_o,
      .job_done_i,
      .arr_done_i(arr_done),
      .arr_err_i(arr_err),
      .arr_err_index_i(arr_err_index),
      .vec_done_i(vec_done),
      .vec_err_i(vec_err),
      .vec_err_index_i(vec_err_index),
      .drained_i(drained),
      .guard_o(guard),
      .arr_dead_o(arr_dead),
      .vec_dead_o(vec_dead),
      .err_valid_o, .err_code_o, .err_index_o,
      .limit_valid_i, .limit_index_i,
      .idle_o,
      .oldest_index_o,
      .finish_o,
      .mark_valid_o, .mark_index_o,
      .busy_o,
      .wait_load_o,
      .wait_store_o,
      .cmd_starved_o,
      .want_load_o, .want_store_o, .job_busy_o, .empty_o
  );

  // Sequencers, each behind a queue of two instructions
  wire arr_flush = clear_i || arr_dead;
  wire vec_flush = clear_i || vec_dead;
  wire as_valid, as_ready, vs_valid, vs_ready;
  wire [LoopW+ArrayCfgW-1:0] as;
  wire [LoopW+VectorCfgW-1:0] vs;
  tsr_fifo #(
      .Width(LoopW + ArrayCfgW),
      .Depth(2)
  ) u_arr_start (
      .clk_i,
      .rst_ni,
      .clear_i(arr_flush),
      .valid_i(arr_start_valid),
      .ready_o(arr_start_ready),
      .data_i (arr_start),
      .valid_o(as_valid),
      .ready_i(as_ready),
      .data_o (as)
  );
  tsr_fifo #(
      .Width(LoopW + VectorCfgW),
      .Depth(2)
  ) u_vec_start (
      .clk_i,
      .rst_ni,
      .clear_i(vec_flush),
      .valid_i(vec_start_valid),
      .ready_o(vec_start_ready),
      .data_i (vec_start),
      .valid_o(vs_valid),
      .ready_i(vs_ready),
      .data_o (vs)
  );

  wire arr_left, vec_left;
  wire arr_uop_en, vec_uop_en;
  wire [UB-1:0] arr_uop_addr, vec_uop_addr;
  wire [31:0] arr_uop_data, vec_uop_data;
  wire ai_valid, ai_ready, ai_null, ai_first, ai_last, ai_end;
  wire [17:0] ai_dst, ai_src, ai_wgt;
  wire [ArrayCfgW-1:0] ai_cfg;
  wire range_known;
  wire [17:0] range_low, range_high;
  wire [36:0] vec_range;
  tsr_sequencer #(
      .CfgW(ArrayCfgW),
      .Ranges(tsr_cfg_pkg::LevelTessera == 0)
  ) u_arr_sequencer (
      .clk_i,
      .rst_ni,
      .flush_i(arr_flush),
      .start_valid_i(as_valid),
      .start_ready_o(as_ready),
      .start_null_i(as[0]),
      .start_uop_bgn_i(as[1+:UB]),
      .start_uop_last_i(as[1+UB+:UB]),
      .start_out_last_i(as[1+2*UB+:14]),
      .start_in_last_i(as[15+2*UB+:14]),
      .start_factors_i(as[29+2*UB+:96]),
      .start_bases_i(as[125+2*UB+:48]),
      .start_cfg_i(as[LoopW+:ArrayCfgW]),
      .uop_en_o(arr_uop_en),
      .uop_addr_o(arr_uop_addr),
      .uop_data_i(arr_uop_data),
      .item_valid_o(ai_valid),
      .item_ready_i(ai_ready),
      .item_null_o(ai_null),
      .item_first_o(ai_first),
      .item_last_o(ai_last),
      .item_end_o(ai_end),
      .item_dst_o(ai_dst),
      .item_src_o(ai_src),
      .item_wgt_o(ai_wgt),
      .item_cfg_o(ai_cfg),
      .busy_o(arr_left),
      .range_known_o(range_known), .range_low_o(range_low), .range_high_o(range_high)
  );
  wire vi_valid, vi_ready, vi_null, vi_end, vi_first, vi_last;
  wire [17:0] vi_dst, vi_rhs, vi_lhs;
  wire [VectorCfgW-1:0] vi_cfg;
  tsr_sequencer #(
      .CfgW(VectorCfgW),
      .ThirdIsDst(1'b1)
  ) u_vec_sequencer (
      .clk_i,
      .rst_ni,
      .flush_i(vec_flush),
      .start_valid_i(vs_valid),
      .start_ready_o(vs_ready),
      .start_null_i(vs[0]),
      .start_uop_bgn_i(vs[1+:UB]),
      .start_uop_last_i(vs[1+UB+:UB]),
      .start_out_last_i(vs[1+2*UB+:14]),
      .start_in_last_i(vs[15+2*UB+:14]),
      .start_factors_i(vs[29+2*UB+:96]),
      .start_bases_i(vs[125+2*UB+:48]),
      .start_cfg_i(vs[LoopW+:VectorCfgW]),
      .uop_en_o(vec_uop_en),
      .uop_addr_o(vec_uop_addr),
      .uop_data_i(vec_uop_data),
      .item_valid_o(vi_valid),
      .item_ready_i(vi_ready),
      .item_null_o(vi_null),
      .item_first_o(vi_first),
      .item_last_o(vi_last),
      .item_end_o(vi_end),
      .item_dst_o(vi_dst),
      .item_src_o(vi_rhs),
      .item_wgt_o(vi_lhs),
      .item_cfg_o(vi_cfg),
      .busy_o(vec_left),
      .range_known_o(vec_range[36]), .range_low_o(vec_range[18+:18]), .range_high_o(vec_range[0+:18])
  );
  assign issue_o = as_valid || arr_left || vs_valid || vec_left;
  assign unit_begin_o = {job_valid_o && job_ready_i, vec_start_valid, arr_start_valid};
  assign unit_end_o = {job_done_i, vec_done, arr_done};

  // Scratchpads
  wire [Banks-1:0] inp_en;
  wire [Banks*RowBits-1:0] inp_addr;
  wire [Banks*InpW-1:0] inp_data;
  wire wgt_en;
  wire [tsr_cfg_pkg::WgtIndexBits-1:0] wgt_addr;
  wire [WgtW-1:0] wgt_data;
  logic [1:0] acc_en_q;
  logic [2*(AB-1)-1:0] acc_addr_q;
  wire [2*32*Lanes-1:0] acc_data;
  wire arr_par_en, exit_par_en;
  wire [PB-1:0] arr_par_index, exit_par_index;
  wire [32*BlockOut-1:0] arr_par_bias, par_bias, par_multiplier;
  wire [6*BlockOut-1:0] par_shift;
  logic res_valid_q, res_acc_q, res_out_q, res_inp_q;
  logic [15:0] res_index_q;
  logic [Lanes-1:0] res_lane_q;
  logic [32*Lanes-1:0] res_data_q;
  logic [ExitCycles:0] slot_q;
  wire load_valid;
  wire [15:0] load_index;
  wire [Lanes-1:0] load_lane;
  wire [32*Lanes-1:0] load_data;
  wire res_inp_next;
  tsr_scratchpads u_scratchpads (
      .clk_i,
      .rst_ni,
      .clear_i,
      .ld_valid_i(ld_wr_valid_i),
      .ld_ready_o(ld_wr_ready_o),
      .ld_mem_i(ld_wr_mem_i),
      .ld_index_i(ld_wr_index_i),
      .ld_slice_i(ld_wr_slice_i),
      .ld_data_i(ld_wr_data_i),
      .ld_fill_i(ld_wr_fill_i),
      .cl_valid_i(cl_wr_valid_i),
      .cl_ready_o(cl_wr_ready_o),
      .cl_mem_i(cl_wr_mem_i),
      .cl_index_i(cl_wr_index_i),
      .cl_slice_i(cl_wr_slice_i),
      .cl_data_i(cl_wr_data_i),
      .cl_fill_i(cl_wr_fill_i),
      .arr_uop_en_i(arr_uop_en),
      .arr_uop_addr_i(arr_uop_addr),
      .arr_uop_data_o(arr_uop_data),
      .vec_uop_en_i(vec_uop_en),
      .vec_uop_addr_i(vec_uop_addr),
      .vec_uop_data_o(vec_uop_data),
      .inp_en_i(inp_en),
      .inp_addr_i(inp_addr),
      .inp_data_o(inp_data),
      .wgt_en_i(wgt_en),
      .wgt_addr_i(wgt_addr),
      .wgt_data_o(wgt_data),
      .acc_en_i(acc_en_q),
      .acc_addr_i(acc_addr_q),
      .acc_data_o(acc_data),
      .arr_par_en_i(arr_par_en),
      .arr_par_index_i(arr_par_index),
      .arr_par_bias_o(arr_par_bias),
      .exit_par_en_i(exit_par_en),
      .exit_par_index_i(exit_par_index),
      .exit_par_bias_o(par_bias),
      .exit_par_multiplier_o(par_multiplier),
      .exit_par_shift_o(par_shift),
      .res_valid_i(res_valid_q),
      .res_acc_i(res_acc_q),
      .res_out_i(res_out_q),
      .res_inp_i(res_inp_q),
      .res_index_i(res_index_q),
      .res_lane_i(res_lane_q),
      .res_data_i(res_data_q),
      .res_inp_next_i(res_inp_next),
      .res_busy_next_i(slot_q[1]),
      .load_acc_valid_o(load_valid),
      .load_acc_index_o(load_index),
      .load_acc_lane_o(load_lane),
      .load_acc_data_o(load_data),
      .st_rd_valid_i,
      .st_rd_index_i,
      .st_rd_data_o
  );

  // Array
  logic [32*Lanes-1:0] res2_data_q;  // what ACC was given before, for forwarding
  wire arr_want, arr_want_exit, arr_slot_ok;
  wire [1:0] arr_use_next, arr_use_after, vec_use_next;
  wire [AB-2:0] arr_acc_addr;
  wire [2*(AB-1)-1:0] vec_acc_addr;
  wire ad_valid, ad_write, ad_end, ax_valid, ax_write, ax_end;
  wire [15:0] ad_index, ax_index;
  wire [1:0] ax_destination;
  wire [34:0] ax_cfg;
  wire [32*Lanes-1:0] ad_data, ax_data;
  tsr_array #(
      .CfgW(ArrayCfgW)
  ) u_array (
      .clk_i,
      .rst_ni(run_n),
      .item_valid_i(ai_valid && !arr_dead),
      .item_ready_o(ai_ready),
      .item_null_i(ai_null),
      .item_first_i(ai_first),
      .item_last_i(ai_last),
      .item_end_i(ai_end),
      .item_dst_i(ai_dst),
      .item_src_i(ai_src),
      .item_wgt_i(ai_wgt),
      .item_cfg_i(ai_cfg),
      .busy_o(array_busy_o),
      .err_o(arr_err),
      .err_index_o(arr_err_index),
      .want_o(arr_want),
      .want_exit_o(arr_want_exit),
      .slot_ok_i(arr_slot_ok),
      .inp_en_o(inp_en),
      .inp_addr_o(inp_addr),
      .inp_data_i(inp_data),
      .wgt_en_o(wgt_en),
      .wgt_addr_o(wgt_addr),
      .wgt_data_i(wgt_data),
      .par_en_o(arr_par_en),
      .par_index_o(arr_par_index),
      .par_bias_i(arr_par_bias),
      .acc_use_next_o(arr_use_next),
      .acc_addr_o(arr_acc_addr),
      .acc_use_after_o(arr_use_after),
      .acc_data_i(acc_data),
      .res_data_i(res_data_q),
      .res2_data_i(res2_data_q),
      .direct_valid_o(ad_valid),
      .direct_write_o(ad_write),
      .direct_end_o(ad_end),
      .direct_index_o(ad_index),
      .direct_data_o(ad_data),
      .exit_valid_o(ax_valid),
      .exit_write_o(ax_write),
      .exit_end_o(ax_end),
      .exit_index_o(ax_index),
      .exit_destination_o(ax_destination),
      .exit_cfg_o(ax_cfg),
      .exit_data_o(ax_data)
  );

  // Vector unit
  logic res_unit_arr_q, res_unit_vec_q, res_end_q;
  wire vec_want_simple, vec_slot_ok, vec_reserve;
  wire va_valid, va_write, va_end, vx_valid, vx_write, vx_end, vx_mul, vx_bias;
  wire [15:0] va_index, vx_index;
  wire [1:0] vx_destination;
  wire [34:0] vx_cfg;
  wire [32*Lanes-1:0] va_data, vx_v, vx_y;
  tsr_vector #(
      .CfgW(VectorCfgW)
  ) u_vector (
      .clk_i,
      .rst_ni(run_n),
      .lhs_i(lhs),
      .rhs_i(rhs),
      .single_i(single),
      .fill_i(fill),
      .fill_busy_o(fill_busy),
      .item_valid_i(vi_valid && !vec_dead),
      .item_ready_o(vi_ready),
      .item_null_i(vi_null),
      .item_end_i(vi_end),
      .item_dst_i(vi_dst),
      .item_rhs_i(vi_rhs),
      .item_lhs_i(vi_lhs),
      .item_cfg_i(vi_cfg),
      .guard_i(guard),
      .range_known_i(range_known), .range_low_i(range_low), .range_high_i(range_high),
      .busy_o(vector_busy_o),
      .err_o(vec_err),
      .err_index_o(vec_err_index),
      .want_simple_o(vec_want_simple),
      .slot_ok_i(vec_slot_ok),
      .reserve_o(vec_reserve),
      .arr_use_next_i(arr_use_next),
      .arr_use_after_i(arr_use_after),
      .acc_use_next_o(vec_use_next),
      .acc_addr_o(vec_acc_addr),
      .acc_data_i(acc_data),
      .res_acc_i(res_valid_q && res_acc_q && res_unit_vec_q),
      .res_index_i(res_index_q),
      .res_data_i(res_data_q),
      .alu_valid_o(va_valid),
      .alu_write_o(va_write),
      .alu_end_o(va_end),
      .alu_index_o(va_index),
      .alu_data_o(va_data),
      .exit_valid_o(vx_valid),
      .exit_write_o(vx_write),
      .exit_end_o(vx_end),
      .exit_mul_o(vx_mul),
      .exit_bias_o(vx_bias),
      .exit_index_o(vx_index),
      .exit_destination_o(vx_destination),
      .exit_cfg_o(vx_cfg),
      .exit_v_o(vx_v),
      .exit_y_o(vx_y)
  );

  // ACC's address registers, one a bank: the array first, and the vector unit has looked.
  always_ff @(posedge clk_i) begin
    acc_en_q <= arr_use_next | vec_use_next;
    for (int b = 0; b < 2; b++) begin
      if (arr_use_next[b]) acc_addr_q[b*(AB-1)+:AB-1] <= arr_acc_addr;
      else if (vec_use_next[b]) acc_addr_q[b*(AB-1)+:AB-1] <= vec_acc_addr[b*(AB-1)+:AB-1];
    end
  end

  // Exit pipeline
  wire x_valid, x_write, x_end, x_vector;
  wire [1:0] x_destination;
  wire [15:0] x_index;
  wire [32*Lanes-1:0] x_data;
  tsr_exit_path u_exit (
      .clk_i,
      .rst_ni(run_n),
      .valid_i(ax_valid || vx_valid),
      .write_i(ax_valid ? ax_write : vx_write),
      .end_i(ax_valid ? ax_end : vx_end),
      .vector_i(!ax_valid),
      .mul_i(!ax_valid && vx_mul),
      .bias_i(!ax_valid && vx_bias),
      .index_i(ax_valid ? ax_index : vx_index),
      .destination_i(ax_valid ? ax_destination : vx_destination),
      .cfg_i(ax_valid ? ax_cfg : vx_cfg),
      .v_i(ax_valid ? ax_data : vx_v),
      .y_i(vx_y),
      .par_en_o(exit_par_en),
      .par_index_o(exit_par_index),
      .par_bias_i(par_bias),
      .par_multiplier_i(par_multiplier),
      .par_shift_i(par_shift),
      .valid_o(x_valid),
      .write_o(x_write),
      .end_o(x_end),
      .vector_o(x_vector),
      .destination_o(x_destination),
      .index_o(x_index),
      .data_o(x_data)
  );

  // Places at the result register. left_*: cycles until the unit's last reserved place.
  logic [4:0] arr_left_q, vec_left_q;
  assign arr_slot_ok = arr_want_exit || (!slot_q[DirectCycles] && arr_left_q < 5'(DirectCycles));
  wire arr_takes = arr_want && arr_slot_ok;
  assign vec_slot_ok = vec_want_simple ? !slot_q[AluCycles] && vec_left_q < 5'(AluCycles) && !(arr_want && !arr_slot_ok)
      : !(arr_want && (arr_want_exit || !arr_slot_ok));
  always_ff @(posedge clk_i) begin
    if (!run_n) begin
      slot_q <= '0;
      arr_left_q <= '0;
      vec_left_q <= '0;
    end else begin
      slot_q <= slot_q >> 1;
      if (arr_takes) slot_q[(arr_want_exit?ExitCycles : DirectCycles)-1] <= 1'b1;
      if (vec_reserve) slot_q[(vec_want_simple?AluCycles : ExitCycles)-1] <= 1'b1;
      if (arr_takes) arr_left_q <= arr_want_exit ? 5'(ExitCycles - 1) : 5'(DirectCycles - 1);
      else if (arr_left_q != '0) arr_left_q <= arr_left_q - 1'b1;
      if (vec_reserve) vec_left_q <= vec_want_simple ? 5'(AluCycles - 1) : 5'(ExitCycles - 1);
      else if (vec_left_q != '0) vec_left_q <= vec_left_q - 1'b1;
    end
  end

  // The result register, its copy for forwarding, and the ends of instructions
  assign res_inp_next = x_valid && x_write && x_destination == tsr_isa_pkg::DestinationInp;
  always_ff @(posedge clk_i) begin
    res_valid_q <= 1'b0;
    res_unit_arr_q <= 1'b0;
    res_unit_vec_q <= 1'b0;
    res_end_q <= 1'b0;
    if (res_valid_q && res_acc_q) res2_data_q <= res_data_q;
    if (ad_valid || va_valid || x_valid) begin
      res_valid_q <= ad_valid ? ad_write : va_valid ? va_write : x_write;
      res_end_q <= ad_valid ? ad_end : va_valid ? va_end : x_end;
      res_unit_arr_q <= ad_valid || (!va_valid && !x_vector);
      res_unit_vec_q <= !ad_valid && (va_valid || x_vector);
      res_acc_q <= ad_valid || va_valid || x_destination == tsr_isa_pkg::DestinationAcc;
      res_out_q <= !ad_valid && !va_valid && x_destination == tsr_isa_pkg::DestinationOut;
      res_inp_q <= !ad_valid && !va_valid && x_destination == tsr_isa_pkg::DestinationInp;
      res_index_q <= ad_valid ? ad_index : va_valid ? va_index : x_index;
      res_lane_q <= '1;
      if (ad_valid) res_data_q <= ad_data;
      else if (va_valid) res_data_q <= va_data;
      else res_data_q <= x_data;
    end else if (load_valid) begin
      res_valid_q <= 1'b1;
      res_acc_q <= 1'b1;
      res_out_q <= 1'b0;
      res_inp_q <= 1'b0;
      res_index_q <= load_index;
      res_lane_q <= load_lane;
      res_data_q <= load_data;
    end
    if (!run_n) begin
      res_valid_q <= 1'b0;
      res_end_q <= 1'b0;
    end
  end
  assign arr_done = res_end_q && res_unit_arr_q;
  assign vec_done = res_end_q && res_unit_vec_q;
  assign drained = slot_q == '0;

  `TSR_ASSERT(slot_q[1] == (ad_valid || va_valid || x_valid))
  `TSR_ASSERT(32'(ad_valid) + 32'(va_valid) + 32'(x_valid) <= 1)
  `TSR_ASSERT(!(ax_valid && vx_valid))
  `TSR_ASSERT((arr_use_next & vec_use_next) == '0)

  wire unused = &{1'b0, vi_first, vi_last, vec_range};
endmodule

`default_nettype wire
