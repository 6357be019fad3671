// Moves STOREs from OUT to DRAM.
//
// Three walkers, each running ahead of the next: the request walker (plan, begin, bursts) pops tokens and sends AW; the
// reader fetches elements of OUT, which lie densely, into a queue; the data side sends W beats of the bursts whose AW has
// been taken, without gaps from burst to burst. Several bursts and several STOREs are outstanding; a STORE ends, and
// pushes its token, in order, with the response of its last burst. All bursts have one ID, so responses come in order.
// abort_i: the owed W beats are sent with no strobes, responses are taken and forgotten; drained_o when nothing is owed.
// clear_i empties everything but what the bus is owed; the core waits for drained_o before it clears.
// Critical path: element queue read port, slice multiplexer, W register; the bursts module.
// Memories: ends queue (16), burst queue (16), element queue (8 elements), distributed RAM.
`default_nettype none
`include "tsr_assert.svh"

module tsr_store #(
    parameter int MaxBeats = 64
) (
    input  wire                               clk_i,
    input  wire                               rst_ni,
    input  wire                               clear_i,
    input  wire                               halt_i,
    input  wire                               abort_i,
    // instructions
    input  wire                               cmd_valid_i,
    output wire                               cmd_ready_o,
    input  wire  [                     127:0] cmd_insn_i,
    input  wire  [                      31:0] cmd_index_i,
    input  wire  [                      31:0] out_base_i,
    // tokens of the previous module
    input  wire                               prev_avail_i,
    output wire                               prev_pop_o,
    output wire                               prev_push_o,
    // OUT, data one cycle after the request
    output wire                               rd_valid_o,
    output wire  [                      15:0] rd_index_o,
    input  wire  [8*tsr_cfg_pkg::OutElementBytes-1:0] rd_data_i,
    // AXI4 write channels
    output wire                               aw_valid_o,
    input  wire                               aw_ready_i,
    output wire  [                      31:0] aw_addr_o,
    output wire  [                       7:0] aw_len_o,
    output wire                               w_valid_o,
    input  wire                               w_ready_i,
    output wire  [  tsr_cfg_pkg::BusBits-1:0] w_data_o,
    output wire  [tsr_cfg_pkg::BusBits/8-1:0] w_strb_o,
    output wire                               w_last_o,
    input  wire                               b_valid_i,
    output wire                               b_ready_o,
    input  wire                               b_error_i,
    // state
    output wire                               done_o,
    output wire                               err_valid_o,
    output wire  [                       3:0] err_code_o,
    output wire  [                      31:0] err_index_o,
    input  wire                               limit_valid_i,
    input  wire  [                      31:0] limit_index_i,
    output wire                               idle_o,
    output wire                               busy_o,
    output wire                               stall_o,
    output wire                               begin_o,
    output wire  [                      31:0] begin_index_o,
    output wire  [                      31:0] oldest_index_o,
    output wire                               drained_o
);
  localparam int BusBits = tsr_cfg_pkg::BusBits;
  localparam int BusBytes = BusBits / 8;
  localparam int ElementBits = 8 * tsr_cfg_pkg::OutElementBytes;
  localparam int Slices = tsr_cfg_pkg::OutElementBytes / BusBytes;
  localparam int ElementRoom = 8;

  // ------------------------------------------------------------------------------------------------- request walker
  wire plan_valid, plan_busy, plan_empty;
  wire [31:0] plan_index, plan_addr, plan_run_bytes, plan_stride, plan_elements;
  wire [3:0] plan_error;
  wire [15:0] plan_runs;
  // only the load reads them:
  // verilator lint_off UNUSEDSIGNAL
  wire [127:0] plan_insn;
  wire plan_joined;
  // verilator lint_on UNUSEDSIGNAL
  wire begin_now;

  tsr_dma_plan #(
      .Store(1'b1)
  ) u_plan (
      .clk_i,
      .rst_ni,
      .clear_i,
      .insn_valid_i    (cmd_valid_i),
      .insn_ready_o    (cmd_ready_o),
      .insn_i          (cmd_insn_i),
      .index_i         (cmd_index_i),
      .uop_base_i      (32'd0),
      .inp_base_i      (32'd0),
      .wgt_base_i      (32'd0),
      .acc_base_i      (32'd0),
      .out_base_i,
      .par_base_i      (32'd0),
      .plan_valid_o    (plan_valid),
      .plan_ready_i    (begin_now),
      .busy_o          (plan_busy),
      .plan_insn_o     (plan_insn),
      .plan_index_o    (plan_index),
      .plan_error_o    (plan_error),
      .plan_empty_o    (plan_empty),
      .plan_joined_o   (plan_joined),
      .plan_addr_o     (plan_addr),
      .plan_run_bytes_o(plan_run_bytes),
      .plan_runs_o     (plan_runs),
      .plan_stride_o   (plan_stride),
      .plan_elements_o (plan_elements)
  );

  wire pop_prev = plan_insn[tsr_cfg_pkg::HeaderPopPrevLsb];
  wire push_prev = plan_insn[tsr_cfg_pkg::HeaderPushPrevLsb];
  logic failed_q;
  wire above_limit = limit_valid_i && plan_index > limit_index_i;
  wire token_missing = pop_prev && !prev_avail_i;
  wire ends_ready, reader_ready, bursts_ready;

  assign begin_now = plan_valid && !token_missing && !above_limit && !failed_q && !halt_i && ends_ready
                     && (plan_empty || (bursts_ready && reader_ready));
  assign prev_pop_o = begin_now && pop_prev;
  assign begin_o = begin_now;
  assign begin_index_o = plan_index;

  wire burst_valid, burst_last;
  wire [31:0] burst_addr;
  wire [8:0] burst_beats;
  wire burst_take;
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
      .burst_ready_i  (burst_take),
      .burst_addr_o   (burst_addr),
      .burst_beats_o  (burst_beats),
      .burst_last_o   (burst_last)
  );

  // AW register: once valid it stays, whatever happens to the core
  logic aw_valid_q, aw_last_q;
  logic [31:0] aw_addr_q;
  logic [7:0] aw_len_q;
  wire queue_ready;                 // room for one more outstanding burst
  wire aw_taken = aw_valid_q && aw_ready_i;
  logic [4:0] owed_q;               // bursts in the AW register or outstanding
  wire b_taken = b_valid_i && b_ready_o;
  assign burst_take = burst_valid && (!aw_valid_q || aw_ready_i) && owed_q != 5'd16 && !halt_i && !abort_i;

  always_ff @(posedge clk_i) begin
    if (aw_taken) aw_valid_q <= 1'b0;
    if (burst_take) begin
      aw_valid_q <= 1'b1;
      aw_addr_q <= burst_addr;
      aw_len_q <= burst_beats[7:0] - 8'd1;
      aw_last_q <= burst_last;
    end
    if (burst_take || b_taken) owed_q <= owed_q + 5'(burst_take) - 5'(b_taken);
    if (!rst_ni) begin
      aw_valid_q <= 1'b0;
      owed_q <= 5'd0;
    end
  end
  assign aw_valid_o = aw_valid_q;
  assign aw_addr_o = aw_addr_q;
  assign aw_len_o = aw_len_q;

  // bursts whose AW has been taken: for the data side and for the responses
  wire wb_valid, wb_take;
  wire [7:0] wb_len;
  tsr_fifo #(
      .Width(8),
      .Depth(16)
  ) u_w_bursts (
      .clk_i,
      .rst_ni,
      .clear_i(1'b0),
      .valid_i(aw_taken),
      .ready_o(queue_ready),
      .data_i (aw_len_q),
      .valid_o(wb_valid),
      .ready_i(wb_take),
      .data_o (wb_len)
  );
  wire bb_valid, bb_last, bb_ready;
  tsr_fifo #(
      .Width(1),
      .Depth(16)
  ) u_b_bursts (
      .clk_i,
      .rst_ni,
      .clear_i(1'b0),
      .valid_i(aw_taken),
      .ready_o(bb_ready),
      .data_i (aw_last_q),
      .valid_o(bb_valid),
      .ready_i(b_taken),
      .data_o (bb_last)
  );
  `TSR_ASSERT(!aw_taken || (queue_ready && bb_ready))
  `TSR_ASSERT(!b_taken || bb_valid)

  // ------------------------------------------------------------------------------------------------- reader of OUT
  logic reading_q;
  logic [15:0] rd_index_q;
  logic [16:0] rd_left_q;            // elements left to read, less one
  logic rd_pending_q;                // data arrive in this cycle
  logic [3:0] reserved_q;            // elements in the queue or on their way
  wire element_valid, element_take, element_room;
  wire [ElementBits-1:0] element;
  wire read_now = reading_q && reserved_q != 4'(ElementRoom);
  wire read_ends = read_now && rd_left_q == 17'd0;
  assign reader_ready = !reading_q || read_ends;
  assign rd_valid_o = read_now;
  assign rd_index_o = rd_index_q;

  always_ff @(posedge clk_i) begin
    rd_pending_q <= read_now;
    if (read_now) begin
      rd_index_q <= rd_index_q + 16'd1;
      rd_left_q <= rd_left_q - 17'd1;
      if (read_ends) reading_q <= 1'b0;
    end
    if (read_now || element_take) reserved_q <= reserved_q + 4'(read_now) - 4'(element_take);
    if (begin_now && !plan_empty) begin
      reading_q <= 1'b1;
      rd_index_q <= plan_insn[tsr_cfg_pkg::StoreSramBaseLsb +: 16];
      rd_left_q <= plan_elements[16:0] - 17'd1;
    end
    if (!rst_ni || clear_i) begin
      reading_q <= 1'b0;
      rd_pending_q <= 1'b0;
      reserved_q <= 4'd0;
    end
  end

  tsr_fifo #(
      .Width(ElementBits),
      .Depth(ElementRoom)
  ) u_elements (
      .clk_i,
      .rst_ni,
      .clear_i,
      .valid_i(rd_pending_q),
      .ready_o(element_room),
      .data_i (rd_data_i),
      .valid_o(element_valid),
      .ready_i(element_take),
      .data_o (element)
  );
  `TSR_ASSERT(!rd_pending_q || element_room)

  // ------------------------------------------------------------------------------------------------- data side
  logic [7:0] w_sent_q;              // beats of the burst that are sent
  logic w_valid_q, w_last_q, w_full_q;
  logic [BusBits-1:0] w_data_q;
  wire w_free = !w_valid_q || w_ready_i;
  wire beat_now = wb_valid && w_free && (element_valid || abort_i);
  wire beat_last = w_sent_q == wb_len;
  assign wb_take = beat_now && beat_last;

  wire [BusBits-1:0] slice;
  wire slice_last;
  if (Slices == 1) begin : g_slice
    assign slice = element;
    assign slice_last = 1'b1;
  end else begin : g_slices
    localparam int SliceBits = $clog2(Slices);
    logic [SliceBits-1:0] slice_q;
    assign slice = element[slice_q*BusBits+:BusBits];
    assign slice_last = slice_q == SliceBits'(Slices - 1);
    always_ff @(posedge clk_i) begin
      if (beat_now) slice_q <= slice_last ? '0 : slice_q + 1'b1;
      if (!rst_ni || clear_i) slice_q <= '0;
    end
  end
  assign element_take = beat_now && slice_last && !abort_i;

  always_ff @(posedge clk_i) begin
    if (w_free) w_valid_q <= beat_now;
    if (beat_now) begin
      w_data_q <= slice;
      w_last_q <= beat_last;
      w_full_q <= !abort_i;
      w_sent_q <= beat_last ? 8'd0 : w_sent_q + 8'd1;
    end
    if (!rst_ni) begin
      w_valid_q <= 1'b0;
      w_sent_q <= 8'd0;
    end
  end
  assign w_valid_o = w_valid_q;
  assign w_data_o = w_data_q;
  assign w_strb_o = {BusBytes{w_full_q}};
  assign w_last_o = w_last_q;

  // ------------------------------------------------------------------------------------------------- ends
  localparam int EndBits = 32 + 1 + 4 + 1;
  wire end_valid, end_take, end_push, end_empty;
  wire [31:0] end_index;
  wire [3:0] end_error;
  tsr_fifo #(
      .Width(EndBits),
      .Depth(16)
  ) u_ends (
      .clk_i,
      .rst_ni,
      .clear_i,
      .valid_i(begin_now),
      .ready_o(ends_ready),
      .data_i ({plan_index, push_prev, plan_error, plan_empty}),
      .valid_o(end_valid),
      .ready_i(end_take),
      .data_o ({end_index, end_push, end_error, end_empty})
  );

  // A STORE that moves nothing leaves the queue by itself; a response in that cycle belongs to the one behind it and waits.
  assign b_ready_o = !(end_valid && end_empty);
  logic fault_q;                     // a burst of the oldest STORE failed
  wire block_ends = b_taken && bb_last && !abort_i;
  assign end_take = end_valid && (end_empty || block_ends);
  wire fault_now = fault_q || b_error_i;
  wire ends_badly = end_take && (end_empty ? end_error != tsr_isa_pkg::ErrorCodeNone : fault_now);

  logic err_valid_q, push_q, done_q;
  logic [3:0] err_code_q;
  logic [31:0] err_index_q;
  always_ff @(posedge clk_i) begin
    if (b_taken) fault_q <= bb_last ? 1'b0 : fault_now;
    push_q <= end_take && end_push && !ends_badly;
    done_q <= end_take;
    if (ends_badly && !err_valid_q) begin
      err_valid_q <= 1'b1;
      err_code_q <= end_empty ? end_error : tsr_isa_pkg::ErrorCodeDramFault;
      err_index_q <= end_index;
    end
    if (begin_now && plan_error != tsr_isa_pkg::ErrorCodeNone) failed_q <= 1'b1;
    if (!rst_ni || clear_i) begin
      fault_q <= 1'b0;
      push_q <= 1'b0;
      done_q <= 1'b0;
      err_valid_q <= 1'b0;
      failed_q <= 1'b0;
    end
  end
  `TSR_ASSERT(!block_ends || (end_valid && !end_empty))

  wire unused = &{1'b0, plan_elements[31:17], burst_beats[8], queue_ready, bb_ready, bb_valid, element_room};
  assign prev_push_o = push_q;
  assign done_o = done_q;
  assign err_valid_o = err_valid_q;
  assign err_code_o = err_code_q;
  assign err_index_o = err_index_q;
  assign busy_o = end_valid;
  assign drained_o = owed_q == 5'd0;
  assign idle_o = !end_valid && !done_q && !plan_busy && (!plan_valid || token_missing || above_limit || failed_q)
                  && (plan_valid || !cmd_valid_i);
  assign stall_o = plan_valid && token_missing && !above_limit;
  assign oldest_index_o = end_valid ? end_index :
                          (plan_valid || plan_busy) ? plan_index :
                          cmd_valid_i ? cmd_index_i : 32'hffff_ffff;
endmodule

`default_nettype wire
