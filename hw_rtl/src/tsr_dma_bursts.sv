// Cuts runs of bytes into AXI bursts.
//
// A job is `runs` runs of `run_bytes`, the first at byte `addr`, `stride` bytes apart (modulo 2^32; the plan has checked
// the range). Bursts are at most MaxBeats long, do not cross a 4 KiB boundary, and are aligned to the bus; a run that
// begins inside a beat asks for the whole beat. One burst a cycle, also from job to job.
// Critical path: bytes to the 4 KiB boundary, two minima, beats left.
// Memories: none.
`default_nettype none
`include "tsr_assert.svh"

module tsr_dma_bursts #(
    parameter int MaxBeats = 64
) (
    input  wire         clk_i,
    input  wire         rst_ni,
    input  wire         clear_i,
    input  wire         job_valid_i,
    output wire         job_ready_o,
    input  wire  [31:0] job_addr_i,
    input  wire  [31:0] job_run_bytes_i,
    input  wire  [15:0] job_runs_i,
    input  wire  [31:0] job_stride_i,
    output wire         burst_valid_o,
    input  wire         burst_ready_i,
    output wire  [31:0] burst_addr_o,
    output wire  [ 8:0] burst_beats_o,
    output wire         burst_last_o      // of the job
);
  localparam int BusBytes = tsr_cfg_pkg::BusBits / 8;
  localparam int BusShift = $clog2(BusBytes);
  localparam int PageBeats = 4096 / BusBytes;

  if (MaxBeats > 256 || MaxBeats > PageBeats) begin : g_bad
    tsr_param_error_dma_burst_too_long u_err ();
  end

  logic active_q;
  logic [31:BusShift] addr_q;      // of the next burst
  logic [31:BusShift] left_q;      // beats left in the run
  logic [31:0] next_q;             // first byte of the next run
  logic [31:0] run_bytes_q;
  logic [31:0] stride_q;
  logic [15:0] runs_q;             // after this one

  wire [12-BusShift:0] to_page = (13 - BusShift)'(PageBeats) - (13 - BusShift)'(addr_q[11:BusShift]);
  wire [12-BusShift:0] room = to_page > (13 - BusShift)'(MaxBeats) ? (13 - BusShift)'(MaxBeats) : to_page;
  wire run_ends = left_q <= (32 - BusShift)'(room);
  wire [8:0] beats = run_ends ? left_q[BusShift+8:BusShift] : 9'(room);

  // beats of a run that begins at byte `first`
  wire [BusShift-1:0] from = active_q && !(burst_ready_i && burst_last_o) ? next_q[BusShift-1:0]
                                                                          : job_addr_i[BusShift-1:0];
  wire [31:0] bytes = active_q && !(burst_ready_i && burst_last_o) ? run_bytes_q : job_run_bytes_i;
  wire [31:0] covered = 32'(from) + bytes + 32'(BusBytes - 1);

  assign burst_valid_o = active_q;
  assign burst_addr_o = {addr_q, {BusShift{1'b0}}};
  assign burst_beats_o = beats;
  assign burst_last_o = run_ends && runs_q == 16'd0;
  assign job_ready_o = !active_q || (burst_ready_i && burst_last_o);

  always_ff @(posedge clk_i) begin
    if (active_q && burst_ready_i) begin
      addr_q <= addr_q + (32 - BusShift)'(beats);
      left_q <= left_q - (32 - BusShift)'(beats);
      if (run_ends) begin
        addr_q <= next_q[31:BusShift];
        left_q <= covered[31:BusShift];
        next_q <= next_q + stride_q;
        runs_q <= runs_q - 16'd1;
        if (runs_q == 16'd0) active_q <= 1'b0;
      end
    end
    if (job_valid_i && job_ready_o) begin
      active_q <= 1'b1;
      addr_q <= job_addr_i[31:BusShift];
      left_q <= covered[31:BusShift];
      next_q <= job_addr_i + job_stride_i;
      run_bytes_q <= job_run_bytes_i;
      stride_q <= job_stride_i;
      runs_q <= job_runs_i - 16'd1;
    end
    if (!rst_ni || clear_i) active_q <= 1'b0;
  end

  wire unused = &{1'b0, covered[BusShift-1:0]};
  `TSR_ASSERT(!active_q || beats != 9'd0)
endmodule

`default_nettype wire
