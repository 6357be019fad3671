// The core: fetch, load, compute, store, token counters, read arbiter and registers, joined.
//
// Buses: one AXI4 read master (IDs 0 fetch, 1 load module, 2 compute's loader), one AXI4 write master (ID 0), one AXI4-Lite
// slave. No output depends on an input of the same cycle.
// Progress, for the watchdog: a bus transfer, a busy array or vector unit, or an instruction that begins or ends.
// trace_*: for waveform windows, with TSR_TRACE only. timeline_o: instructions of load, store, array, vector unit and compute's
// loader (bits 0 to 4) that began in the cycle before, and those that ended (bits 5 to 9); for simulators, a board leaves it open.
// Critical path: the least index that has not ended, into tsr_launch. Memories: none of its own.
`default_nettype none
`include "tsr_assert.svh"

module tsr_core (
    input  wire                               clk_i,
    input  wire                               rst_ni,
    // AXI4 read master
    output wire                               ar_valid_o,
    input  wire                               ar_ready_i,
    output wire  [                       1:0] ar_id_o,
    output wire  [                      31:0] ar_addr_o,
    output wire  [                       7:0] ar_len_o,
    output wire  [                       2:0] ar_size_o,
    output wire  [                       1:0] ar_burst_o,
    input  wire                               r_valid_i,
    output wire                               r_ready_o,
    input  wire  [                       1:0] r_id_i,
    input  wire  [  tsr_cfg_pkg::BusBits-1:0] r_data_i,
    input  wire  [                       1:0] r_resp_i,
    input  wire                               r_last_i,
    // AXI4 write master
    output wire                               aw_valid_o,
    input  wire                               aw_ready_i,
    output wire  [                       1:0] aw_id_o,
    output wire  [                      31:0] aw_addr_o,
    output wire  [                       7:0] aw_len_o,
    output wire  [                       2:0] aw_size_o,
    output wire  [                       1:0] aw_burst_o,
    output wire                               w_valid_o,
    input  wire                               w_ready_i,
    output wire  [  tsr_cfg_pkg::BusBits-1:0] w_data_o,
    output wire  [tsr_cfg_pkg::BusBits/8-1:0] w_strb_o,
    output wire                               w_last_o,
    input  wire                               b_valid_i,
    output wire                               b_ready_o,
    input  wire  [                       1:0] b_id_i,
    input  wire  [                       1:0] b_resp_i,
    // AXI4-Lite slave
    input  wire                               s_aw_valid_i,
    output wire                               s_aw_ready_o,
    input  wire  [                      11:0] s_aw_addr_i,
    input  wire                               s_w_valid_i,
    output wire                               s_w_ready_o,
    input  wire  [                      31:0] s_w_data_i,
    input  wire  [                       3:0] s_w_strb_i,
    output wire                               s_b_valid_o,
    input  wire                               s_b_ready_i,
    output wire  [                       1:0] s_b_resp_o,
    input  wire                               s_ar_valid_i,
    output wire                               s_ar_ready_o,
    input  wire  [                      11:0] s_ar_addr_i,
    output wire                               s_r_valid_o,
    input  wire                               s_r_ready_i,
    output wire  [                      31:0] s_r_data_o,
    output wire  [                       1:0] s_r_resp_o,
    output wire                               irq_o,
    output wire                               busy_o,
    output wire                               trace_begin_o,
    output wire  [                      31:0] trace_begin_index_o,
    output wire  [                      31:0] trace_oldest_o,
    output logic [                       9:0] timeline_o
);
  localparam int BusBits = tsr_cfg_pkg::BusBits;
  localparam int OutBits = 8 * tsr_cfg_pkg::OutElementBytes;
  localparam logic [31:0] None = 32'hffff_ffff;

  // ------------------------------------------------------------------------------------------------- registers
  wire launch;
  wire [31:0] insn_count, insn_address, uop_base, inp_base, wgt_base, acc_base, out_base, par_base, watchdog_limit;
  wire running;
  wire end_now;
  wire [3:0] end_code;
  wire [31:0] end_index;
  wire mark_valid;
  wire [7:0] mark_index;
  wire [11:0] events;
  wire clear_classes;
  wire [tsr_isa_pkg::NumClasses*32-1:0] classes;

  tsr_regs u_regs (
      .clk_i,
      .rst_ni,
      .s_aw_valid_i,
      .s_aw_ready_o,
      .s_aw_addr_i,
      .s_w_valid_i,
      .s_w_ready_o,
      .s_w_data_i,
      .s_w_strb_i,
      .s_b_valid_o,
      .s_b_ready_i,
      .s_b_resp_o,
      .s_ar_valid_i,
      .s_ar_ready_o,
      .s_ar_addr_i,
      .s_r_valid_o,
      .s_r_ready_i,
      .s_r_data_o,
      .s_r_resp_o,
      .irq_o,
      .launch_o        (launch),
      .insn_count_o    (insn_count),
      .insn_address_o  (insn_address),
      .uop_base_o      (uop_base),
      .inp_base_o      (inp_base),
      .wgt_base_o      (wgt_base),
      .acc_base_o      (acc_base),
      .out_base_o      (out_base),
      .par_base_o      (par_base),
      .watchdog_limit_o(watchdog_limit),
      .running_i       (running),
      .end_i           (end_now),
      .end_code_i      (end_code),
      .end_index_i     (end_index),
      .mark_valid_i    (mark_valid),
      .mark_index_i    (mark_index),
      .events_i        (events),
      .clear_classes_o (clear_classes),
      .classes_i       (classes)
  );
  assign busy_o = running;

  // What tsr_launch says to every module.
  wire clear, start, abort, limit_valid;
  wire [31:0] limit_index;
  wire reads_drained, writes_drained;

  // ------------------------------------------------------------------------------------------------- read channel
  wire [2:0] req_valid, req_ready, r_valid, r_ready;
  wire [3*32-1:0] req_addr;
  wire [3*9-1:0] req_beats;
  wire r_error;
  assign r_ready[0] = 1'b1;  // the fetch asks only for what it has room for

  tsr_read_arbiter #(
      .Ports(3)
  ) u_arbiter (
      .clk_i,
      .rst_ni,
      .abort_i    (abort),
      .req_valid_i(req_valid),
      .req_ready_o(req_ready),
      .req_addr_i (req_addr),
      .req_beats_i(req_beats),
      .r_valid_o  (r_valid),
      .r_ready_i  (r_ready),
      .r_error_o  (r_error),
      .ar_valid_o,
      .ar_ready_i,
      .ar_id_o,
      .ar_addr_o,
      .ar_len_o,
      .r_valid_i,
      .r_ready_o,
      .r_id_i,
      .r_resp_i,
      .r_last_i,
      .drained_o  (reads_drained)
  );
  assign ar_size_o = 3'($clog2(BusBits / 8));
  assign ar_burst_o = 2'b01;

  // ------------------------------------------------------------------------------------------------- fetch
  wire load_cmd_valid, load_cmd_ready, compute_cmd_valid, compute_cmd_ready, store_cmd_valid, store_cmd_ready;
  wire [127:0] load_cmd, compute_cmd, store_cmd;
  wire [31:0] load_cmd_index, compute_cmd_index, store_cmd_index;
  wire fetch_err, fetch_ended, fetch_idle, fetch_drained;
  wire [31:0] fetch_index;

  tsr_fetch u_fetch (
      .clk_i,
      .rst_ni,
      .clear_i        (clear),
      .start_i        (start),
      .halt_i         (limit_valid || abort),
      .insn_address_i (insn_address),
      .insn_count_i   (insn_count),
      .req_valid_o    (req_valid[0]),
      .req_ready_i    (req_ready[0]),
      .req_addr_o     (req_addr[31:0]),
      .req_beats_o    (req_beats[8:0]),
      .r_valid_i      (r_valid[0]),
      .r_data_i,
      .r_error_i      (r_error),
      .load_valid_o   (load_cmd_valid),
      .load_ready_i   (load_cmd_ready),
      .load_insn_o    (load_cmd),
      .load_index_o   (load_cmd_index),
      .compute_valid_o(compute_cmd_valid),
      .compute_ready_i(compute_cmd_ready),
      .compute_insn_o (compute_cmd),
      .compute_index_o(compute_cmd_index),
      .store_valid_o  (store_cmd_valid),
      .store_ready_i  (store_cmd_ready),
      .store_insn_o   (store_cmd),
      .store_index_o  (store_cmd_index),
      .err_valid_o    (fetch_err),
      .err_index_o    (fetch_index),
      .ended_o        (fetch_ended),
      .idle_o         (fetch_idle),
      .drained_o      (fetch_drained)
  );

  // ------------------------------------------------------------------------------------------------- tokens
  wire l2c_push, l2c_pop, l2c_avail;
  wire c2l_push, c2l_pop, c2l_avail;
  wire c2s_push, c2s_pop, c2s_avail;
  wire s2c_push, s2c_pop, s2c_avail;
  tsr_tokens u_l2c (.clk_i, .rst_ni, .clear_i(clear), .push_i(l2c_push), .pop_i(l2c_pop), .avail_o(l2c_avail));
  tsr_tokens u_c2l (.clk_i, .rst_ni, .clear_i(clear), .push_i(c2l_push), .pop_i(c2l_pop), .avail_o(c2l_avail));
  tsr_tokens u_c2s (.clk_i, .rst_ni, .clear_i(clear), .push_i(c2s_push), .pop_i(c2s_pop), .avail_o(c2s_avail));
  tsr_tokens u_s2c (.clk_i, .rst_ni, .clear_i(clear), .push_i(s2c_push), .pop_i(s2c_pop), .avail_o(s2c_avail));

  // ------------------------------------------------------------------------------------------------- load
  wire ld_wr_valid, ld_wr_ready, ld_wr_fill, cl_wr_valid, cl_wr_ready, cl_wr_fill;
  wire [2:0] ld_wr_mem, cl_wr_mem;
  wire [15:0] ld_wr_index, cl_wr_index;
  wire [7:0] ld_wr_slice, cl_wr_slice;
  wire [BusBits-1:0] ld_wr_data, cl_wr_data;
  wire load_err, load_idle, load_busy, load_stall, load_begin, load_done;
  wire [3:0] load_code;
  wire [31:0] load_err_index, load_begin_index, load_oldest;

  tsr_load #(
      .Tokens(1'b1)
  ) u_load (
      .clk_i,
      .rst_ni,
      .clear_i       (clear),
      .halt_i        (abort),
      .cmd_valid_i   (load_cmd_valid),
      .cmd_ready_o   (load_cmd_ready),
      .cmd_insn_i    (load_cmd),
      .cmd_index_i   (load_cmd_index),
      .uop_base_i    (uop_base),
      .inp_base_i    (inp_base),
      .wgt_base_i    (wgt_base),
      .acc_base_i    (acc_base),
      .par_base_i    (par_base),
      .next_avail_i  (c2l_avail),
      .next_pop_o    (c2l_pop),
      .next_push_o   (l2c_push),
      .req_valid_o   (req_valid[1]),
      .req_ready_i   (req_ready[1]),
      .req_addr_o    (req_addr[63:32]),
      .req_beats_o   (req_beats[17:9]),
      .r_valid_i     (r_valid[1]),
      .r_ready_o     (r_ready[1]),
      .r_data_i,
      .r_error_i     (r_error),
      .wr_valid_o    (ld_wr_valid),
      .wr_ready_i    (ld_wr_ready),
      .wr_mem_o      (ld_wr_mem),
      .wr_index_o    (ld_wr_index),
      .wr_slice_o    (ld_wr_slice),
      .wr_data_o     (ld_wr_data),
      .wr_fill_o     (ld_wr_fill),
      .done_o        (load_done),
      .err_valid_o   (load_err),
      .err_code_o    (load_code),
      .err_index_o   (load_err_index),
      .limit_valid_i (limit_valid),
      .limit_index_i (limit_index),
      .idle_o        (load_idle),
      .busy_o        (load_busy),
      .stall_o       (load_stall),
      .begin_o       (load_begin),
      .begin_index_o (load_begin_index),
      .oldest_index_o(load_oldest)
  );

  // compute's loader
  wire job_valid, job_ready, job_done;
  wire [127:0] job_insn;
  wire [31:0] job_index;
  wire job_err, job_idle;
  wire [3:0] job_code;
  wire [31:0] job_err_index;
  // outputs that the load module has and compute's loader does not need:
  // verilator lint_off UNUSEDSIGNAL
  wire job_pop, job_push, job_busy, job_stall, job_begin;
  wire [31:0] job_begin_index, job_oldest;
  // verilator lint_on UNUSEDSIGNAL

  tsr_load #(
      .Tokens(1'b0)
  ) u_compute_load (
      .clk_i,
      .rst_ni,
      .clear_i       (clear),
      .halt_i        (abort),
      .cmd_valid_i   (job_valid),
      .cmd_ready_o   (job_ready),
      .cmd_insn_i    (job_insn),
      .cmd_index_i   (job_index),
      .uop_base_i    (uop_base),
      .inp_base_i    (inp_base),
      .wgt_base_i    (wgt_base),
      .acc_base_i    (acc_base),
      .par_base_i    (par_base),
      .next_avail_i  (1'b1),
      .next_pop_o    (job_pop),
      .next_push_o   (job_push),
      .req_valid_o   (req_valid[2]),
      .req_ready_i   (req_ready[2]),
      .req_addr_o    (req_addr[95:64]),
      .req_beats_o   (req_beats[26:18]),
      .r_valid_i     (r_valid[2]),
      .r_ready_o     (r_ready[2]),
      .r_data_i,
      .r_error_i     (r_error),
      .wr_valid_o    (cl_wr_valid),
      .wr_ready_i    (cl_wr_ready),
      .wr_mem_o      (cl_wr_mem),
      .wr_index_o    (cl_wr_index),
      .wr_slice_o    (cl_wr_slice),
      .wr_data_o     (cl_wr_data),
      .wr_fill_o     (cl_wr_fill),
      .done_o        (job_done),
      .err_valid_o   (job_err),
      .err_code_o    (job_code),
      .err_index_o   (job_err_index),
      .limit_valid_i (1'b0),
      .limit_index_i (None),
      .idle_o        (job_idle),
      .busy_o        (job_busy),
      .stall_o       (job_stall),
      .begin_o       (job_begin),
      .begin_index_o (job_begin_index),
      .oldest_index_o(job_oldest)
  );

  // ------------------------------------------------------------------------------------------------- compute
  wire st_rd_valid;
  wire [15:0] st_rd_index;
  wire [OutBits-1:0] st_rd_data;
  wire compute_err, compute_idle, compute_finish, compute_busy, array_busy, vector_busy, wait_load, wait_store, starved;
  wire issue, want_load, want_store, compute_job_busy, compute_empty;
  wire [2:0] unit_begin, unit_end;
  wire [3:0] compute_code;
  wire [31:0] compute_err_index, compute_oldest;

  tsr_compute u_compute (
      .clk_i,
      .rst_ni,
      .clear_i       (clear),
      .cmd_valid_i   (compute_cmd_valid),
      .cmd_ready_o   (compute_cmd_ready),
      .cmd_insn_i    (compute_cmd),
      .cmd_index_i   (compute_cmd_index),
      .l2c_avail_i   (l2c_avail),
      .l2c_pop_o     (l2c_pop),
      .c2l_push_o    (c2l_push),
      .s2c_avail_i   (s2c_avail),
      .s2c_pop_o     (s2c_pop),
      .c2s_push_o    (c2s_push),
      .ld_wr_valid_i (ld_wr_valid),
      .ld_wr_ready_o (ld_wr_ready),
      .ld_wr_mem_i   (ld_wr_mem),
      .ld_wr_index_i (ld_wr_index),
      .ld_wr_slice_i (ld_wr_slice),
      .ld_wr_data_i  (ld_wr_data),
      .ld_wr_fill_i  (ld_wr_fill),
      .cl_wr_valid_i (cl_wr_valid),
      .cl_wr_ready_o (cl_wr_ready),
      .cl_wr_mem_i   (cl_wr_mem),
      .cl_wr_index_i (cl_wr_index),
      .cl_wr_slice_i (cl_wr_slice),
      .cl_wr_data_i  (cl_wr_data),
      .cl_wr_fill_i  (cl_wr_fill),
      .job_valid_o   (job_valid),
      .job_ready_i   (job_ready),
      .job_insn_o    (job_insn),
      .job_index_o   (job_index),
      .job_done_i    (job_done),
      .st_rd_valid_i (st_rd_valid),
      .st_rd_index_i (st_rd_index),
      .st_rd_data_o  (st_rd_data),
      .err_valid_o   (compute_err),
      .err_code_o    (compute_code),
      .err_index_o   (compute_err_index),
      .limit_valid_i (limit_valid),
      .limit_index_i (limit_index),
      .idle_o        (compute_idle),
      .oldest_index_o(compute_oldest),
      .finish_o      (compute_finish),
      .mark_valid_o  (mark_valid),
      .mark_index_o  (mark_index),
      .busy_o        (compute_busy),
      .array_busy_o  (array_busy),
      .vector_busy_o (vector_busy),
      .wait_load_o   (wait_load),
      .wait_store_o  (wait_store),
      .cmd_starved_o (starved),
      .issue_o (issue), .want_load_o (want_load), .want_store_o (want_store), .job_busy_o (compute_job_busy), .empty_o (compute_empty),
      .unit_begin_o (unit_begin), .unit_end_o (unit_end)
  );

  // ------------------------------------------------------------------------------------------------- store
  wire store_err, store_idle, store_busy, store_stall, store_begin, store_done;
  wire [3:0] store_code;
  wire [31:0] store_err_index, store_begin_index, store_oldest;

  tsr_store u_store (
      .clk_i,
      .rst_ni,
      .clear_i       (clear),
      .halt_i        (abort),
      .abort_i       (abort),
      .cmd_valid_i   (store_cmd_valid),
      .cmd_ready_o   (store_cmd_ready),
      .cmd_insn_i    (store_cmd),
      .cmd_index_i   (store_cmd_index),
      .out_base_i    (out_base),
      .prev_avail_i  (c2s_avail),
      .prev_pop_o    (c2s_pop),
      .prev_push_o   (s2c_push),
      .rd_valid_o    (st_rd_valid),
      .rd_index_o    (st_rd_index),
      .rd_data_i     (st_rd_data),
      .aw_valid_o,
      .aw_ready_i,
      .aw_addr_o,
      .aw_len_o,
      .w_valid_o,
      .w_ready_i,
      .w_data_o,
      .w_strb_o,
      .w_last_o,
      .b_valid_i,
      .b_ready_o,
      .b_error_i     (b_resp_i[1]),
      .done_o        (store_done),
      .err_valid_o   (store_err),
      .err_code_o    (store_code),
      .err_index_o   (store_err_index),
      .limit_valid_i (limit_valid),
      .limit_index_i (limit_index),
      .idle_o        (store_idle),
      .busy_o        (store_busy),
      .stall_o       (store_stall),
      .begin_o       (store_begin),
      .begin_index_o (store_begin_index),
      .oldest_index_o(store_oldest),
      .drained_o     (writes_drained)
  );
  assign aw_id_o = 2'd0;
  assign aw_size_o = 3'($clog2(BusBits / 8));
  assign aw_burst_o = 2'b01;

  // ------------------------------------------------------------------------------------------------- launch
  wire progress = (ar_valid_o && ar_ready_i) || (r_valid_i && r_ready_o) || (aw_valid_o && aw_ready_i)
                  || (w_valid_o && w_ready_i) || b_valid_i || array_busy || vector_busy || load_begin || load_done
                  || store_begin || store_done || (compute_cmd_valid && compute_cmd_ready) || launch;

  wire [31:0] oldest_a = load_oldest < store_oldest ? load_oldest : store_oldest;
  wire [31:0] oldest_b = compute_cmd_valid && compute_cmd_index < compute_oldest ? compute_cmd_index : compute_oldest;
  wire [31:0] oldest = oldest_a < oldest_b ? oldest_a : oldest_b;

  tsr_launch u_launch (
      .clk_i,
      .rst_ni,
      .launch_i        (launch),
      .insn_count_i    (insn_count),
      .watchdog_limit_i(watchdog_limit),
      .running_o       (running),
      .end_o           (end_now),
      .end_code_o      (end_code),
      .end_index_o     (end_index),
      .clear_o         (clear),
      .start_o         (start),
      .abort_o         (abort),
      .limit_valid_o   (limit_valid),
      .limit_index_o   (limit_index),
      .fetch_err_i     (fetch_err),
      .fetch_index_i   (fetch_index),
      .load_err_i      (load_err),
      .load_code_i     (load_code),
      .load_index_i    (load_err_index),
      .job_err_i       (job_err),
      .job_code_i      (job_code),
      .job_index_i     (job_err_index),
      .compute_err_i   (compute_err),
      .compute_code_i  (compute_code),
      .compute_index_i (compute_err_index),
      .store_err_i     (store_err),
      .store_code_i    (store_code),
      .store_index_i   (store_err_index),
      .reads_drained_i (reads_drained),
      .writes_drained_i(writes_drained),
      .fetch_drained_i (fetch_drained),
      .load_left_i     (load_oldest != None),
      .store_left_i    (store_oldest != None),
      .finish_i        (compute_finish),
      .idle_i          (load_idle && job_idle && compute_idle && store_idle && fetch_idle),
      .progress_i      (progress),
      .oldest_i        (oldest)
  );

  assign events = {
    w_valid_o && w_ready_i,
    r_valid_i && r_ready_o,
    store_stall,
    store_busy,
    wait_store,
    wait_load,
    vector_busy,
    array_busy,
    compute_busy,
    load_stall,
    load_busy,
    starved && !fetch_ended
  };

  tsr_cycle_classes u_classes (
      .clk_i, .clear_i (clear_classes), .running_i (running),
      .array_i (array_busy), .vector_i (vector_busy), .issue_i (issue), .job_i (compute_job_busy),
      .want_load_i (want_load), .load_busy_i (load_busy), .want_store_i(want_store), .store_busy_i(store_busy),
      .starved_i (compute_empty && !fetch_ended), .over_i (compute_empty), .counts_o (classes)
  );
  always_ff @(posedge clk_i) timeline_o <= {unit_end, store_done, load_done, unit_begin, store_begin, load_begin};

`ifdef TSR_TRACE
  wire compute_begin = compute_cmd_valid && compute_cmd_ready;
  wire [31:0] begin_a = load_begin && load_begin_index > store_begin_index || !store_begin ? load_begin_index
                                                                                          : store_begin_index;
  assign trace_begin_o = load_begin || store_begin || compute_begin;
  assign trace_begin_index_o = compute_begin && (compute_cmd_index > begin_a || !(load_begin || store_begin))
                               ? compute_cmd_index : begin_a;
  assign trace_oldest_o = oldest;
`else
  assign trace_begin_o = 1'b0;
  assign trace_begin_index_o = 32'd0;
  assign trace_oldest_o = 32'd0;
  wire unused_trace = &{1'b0, load_begin_index, store_begin_index};
`endif

`ifndef YOSYS
`ifndef TSR_NO_ASSERT
  tsr_axi_assert u_axi_assert (
      .clk_i,
      .rst_ni,
      .ar_valid_i(ar_valid_o),
      .ar_ready_i,
      .ar_id_i   (ar_id_o),
      .ar_addr_i (ar_addr_o),
      .ar_len_i  (ar_len_o),
      .ar_size_i (ar_size_o),
      .ar_burst_i(ar_burst_o),
      .r_valid_i,
      .r_ready_i (r_ready_o),
      .r_id_i,
      .r_last_i,
      .aw_valid_i(aw_valid_o),
      .aw_ready_i,
      .aw_addr_i (aw_addr_o),
      .aw_len_i  (aw_len_o),
      .aw_size_i (aw_size_o),
      .aw_burst_i(aw_burst_o),
      .w_valid_i (w_valid_o),
      .w_ready_i,
      .w_data_i  (w_data_o),
      .w_strb_i  (w_strb_o),
      .w_last_i  (w_last_o),
      .b_valid_i,
      .b_ready_i (b_ready_o)
  );
  tsr_axil_assert u_axil_assert (
      .clk_i,
      .rst_ni,
      .aw_valid_i(s_aw_valid_i),
      .aw_ready_i(s_aw_ready_o),
      .w_valid_i (s_w_valid_i),
      .w_ready_i (s_w_ready_o),
      .b_valid_i (s_b_valid_o),
      .b_ready_i (s_b_ready_i),
      .b_resp_i  (s_b_resp_o),
      .ar_valid_i(s_ar_valid_i),
      .ar_ready_i(s_ar_ready_o),
      .r_valid_i (s_r_valid_o),
      .r_ready_i (s_r_ready_i),
      .r_data_i  (s_r_data_o),
      .r_resp_i  (s_r_resp_o)
  );
`endif
`endif

  wire unused = &{1'b0, b_id_i, b_resp_i[0]};
endmodule

`default_nettype wire
