// Moves LOADs from DRAM into the scratchpads; used twice: as the load module and as compute's own loader.
//
// Two walkers. The request walker (plan, begin, bursts) pops tokens and asks for data; it goes on to the next LOAD while
// data of the former still arrive. The write walker lays elements into the scratchpad in order, padding and data
// interleaved, one beat (or one element of padding, or one micro-op) a cycle, without a gap between LOADs. It pushes the
// tokens in order, one cycle after the last write. SET PAD and LOADs that move nothing take one cycle of each walker.
// A LOAD that fails reports its index and pushes nothing; done_o then comes two cycles after err_valid_o, so that the
// limit is known before anybody goes on.
// At most MaxInflight + MaxBeats beats are on their way, so that a load does not fill the bus with requests ahead of others.
// Critical path: zone counters to the write port; the bursts module.
// Memories: the job queue (8 entries), the data queue (16 beats), distributed RAM.
`default_nettype none
`include "tsr_assert.svh"

module tsr_load #(
    parameter bit Tokens = 1'b1,      // honours the instruction's dependency flags
    parameter int MaxBeats = 64,      // in a burst
    parameter int MaxInflight = 64    // beats on their way above which no burst is begun
) (
    input  wire                            clk_i,
    input  wire                            rst_ni,
    input  wire                            clear_i,
    input  wire                            halt_i,      // begin nothing more, ask for nothing more
    // instructions
    input  wire                            cmd_valid_i,
    output wire                            cmd_ready_o,
    input  wire  [                  127:0] cmd_insn_i,
    input  wire  [                   31:0] cmd_index_i,
    // base pointers, bytes
    input  wire  [                   31:0] uop_base_i,
    input  wire  [                   31:0] inp_base_i,
    input  wire  [                   31:0] wgt_base_i,
    input  wire  [                   31:0] acc_base_i,
    input  wire  [                   31:0] par_base_i,
    // tokens of the next module
    input  wire                            next_avail_i,
    output wire                            next_pop_o,
    output wire                            next_push_o,
    // read requests
    output wire                            req_valid_o,
    input  wire                            req_ready_i,
    output wire  [                   31:0] req_addr_o,
    output wire  [                    8:0] req_beats_o,
    // read data
    input  wire                            r_valid_i,
    output wire                            r_ready_o,
    input  wire  [tsr_cfg_pkg::BusBits-1:0] r_data_i,
    input  wire                            r_error_i,
    // scratchpad writes
    output wire                            wr_valid_o,
    input  wire                            wr_ready_i,
    output wire  [                    2:0] wr_mem_o,
    output wire  [                   15:0] wr_index_o,
    output wire  [                    7:0] wr_slice_o,
    output wire  [tsr_cfg_pkg::BusBits-1:0] wr_data_o,
    output wire                            wr_fill_o,
    // state
    output wire                            done_o,          // pulse: an instruction has ended
    output wire                            err_valid_o,     // level until clear
    output wire  [                    3:0] err_code_o,
    output wire  [                   31:0] err_index_o,
    input  wire                            limit_valid_i,
    input  wire  [                   31:0] limit_index_i,
    output wire                            idle_o,          // nothing runs; the head is absent, waits or is above the limit
    output wire                            busy_o,          // an instruction runs
    output wire                            stall_o,         // waits for a token
    output wire                            begin_o,         // pulse: instruction begin_index_o begins
    output wire  [                   31:0] begin_index_o,
    output wire  [                   31:0] oldest_index_o   // lowest index that has not ended; all ones: none
);
  localparam int BusBits = tsr_cfg_pkg::BusBits;
  localparam int BusBytes = BusBits / 8;
  localparam int Lanes = BusBytes / 4;  // micro-ops a beat
  localparam int LaneBits = $clog2(Lanes);

  if (tsr_cfg_pkg::InpElementBytes % BusBytes != 0 || tsr_cfg_pkg::ParElementBytes % BusBytes != 0
      || tsr_cfg_pkg::OutElementBytes % BusBytes != 0) begin : g_bad
    tsr_param_error_element_not_a_multiple_of_the_bus u_err ();
  end

  // ------------------------------------------------------------------------------------------------- request walker
  wire plan_valid;
  wire plan_busy;
  wire [127:0] plan_insn;
  wire [31:0] plan_index;
  wire [3:0] plan_error_raw;
  wire plan_empty;
  wire plan_joined;
  wire [31:0] plan_addr;
  wire [31:0] plan_run_bytes;
  wire [15:0] plan_runs;
  wire [31:0] plan_stride;
  // only the store reads it:
  // verilator lint_off UNUSEDSIGNAL
  wire [31:0] plan_elements;  // the store's
  // verilator lint_on UNUSEDSIGNAL

  wire begin_now;

  tsr_dma_plan #(
      .Store(1'b0)
  ) u_plan (
      .clk_i,
      .rst_ni,
      .clear_i,
      .insn_valid_i    (cmd_valid_i),
      .insn_ready_o    (cmd_ready_o),
      .insn_i          (cmd_insn_i),
      .index_i         (cmd_index_i),
      .uop_base_i,
      .inp_base_i,
      .wgt_base_i,
      .acc_base_i,
      .out_base_i      (32'd0),
      .par_base_i,
      .plan_valid_o    (plan_valid),
      .plan_ready_i    (begin_now),
      .busy_o          (plan_busy),
      .plan_insn_o     (plan_insn),
      .plan_index_o    (plan_index),
      .plan_error_o    (plan_error_raw),
      .plan_empty_o    (plan_empty),
      .plan_joined_o   (plan_joined),
      .plan_addr_o     (plan_addr),
      .plan_run_bytes_o(plan_run_bytes),
      .plan_runs_o     (plan_runs),
      .plan_stride_o   (plan_stride),
      .plan_elements_o (plan_elements)
  );

  wire plan_is_set = plan_insn[2:0] == tsr_isa_pkg::OpcodeSet;
  wire [3:0] plan_error = plan_is_set && tsr_cfg_pkg::HasPadValue == 0 ? tsr_isa_pkg::ErrorCodeBadField
                                                                       : plan_error_raw;
  wire pop_next = Tokens && plan_insn[tsr_cfg_pkg::HeaderPopNextLsb];
  wire push_next = Tokens && plan_insn[tsr_cfg_pkg::HeaderPushNextLsb];
  wire [2:0] plan_type = plan_insn[tsr_cfg_pkg::LoadMemoryTypeLsb +: 3];

  logic failed_q;  // an instruction with an error has begun: nothing may follow
  logic [7:0] pad_q;
  wire above_limit = limit_valid_i && plan_index > limit_index_i;
  wire token_missing = pop_next && !next_avail_i;
  wire jobs_ready;
  wire bursts_ready;

  assign begin_now = plan_valid && !token_missing && !above_limit && !failed_q && !halt_i && jobs_ready
                     && (plan_empty || bursts_ready);
  assign next_pop_o = begin_now && pop_next;
  assign begin_o = begin_now;
  assign begin_index_o = plan_index;

  wire plan_pads = plan_type == tsr_isa_pkg::MemoryTypeInp || plan_type == tsr_isa_pkg::MemoryTypeAcc8bit;

  always_ff @(posedge clk_i) begin
    if (begin_now) begin
      if (plan_is_set) pad_q <= plan_insn[tsr_cfg_pkg::SetPadValueLsb +: 8];
      if (plan_error != tsr_isa_pkg::ErrorCodeNone) failed_q <= 1'b1;
    end
    if (!rst_ni || clear_i) begin
      pad_q <= 8'd0;
      failed_q <= 1'b0;
    end
  end

  wire burst_valid;
  wire burst_last;
  wire burst_taken = req_valid_o && req_ready_i;
  logic [8:0] inflight_q;
  wire may_ask = inflight_q <= 9'(MaxInflight) && !halt_i;
  assign req_valid_o = burst_valid && may_ask;

  tsr_dma_bursts #(
      .MaxBeats(MaxBeats)
  ) u_bursts (
      .clk_i,
      .rst_ni,
      .clear_i,
      .job_valid_i    (begin_now && !plan_empty),
      .job_ready_o    (bursts_ready),
      .job_addr_i     (plan_addr),
      .job_run_bytes_i(plan_run_bytes),
      .job_runs_i     (plan_runs),
      .job_stride_i   (plan_stride),
      .burst_valid_o  (burst_valid),
      .burst_ready_i  (req_ready_i && may_ask),
      .burst_addr_o   (req_addr_o),
      .burst_beats_o  (req_beats_o),
      .burst_last_o   (burst_last)
  );

  wire beat_in = r_valid_i && r_ready_o;
  always_ff @(posedge clk_i) begin
    if (burst_taken || beat_in) begin
      inflight_q <= inflight_q + (burst_taken ? req_beats_o : 9'd0) - 9'(beat_in);
    end
    if (!rst_ni || clear_i) inflight_q <= 9'd0;
  end

  // ------------------------------------------------------------------------------------------------- what the writer needs
  localparam int JobBits = 32 + 1 + 4 + 1 + 3 + 16 + 16 + 16 + 16 + 8 + 1 + LaneBits + LaneBits;
  wire [JobBits-1:0] job_in = {
    plan_index,
    push_next,
    plan_error,
    plan_empty,
    plan_type,
    plan_insn[tsr_cfg_pkg::LoadSramBaseLsb +: 16],
    plan_insn[tsr_cfg_pkg::LoadYSizeLsb +: 16],
    plan_insn[tsr_cfg_pkg::LoadXSizeLsb +: 16],
    plan_insn[tsr_cfg_pkg::LoadYPad0Lsb +: 4],
    plan_insn[tsr_cfg_pkg::LoadYPad1Lsb +: 4],
    plan_insn[tsr_cfg_pkg::LoadXPad0Lsb +: 4],
    plan_insn[tsr_cfg_pkg::LoadXPad1Lsb +: 4],
    plan_pads ? pad_q : 8'd0,
    plan_joined,
    plan_addr[2+:LaneBits],
    plan_insn[tsr_cfg_pkg::LoadXStrideLsb +: LaneBits]
  };
  wire [JobBits-1:0] job_out;
  wire job_valid;
  wire job_take;

  tsr_fifo #(
      .Width(JobBits),
      .Depth(8)
  ) u_jobs (
      .clk_i,
      .rst_ni,
      .clear_i,
      .valid_i(begin_now),
      .ready_o(jobs_ready),
      .data_i (job_in),
      .valid_o(job_valid),
      .ready_i(job_take),
      .data_o (job_out)
  );

  wire [31:0] job_index;
  wire job_push;
  wire [3:0] job_error;
  wire job_empty;
  wire [2:0] job_type;
  wire [15:0] job_base;
  wire [15:0] job_y;
  wire [15:0] job_x;
  wire [3:0] job_yp0, job_yp1, job_xp0, job_xp1;
  wire [7:0] job_pad;
  wire job_joined;
  wire [LaneBits-1:0] job_lane, job_lane_step;
  assign {job_index, job_push, job_error, job_empty, job_type, job_base, job_y, job_x, job_yp0, job_yp1, job_xp0, job_xp1,
          job_pad, job_joined, job_lane, job_lane_step} = job_out;

  // ------------------------------------------------------------------------------------------------- data queue
  wire beat_valid;
  wire beat_take;
  wire beat_error;
  wire [BusBits-1:0] beat;
  tsr_fifo #(
      .Width(BusBits + 1),
      .Depth(16)
  ) u_beats (
      .clk_i,
      .rst_ni,
      .clear_i,
      .valid_i(r_valid_i),
      .ready_o(r_ready_o),
      .data_i ({r_error_i, r_data_i}),
      .valid_o(beat_valid),
      .ready_i(beat_take),
      .data_o ({beat_error, beat})
  );

  // ------------------------------------------------------------------------------------------------- write walker
  // A block is rows of zones: a padding row is one zone; a data row is left padding, data, right padding.
  logic active_q;
  logic [31:0] index_q;
  logic push_q;
  logic [2:0] type_q;
  logic [15:0] at_q;                 // element to write
  logic [7:0] slice_q, last_slice_q;
  logic [15:0] x_q;
  logic [16:0] cols_q;
  logic [3:0] xp0_q, xp1_q;
  logic [16:0] left_q;               // elements left in the zone, less one
  logic fill_q;                      // the zone is padding
  logic right_q;                     // the zone is right padding
  logic [3:0] top_q;                 // padding rows left above, this one included
  logic [15:0] rows_q;               // data rows left, this one included
  logic [3:0] below_q;               // padding rows left below, this one included
  logic [7:0] pad_value_q;
  logic joined_q;
  logic [LaneBits-1:0] lane_q, row_lane_q, lane_step_q;
  logic fault_q;

  wire is_uop = type_q == tsr_isa_pkg::MemoryTypeUop;
  wire write_now = wr_valid_o && wr_ready_i;
  wire element_ends = fill_q || is_uop || slice_q == last_slice_q;
  wire zone_ends = write_now && element_ends && left_q == 17'd0;
  wire in_data_row = top_q == 4'd0 && rows_q != 16'd0;
  wire row_ends = zone_ends && (!in_data_row || right_q || (!fill_q && xp1_q == 4'd0));
  wire last_row = in_data_row ? (rows_q == 16'd1 && below_q == 4'd0)
                              : (top_q == 4'd0 ? below_q == 4'd1 : 1'b0);
  wire block_ends = row_ends && last_row;

  assign wr_valid_o = active_q && (fill_q || beat_valid);
  assign wr_mem_o = type_q;
  assign wr_index_o = at_q;
  assign wr_slice_o = slice_q;
  assign wr_fill_o = fill_q;
  wire [BusBits-1:0] lane_shifted = beat >> {lane_q, 5'd0};
  assign wr_data_o = fill_q ? {{(BusBits - 8) {1'b0}}, pad_value_q} : (is_uop ? lane_shifted : beat);

  // a beat is used up: its last micro-op, or the last of a run
  wire run_ends = left_q == 17'd0 && (!joined_q || rows_q == 16'd1);
  assign beat_take = write_now && !fill_q && (!is_uop || lane_q == LaneBits'(Lanes - 1) || run_ends);

  assign job_take = job_valid && (!active_q || block_ends);

  // next row after the one that ends
  wire [3:0] top_next = top_q == 4'd0 ? 4'd0 : top_q - 4'd1;
  wire [15:0] rows_next = in_data_row ? rows_q - 16'd1 : rows_q;
  wire [3:0] below_next = top_q == 4'd0 && !in_data_row ? below_q - 4'd1 : below_q;
  wire next_is_data = top_next == 4'd0 && rows_next != 16'd0;

  function automatic logic [7:0] lastSlice(input logic [2:0] memoryType);
    case (memoryType)
      tsr_isa_pkg::MemoryTypeWgt: lastSlice = 8'(tsr_cfg_pkg::WgtElementBytes / BusBytes - 1);
      tsr_isa_pkg::MemoryTypeInp: lastSlice = 8'(tsr_cfg_pkg::InpElementBytes / BusBytes - 1);
      tsr_isa_pkg::MemoryTypeAcc: lastSlice = 8'(tsr_cfg_pkg::AccElementBytes / BusBytes - 1);
      tsr_isa_pkg::MemoryTypeAcc8bit: lastSlice = 8'(tsr_cfg_pkg::Acc8bitElementBytes / BusBytes - 1);
      tsr_isa_pkg::MemoryTypePar: lastSlice = 8'(tsr_cfg_pkg::ParElementBytes / BusBytes - 1);
      default: lastSlice = 8'd0;
    endcase
  endfunction

  wire [16:0] job_cols = 17'(job_x) + 17'(job_xp0) + 17'(job_xp1);

  always_ff @(posedge clk_i) begin
    if (write_now) begin
      slice_q <= element_ends ? 8'd0 : slice_q + 8'd1;
      if (element_ends) begin
        at_q <= at_q + 16'd1;
        left_q <= left_q - 17'd1;
      end
      if (!fill_q && is_uop) lane_q <= lane_q + 1'b1;
      if (!fill_q && beat_error) fault_q <= 1'b1;
      if (zone_ends) begin
        if (row_ends) begin
          top_q <= top_next;
          rows_q <= rows_next;
          below_q <= below_next;
          right_q <= 1'b0;
          fill_q <= !next_is_data || xp0_q != 4'd0;
          left_q <= !next_is_data ? cols_q - 17'd1 : (xp0_q != 4'd0 ? 17'(xp0_q) - 17'd1 : 17'(x_q) - 17'd1);
          if (in_data_row && !joined_q) begin
            lane_q <= row_lane_q + lane_step_q;
            row_lane_q <= row_lane_q + lane_step_q;
          end
        end else if (fill_q) begin  // left padding to data
          fill_q <= 1'b0;
          left_q <= 17'(x_q) - 17'd1;
        end else begin              // data to right padding
          fill_q <= 1'b1;
          right_q <= 1'b1;
          left_q <= 17'(xp1_q) - 17'd1;
        end
        if (block_ends) active_q <= 1'b0;
      end
    end
    if (job_take) begin
      active_q <= !job_empty;
      index_q <= job_index;
      push_q <= job_push;
      type_q <= job_type;
      at_q <= job_base;
      slice_q <= 8'd0;
      last_slice_q <= lastSlice(job_type);
      x_q <= job_x;
      cols_q <= job_cols;
      xp0_q <= job_xp0;
      xp1_q <= job_xp1;
      right_q <= 1'b0;
      top_q <= job_yp0;
      rows_q <= job_y;
      below_q <= job_yp1;
      fill_q <= job_yp0 != 4'd0 || job_xp0 != 4'd0;
      left_q <= job_yp0 != 4'd0 ? job_cols - 17'd1 : (job_xp0 != 4'd0 ? 17'(job_xp0) - 17'd1 : 17'(job_x) - 17'd1);
      pad_value_q <= job_pad;
      joined_q <= job_joined;
      lane_q <= job_lane;
      row_lane_q <= job_lane;
      lane_step_q <= job_lane_step;
      fault_q <= 1'b0;
    end
    if (!rst_ni || clear_i) active_q <= 1'b0;
  end

  // ------------------------------------------------------------------------------------------------- ends, tokens, errors
  // An instruction ends when its block does, or, if it is empty, when it is taken. Both may fall into one cycle: the empty
  // one then ends a cycle later, from empty_q.
  logic empty_q, empty_push_q;
  logic [3:0] empty_error_q;
  logic [31:0] empty_index_q;
  logic ended_q, ended_push_q;
  logic [3:0] error_q;
  logic err_valid_q;
  logic [31:0] err_index_q;
  logic [1:0] late_q;

  wire fault_now = fault_q || (!fill_q && beat_error);
  wire ends_badly = (block_ends && fault_now) || (empty_q && empty_error_q != tsr_isa_pkg::ErrorCodeNone);
  // tokens pending of two ends in one cycle
  always_ff @(posedge clk_i) begin
    empty_q <= job_take && job_empty;
    if (job_take && job_empty) begin
      empty_push_q <= job_push;
      empty_error_q <= job_error;
      empty_index_q <= job_index;
    end
    ended_q <= (block_ends || empty_q) && !ends_badly;
    ended_push_q <= (block_ends && push_q && !fault_now)
                    || (empty_q && empty_push_q && empty_error_q == tsr_isa_pkg::ErrorCodeNone);
    late_q <= {late_q[0], ends_badly};
    if (ends_badly && !err_valid_q) begin
      err_valid_q <= 1'b1;
      error_q <= block_ends ? tsr_isa_pkg::ErrorCodeDramFault : empty_error_q;
      err_index_q <= block_ends ? index_q : empty_index_q;
    end
    if (!rst_ni || clear_i) begin
      empty_q <= 1'b0;
      ended_q <= 1'b0;
      ended_push_q <= 1'b0;
      late_q <= 2'd0;
      err_valid_q <= 1'b0;
    end
  end

  // empty_q and block_ends never meet: the walker is not active in the cycle after it took an empty instruction
  `TSR_ASSERT(!(empty_q && block_ends))
  `TSR_ASSERT(!active_q || left_q <= cols_q)
  `TSR_ASSERT(!burst_taken || inflight_q <= 9'(MaxInflight))

  assign next_push_o = ended_push_q;
  assign done_o = ended_q || late_q[1];
  assign err_valid_o = err_valid_q;
  assign err_code_o = error_q;
  assign err_index_o = err_index_q;

  assign busy_o = active_q || job_valid || empty_q;
  wire ending = ended_q || late_q != 2'd0;
  assign idle_o = !busy_o && !ending && !burst_valid && !plan_busy
                  && (!plan_valid || token_missing || above_limit || failed_q)
                  && (plan_valid || !cmd_valid_i);
  assign stall_o = plan_valid && token_missing && !above_limit;
  assign oldest_index_o = empty_q ? empty_index_q :
                          active_q ? index_q :
                          job_valid ? job_index :
                          (plan_valid || plan_busy) ? plan_index :
                          cmd_valid_i ? cmd_index_i : 32'hffff_ffff;

  wire unused = &{1'b0, burst_last, plan_insn};
endmodule

`default_nettype wire
