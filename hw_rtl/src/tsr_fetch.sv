// Reads instructions ahead and hands each, with its index, to the queue of its module.
//
// Up to 64 instructions are on their way or in the fetch queue, and each module's queue holds 32 more. A burst is asked
// for only where the fetch queue has room, so that instruction data never block the read channel. A read error, or an
// address past 2^32, is reported for the instruction it hits when that one would be handed out, not before.
// FINISH goes to compute and ends the fetch, as does the last of insn_count.
// Critical path: fetch queue read port, decode of the target, write port of a module's queue.
// Memories: fetch queue (64 x 129), three module queues (32 x 160), distributed RAM.
`default_nettype none
`include "tsr_assert.svh"

module tsr_fetch (
    input  wire                             clk_i,
    input  wire                             rst_ni,
    input  wire                             clear_i,
    input  wire                             start_i,         // pulse, one cycle after clear_i
    input  wire                             halt_i,          // ask for nothing more
    input  wire  [                    31:0] insn_address_i,
    input  wire  [                    31:0] insn_count_i,
    // read requests and data
    output wire                             req_valid_o,
    input  wire                             req_ready_i,
    output wire  [                    31:0] req_addr_o,
    output wire  [                     8:0] req_beats_o,
    input  wire                             r_valid_i,
    input  wire  [tsr_cfg_pkg::BusBits-1:0] r_data_i,
    input  wire                             r_error_i,
    // to load, compute, store
    output wire                             load_valid_o,
    input  wire                             load_ready_i,
    output wire  [                   127:0] load_insn_o,
    output wire  [                    31:0] load_index_o,
    output wire                             compute_valid_o,
    input  wire                             compute_ready_i,
    output wire  [                   127:0] compute_insn_o,
    output wire  [                    31:0] compute_index_o,
    output wire                             store_valid_o,
    input  wire                             store_ready_i,
    output wire  [                   127:0] store_insn_o,
    output wire  [                    31:0] store_index_o,
    // state
    output wire                             err_valid_o,
    output wire  [                    31:0] err_index_o,
    output wire                             ended_o,         // nothing more will be handed out
    output wire                             idle_o,          // nothing on its way, the head waits for room or there is none
    output wire                             drained_o        // no read outstanding
);
  localparam int BusBits = tsr_cfg_pkg::BusBits;
  localparam int Beats = 128 / BusBits;  // beats of an instruction
  localparam int Room = 64;              // instructions
  localparam int Chunk = 8;              // instructions in a burst
  localparam int MaxOutstanding = 16;    // above it no burst is begun, so that first loads do not wait behind the fetch

  if (BusBits > 128 || BusBits < 64) begin : g_bad
    tsr_param_error_bus_not_64_or_128_bits u_err ();
  end

  // ------------------------------------------------------------------------------------------------- requests
  logic running_q;
  logic [32:0] addr_q;             // bit 32: past the end of the address space
  logic [31:0] unasked_q;          // instructions not yet asked for
  logic [6:0] reserved_q;          // instructions asked for and not yet handed out

  wire [8:0] to_page = 9'd256 - {1'b0, addr_q[11:4]};
  wire [6:0] free = 7'(Room) - reserved_q;
  wire [4:0] by_page = to_page > 9'(Chunk) ? 5'(Chunk) : to_page[4:0];
  wire [4:0] by_count = unasked_q > 32'(by_page) ? by_page : unasked_q[4:0];
  wire ask = running_q && !halt_i && unasked_q != 32'd0 && !addr_q[32] && free >= 7'(by_count)
             && outstanding_q <= 7'(MaxOutstanding);
  assign req_valid_o = ask;
  assign req_addr_o = addr_q[31:0];
  assign req_beats_o = 9'(by_count) * 9'(Beats);
  wire asked = ask && req_ready_i;

  // ------------------------------------------------------------------------------------------------- data
  logic [6:0] outstanding_q;       // instructions asked for and not yet arrived
  wire whole;
  wire [127:0] insn_in;
  wire error_in;
  if (Beats == 1) begin : g_one
    assign whole = r_valid_i;
    assign insn_in = r_data_i;
    assign error_in = r_error_i;
  end else begin : g_two
    logic second_q;
    logic [BusBits-1:0] low_q;
    logic low_error_q;
    always_ff @(posedge clk_i) begin
      if (r_valid_i) begin
        second_q <= !second_q;
        low_q <= r_data_i;
        low_error_q <= r_error_i;
      end
      if (!rst_ni || clear_i) second_q <= 1'b0;
    end
    assign whole = r_valid_i && second_q;
    assign insn_in = {r_data_i, low_q};
    assign error_in = r_error_i || low_error_q;
  end

  wire queue_ready;
  wire head_valid;
  wire head_take;
  wire head_error;
  wire [127:0] head;
  tsr_fifo #(
      .Width(129),
      .Depth(Room)
  ) u_queue (
      .clk_i,
      .rst_ni,
      .clear_i,
      .valid_i(whole),
      .ready_o(queue_ready),
      .data_i ({error_in, insn_in}),
      .valid_o(head_valid),
      .ready_i(head_take),
      .data_o ({head_error, head})
  );
  `TSR_ASSERT(!whole || queue_ready)

  // ------------------------------------------------------------------------------------------------- hand out
  logic [31:0] index_q;            // of the head
  logic finish_sent_q;
  logic failed_q;
  wire load_ready, compute_ready, store_ready;

  wire [2:0] opcode = head[2:0];
  wire [2:0] memory_type = head[tsr_cfg_pkg::LoadMemoryTypeLsb +: 3];
  wire via_load;
  if (tsr_cfg_pkg::LevelTessera != 0) begin : g_via
    assign via_load = head[tsr_cfg_pkg::LoadViaLoadLsb];
  end else begin : g_no_via
    assign via_load = 1'b0;
  end
  wire is_load = opcode == tsr_isa_pkg::OpcodeLoad;
  wire loads_here = memory_type == tsr_isa_pkg::MemoryTypeInp || memory_type == tsr_isa_pkg::MemoryTypeWgt
                    || (memory_type == tsr_isa_pkg::MemoryTypePar && tsr_cfg_pkg::LevelTessera != 0) || via_load;
  wire sets_pad;
  if (tsr_cfg_pkg::LevelTessera != 0) begin : g_set
    assign sets_pad = opcode == tsr_isa_pkg::OpcodeSet
                      && head[tsr_cfg_pkg::SetPadSelectorLsb +: 3] == tsr_isa_pkg::SelectorPad;
  end else begin : g_no_set
    assign sets_pad = 1'b0;
  end
  wire to_load = (is_load && loads_here) || sets_pad;
  wire to_store = opcode == tsr_isa_pkg::OpcodeStore;
  wire to_compute = !to_load && !to_store;
  wire is_finish = opcode == tsr_isa_pkg::OpcodeFinish;

  wire stopped = finish_sent_q || failed_q;
  wire offer = head_valid && !head_error && !stopped;
  wire room = to_load ? load_ready : (to_store ? store_ready : compute_ready);
  wire hand_out = offer && room;
  wire drop = head_valid && stopped;  // read ahead past the end
  wire fail = !stopped && ((head_valid && head_error)
                           || (!head_valid && addr_q[32] && unasked_q != 32'd0 && reserved_q == 7'd0 && running_q));
  assign head_take = hand_out || drop;

  always_ff @(posedge clk_i) begin
    if (asked) begin
      addr_q <= addr_q + {24'd0, by_count, 4'd0};
      unasked_q <= unasked_q - 32'(by_count);
    end
    if (asked || head_take) reserved_q <= reserved_q + (asked ? 7'(by_count) : 7'd0) - 7'(head_take);
    if (asked || whole) outstanding_q <= outstanding_q + (asked ? 7'(by_count) : 7'd0) - 7'(whole);
    if (hand_out) begin
      index_q <= index_q + 32'd1;
      if (is_finish) finish_sent_q <= 1'b1;
    end
    if (fail) failed_q <= 1'b1;
    if (fail || (hand_out && is_finish)) unasked_q <= 32'd0;
    if (start_i) begin
      running_q <= 1'b1;
      addr_q <= {1'b0, insn_address_i[31:4], 4'd0};
      unasked_q <= insn_count_i;
      index_q <= 32'd0;
    end
    if (!rst_ni || clear_i) begin
      running_q <= 1'b0;
      unasked_q <= 32'd0;
      reserved_q <= 7'd0;
      outstanding_q <= 7'd0;
      finish_sent_q <= 1'b0;
      failed_q <= 1'b0;
    end
  end

  tsr_fifo #(
      .Width(160),
      .Depth(32)
  ) u_load (
      .clk_i,
      .rst_ni,
      .clear_i,
      .valid_i(offer && to_load),
      .ready_o(load_ready),
      .data_i ({index_q, head}),
      .valid_o(load_valid_o),
      .ready_i(load_ready_i),
      .data_o ({load_index_o, load_insn_o})
  );
  tsr_fifo #(
      .Width(160),
      .Depth(32)
  ) u_compute (
      .clk_i,
      .rst_ni,
      .clear_i,
      .valid_i(offer && to_compute),
      .ready_o(compute_ready),
      .data_i ({index_q, head}),
      .valid_o(compute_valid_o),
      .ready_i(compute_ready_i),
      .data_o ({compute_index_o, compute_insn_o})
  );
  tsr_fifo #(
      .Width(160),
      .Depth(32)
  ) u_store (
      .clk_i,
      .rst_ni,
      .clear_i,
      .valid_i(offer && to_store),
      .ready_o(store_ready),
      .data_i ({index_q, head}),
      .valid_o(store_valid_o),
      .ready_i(store_ready_i),
      .data_o ({store_index_o, store_insn_o})
  );

  assign err_valid_o = failed_q;
  assign err_index_o = index_q;
  assign drained_o = outstanding_q == 7'd0;
  assign ended_o = stopped || (running_q && unasked_q == 32'd0 && reserved_q == 7'd0);
  assign idle_o = drained_o && ((!ask && !head_valid && !fail && running_q) || (offer && !room));

  wire unused = &{1'b0, insn_address_i[3:0], queue_ready};
  `TSR_ASSERT(!head_take || reserved_q != 7'd0)
  `TSR_ASSERT(!whole || outstanding_q != 7'd0)
endmodule

`default_nettype wire
