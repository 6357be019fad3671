// One launch, from the write to control to its end.
//
// Wait until the bus owes nothing of the last launch, clear, start, run, end. It ends well when FINISH and everything before it
// have ended. An error sets the limit, the lowest failing index: no module begins an instruction above it. The launch ends with
// an error when all modules have been idle for QuietCycles: with the limit's error, else, where an instruction is left, DEADLOCK
// of the lowest, else NO_FINISH. The watchdog ends it after so many cycles without progress_i, and leaves abort_o set: what the
// bus still sends is dropped.
// Critical path: the least of five error indices, into the limit register. Memories: none.
`default_nettype none

module tsr_launch (
    input  wire        clk_i,
    input  wire        rst_ni,
    // registers
    input  wire        launch_i,
    input  wire [31:0] insn_count_i,
    input  wire [31:0] watchdog_limit_i,
    output wire        running_o,
    output wire        end_o,
    output wire [ 3:0] end_code_o,
    output wire [31:0] end_index_o,
    // every module
    output wire        clear_o,
    output wire        start_o,
    output wire        abort_o,
    output wire        limit_valid_o,
    output wire [31:0] limit_index_o,
    // errors, level until clear
    input  wire        fetch_err_i,
    input  wire [31:0] fetch_index_i,
    input  wire        load_err_i,
    input  wire [ 3:0] load_code_i,
    input  wire [31:0] load_index_i,
    input  wire        job_err_i,
    input  wire [ 3:0] job_code_i,
    input  wire [31:0] job_index_i,
    input  wire        compute_err_i,
    input  wire [ 3:0] compute_code_i,
    input  wire [31:0] compute_index_i,
    input  wire        store_err_i,
    input  wire [ 3:0] store_code_i,
    input  wire [31:0] store_index_i,
    // state
    input  wire        reads_drained_i,
    input  wire        writes_drained_i,
    input  wire        fetch_drained_i,
    input  wire        load_left_i,
    input  wire        store_left_i,
    input  wire        finish_i,
    input  wire        idle_i,
    input  wire        progress_i,
    input  wire [31:0] oldest_i
);
  localparam int QuietCycles = 16;
  localparam logic [31:0] None = 32'hffff_ffff;

  typedef enum logic [1:0] {
    StIdle,
    StDrain,
    StClear,
    StRun
  } state_e;
  state_e state_q;
  logic running_q;
  logic start_q;
  logic abort_q;
  wire clear = state_q == StClear;
  wire end_now;
  wire [3:0] end_code;
  assign running_o = running_q;
  assign clear_o = clear;
  assign start_o = start_q;
  assign abort_o = abort_q;

  always_ff @(posedge clk_i) begin
    start_q <= clear;
    case (state_q)
      StIdle: begin
        if (launch_i) begin
          state_q <= StDrain;
          running_q <= 1'b1;
        end
      end
      StDrain: if (reads_drained_i && writes_drained_i) state_q <= StClear;
      StClear: begin
        state_q <= StRun;
        abort_q <= 1'b0;
      end
      default: ;
    endcase
    if (end_now) begin
      state_q <= StIdle;
      running_q <= 1'b0;
      if (end_code == tsr_isa_pkg::ErrorCodeWatchdog) abort_q <= 1'b1;
    end
    if (!rst_ni) begin
      state_q <= StIdle;
      running_q <= 1'b0;
      start_q <= 1'b0;
      abort_q <= 1'b1;  // drops whatever a bus may still send from before the reset
    end
  end

  // ------------------------------------------------------------------------------------------------- limit
  logic limit_valid_q;
  logic [31:0] limit_index_q;
  logic [3:0] limit_code_q;
  assign limit_valid_o = limit_valid_q;
  assign limit_index_o = limit_index_q;

  wire any_err = fetch_err_i || load_err_i || job_err_i || compute_err_i || store_err_i;
  logic [31:0] least;
  logic [3:0] least_code;
  always_comb begin
    least = None;
    least_code = tsr_isa_pkg::ErrorCodeNone;
    if (any_err) begin
      if (fetch_err_i) begin
        least = fetch_index_i;
        least_code = tsr_isa_pkg::ErrorCodeDramFault;
      end
      if (load_err_i && load_index_i < least) begin
        least = load_index_i;
        least_code = load_code_i;
      end
      if (job_err_i && job_index_i < least) begin
        least = job_index_i;
        least_code = job_code_i;
      end
      if (compute_err_i && compute_index_i < least) begin
        least = compute_index_i;
        least_code = compute_code_i;
      end
      if (store_err_i && store_index_i < least) begin
        least = store_index_i;
        least_code = store_code_i;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (any_err) begin
      limit_valid_q <= 1'b1;
      limit_index_q <= least;
      limit_code_q <= least_code;
    end
    if (!rst_ni || clear) begin
      limit_valid_q <= 1'b0;
      limit_index_q <= None;
      limit_code_q <= tsr_isa_pkg::ErrorCodeNone;
    end
  end

  // ------------------------------------------------------------------------------------------------- end
  logic finished_q;
  logic [4:0] quiet_q;
  logic [31:0] lull_q;
  logic [31:0] oldest_q;
  wire running = state_q == StRun && !start_q;
  wire finished = finished_q || finish_i;
  wire ends_well = running && finished && !any_err && !limit_valid_q && fetch_drained_i && !load_left_i && !store_left_i
                   && writes_drained_i;
  wire quiet = idle_i && writes_drained_i && reads_drained_i;
  wire ends_quiet = running && quiet_q == 5'(QuietCycles);
  wire ends_late = running_q && lull_q == watchdog_limit_i && watchdog_limit_i != 32'd0;

  logic [3:0] quiet_code;
  logic [31:0] quiet_index;
  always_comb begin
    quiet_code = tsr_isa_pkg::ErrorCodeNone;
    quiet_index = 32'd0;
    if (limit_valid_q) begin
      quiet_code = limit_code_q;
      quiet_index = limit_index_q;
    end else if (oldest_q != None) begin
      quiet_code = tsr_isa_pkg::ErrorCodeDeadlock;
      quiet_index = oldest_q;
    end else if (!finished_q) begin
      quiet_code = tsr_isa_pkg::ErrorCodeNoFinish;
      quiet_index = insn_count_i;
    end
  end
  wire [31:0] late_index = state_q != StRun ? 32'd0 : (oldest_q != None ? oldest_q : fetch_index_i);

  assign end_now = ends_well || ends_quiet || ends_late;
  assign end_code = ends_well ? tsr_isa_pkg::ErrorCodeNone : (ends_quiet ? quiet_code : tsr_isa_pkg::ErrorCodeWatchdog);
  assign end_o = end_now;
  assign end_code_o = end_code;
  assign end_index_o = ends_well ? 32'd0 : (ends_quiet ? quiet_index : late_index);

  always_ff @(posedge clk_i) begin
    if (finish_i) finished_q <= 1'b1;
    if (running) begin
      quiet_q <= quiet && !progress_i ? quiet_q + 5'd1 : 5'd0;
    end
    if (!running_q || progress_i) lull_q <= 32'd0;
    else lull_q <= lull_q + 32'd1;
    if (!progress_i) oldest_q <= oldest_i;
    if (!rst_ni || clear || launch_i) begin
      finished_q <= 1'b0;
      quiet_q <= 5'd0;
      lull_q <= 32'd0;
    end
  end
endmodule

`default_nettype wire
