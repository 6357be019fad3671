// The registers, behind an AXI4-Lite slave; the map is isa/encoding.json's.
//
// One write and one read at a time; AW and W may come in any order; byte strobes are honoured. What has no register reads
// 0 and ignores writes; both answer OKAY. Counters are 32 bits, run while running_i, and are cleared at a launch.
// launch_o pulses when 1 is written to control bit 0 while the core does not run.
// Critical path: the read multiplexer (two stages). Memories: 256 marks of 256 bits, as two words of 128 (one write, one read port).
`default_nettype none

module tsr_regs (
    input  wire         clk_i,
    input  wire         rst_ni,
    // AXI4-Lite
    input  wire         s_aw_valid_i,
    output wire         s_aw_ready_o,
    input  wire  [11:0] s_aw_addr_i,
    input  wire         s_w_valid_i,
    output wire         s_w_ready_o,
    input  wire  [31:0] s_w_data_i,
    input  wire  [ 3:0] s_w_strb_i,
    output wire         s_b_valid_o,
    input  wire         s_b_ready_i,
    output wire  [ 1:0] s_b_resp_o,
    input  wire         s_ar_valid_i,
    output wire         s_ar_ready_o,
    input  wire  [11:0] s_ar_addr_i,
    output wire         s_r_valid_o,
    input  wire         s_r_ready_i,
    output wire  [31:0] s_r_data_o,
    output wire  [ 1:0] s_r_resp_o,
    output wire         irq_o,
    // to the core
    output wire         launch_o,
    output wire  [31:0] insn_count_o,
    output wire  [31:0] insn_address_o,
    output wire  [31:0] uop_base_o,
    output wire  [31:0] inp_base_o,
    output wire  [31:0] wgt_base_o,
    output wire  [31:0] acc_base_o,
    output wire  [31:0] out_base_o,
    output wire  [31:0] par_base_o,
    output wire  [31:0] watchdog_limit_o,
    // from the core
    input  wire         running_i,
    input  wire         end_i,           // pulse: the launch ends
    input  wire  [ 3:0] end_code_i,
    input  wire  [31:0] end_index_i,
    input  wire         mark_valid_i,
    input  wire  [ 7:0] mark_index_i,
    input  wire  [11:0] events_i,        // one bit a counter, in the order of the registers
    output wire         clear_classes_o,
    input  wire  [tsr_isa_pkg::NumClasses*32-1:0] classes_i  // what tsr_cycle_classes has counted
);
  localparam int Counters = 12;
  localparam logic [31:0] WatchdogReset = 32'd1_000_000;

  logic done_q, error_q;
  logic [3:0] code_q;
  logic [31:0] index_q;
  logic [63:0] cycles_q;
  logic irq_enable_q, irq_status_q;
  logic [31:0] insn_count_q, insn_address_q, uop_base_q, inp_base_q, wgt_base_q, acc_base_q, out_base_q, par_base_q;
  logic [31:0] user_q, watchdog_q;
  logic [2:0] show_q;
  logic [31:0] counter_q[0:Counters-1];
  // Two words a mark: the cycle count and classes 0 to 2, then classes 3 to 6.
  logic [127:0] mark_mem[0:2*tsr_isa_pkg::NumMarks-1];
  logic [tsr_isa_pkg::NumMarks-1:0] marked_q;

  // ------------------------------------------------------------------------------------------------- writes
  logic aw_held_q, w_held_q, b_valid_q;
  logic [11:0] aw_addr_q;
  logic [31:0] w_data_q;
  logic [3:0] w_strb_q;
  wire write = aw_held_q && w_held_q && (!b_valid_q || s_b_ready_i);
  assign s_aw_ready_o = !aw_held_q;
  assign s_w_ready_o = !w_held_q;
  assign s_b_valid_o = b_valid_q;
  assign s_b_resp_o = 2'b00;

  wire [11:0] to = {aw_addr_q[11:2], 2'b00};
  wire [31:0] mask = {{8{w_strb_q[3]}}, {8{w_strb_q[2]}}, {8{w_strb_q[1]}}, {8{w_strb_q[0]}}};
  wire [31:0] put = w_data_q & mask;

  assign launch_o = write && to == tsr_isa_pkg::RegControl && put[0] && !running_i;

  always_ff @(posedge clk_i) begin
    if (s_aw_valid_i && s_aw_ready_o) begin
      aw_held_q <= 1'b1;
      aw_addr_q <= s_aw_addr_i;
    end
    if (s_w_valid_i && s_w_ready_o) begin
      w_held_q <= 1'b1;
      w_data_q <= s_w_data_i;
      w_strb_q <= s_w_strb_i;
    end
    if (s_b_ready_i) b_valid_q <= 1'b0;
    if (end_i) irq_status_q <= 1'b1;
    if (write) begin
      aw_held_q <= 1'b0;
      w_held_q <= 1'b0;
      b_valid_q <= 1'b1;
      case (to)
        tsr_isa_pkg::RegInsnCount: insn_count_q <= (insn_count_q & ~mask) | put;
        tsr_isa_pkg::RegInsnAddress: insn_address_q <= (insn_address_q & ~mask) | put;
        tsr_isa_pkg::RegUopBase: uop_base_q <= (uop_base_q & ~mask) | put;
        tsr_isa_pkg::RegInpBase: inp_base_q <= (inp_base_q & ~mask) | put;
        tsr_isa_pkg::RegWgtBase: wgt_base_q <= (wgt_base_q & ~mask) | put;
        tsr_isa_pkg::RegAccBase: acc_base_q <= (acc_base_q & ~mask) | put;
        tsr_isa_pkg::RegOutBase: out_base_q <= (out_base_q & ~mask) | put;
        tsr_isa_pkg::RegParBase: par_base_q <= (par_base_q & ~mask) | put;
        tsr_isa_pkg::RegUserCounter: user_q <= (user_q & ~mask) | put;
        tsr_isa_pkg::RegWatchdogLimit: watchdog_q <= (watchdog_q & ~mask) | put;
        tsr_isa_pkg::RegMarksShow: if (mask[0]) show_q <= put[2:0];
        tsr_isa_pkg::RegIrqEnable: if (mask[0]) irq_enable_q <= put[0];
        tsr_isa_pkg::RegIrqStatus: if (put[0] && !end_i) irq_status_q <= 1'b0;
        default: ;
      endcase
    end
    if (!rst_ni) begin
      aw_held_q <= 1'b0;
      w_held_q <= 1'b0;
      b_valid_q <= 1'b0;
      irq_status_q <= 1'b0;
      irq_enable_q <= 1'b0;
      insn_count_q <= 32'd0;
      insn_address_q <= 32'd0;
      uop_base_q <= 32'd0;
      inp_base_q <= 32'd0;
      wgt_base_q <= 32'd0;
      acc_base_q <= 32'd0;
      out_base_q <= 32'd0;
      par_base_q <= 32'd0;
      user_q <= 32'd0;
      watchdog_q <= WatchdogReset;
      show_q <= 3'd0;
    end
  end

  // ------------------------------------------------------------------------------------------------- state of the launch
  always_ff @(posedge clk_i) begin
    if (running_i) cycles_q <= cycles_q + 64'd1;
    if (end_i) begin
      done_q <= 1'b1;
      error_q <= end_code_i != tsr_isa_pkg::ErrorCodeNone;
      code_q <= end_code_i;
      index_q <= end_index_i;
    end
    if (launch_o || !rst_ni) begin
      done_q <= 1'b0;
      error_q <= 1'b0;
      code_q <= tsr_isa_pkg::ErrorCodeNone;
      index_q <= 32'd0;
      cycles_q <= 64'd0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (running_i && events_i != 12'd0) begin
      for (int k = 0; k < Counters; k = k + 1) begin
        if (events_i[k]) counter_q[k] <= counter_q[k] + 32'd1;
      end
    end
    if (launch_o || !rst_ni) begin
      for (int k = 0; k < Counters; k = k + 1) counter_q[k] <= 32'd0;
    end
  end

  // The classes' counts are a cycle late: those of a mark are there in the cycle after it. Marks are two cycles apart.
  logic mark_q1, mark_q2;
  logic [7:0] mark_at_q;
  logic [31:0] mark_cycles_q;
  logic [127:0] mark_rest_q;
  assign clear_classes_o = launch_o || !rst_ni;
  always_ff @(posedge clk_i) begin
    mark_q1 <= mark_valid_i;
    mark_q2 <= mark_q1;
    if (mark_valid_i) begin
      mark_at_q <= mark_index_i;
      mark_cycles_q <= cycles_q[31:0];
    end
    if (mark_q1) mark_rest_q <= classes_i[127+96:96];
    if (mark_q1 || mark_q2) mark_mem[{mark_at_q, mark_q2}] <= mark_q2 ? mark_rest_q : {classes_i[95:0], mark_cycles_q};
    if (launch_o || !rst_ni) marked_q <= '0;
    else if (mark_valid_i) marked_q[mark_index_i] <= 1'b1;
  end

  // ------------------------------------------------------------------------------------------------- reads
  logic ar_held_q, ar_second_q, r_valid_q;
  logic [11:0] ar_addr_q;
  logic [31:0] plain_q, r_data_q;
  logic [127:0] mark_q;
  logic is_mark_q;
  assign s_ar_ready_o = !ar_held_q && !r_valid_q;
  assign s_r_valid_o = r_valid_q;
  assign s_r_data_o = r_data_q;
  assign s_r_resp_o = 2'b00;

  wire [11:0] from = {ar_addr_q[11:2], 2'b00};
  logic [31:0] plain;
  always_comb begin
    plain = 32'd0;
    if (ar_held_q) begin
      case (from)
        tsr_isa_pkg::RegControl: plain = {29'd0, error_q, done_q, running_i};
        tsr_isa_pkg::RegCycleCount: plain = cycles_q[31:0];
        tsr_isa_pkg::RegCycleCountHigh: plain = cycles_q[63:32];
        tsr_isa_pkg::RegInsnCount: plain = insn_count_q;
        tsr_isa_pkg::RegInsnAddress: plain = insn_address_q;
        tsr_isa_pkg::RegUopBase: plain = uop_base_q;
        tsr_isa_pkg::RegInpBase: plain = inp_base_q;
        tsr_isa_pkg::RegWgtBase: plain = wgt_base_q;
        tsr_isa_pkg::RegAccBase: plain = acc_base_q;
        tsr_isa_pkg::RegOutBase: plain = out_base_q;
        tsr_isa_pkg::RegParBase: plain = par_base_q;
        tsr_isa_pkg::RegUserCounter: plain = user_q;
        tsr_isa_pkg::RegIdentity: plain = 32'h5453_5241;
        tsr_isa_pkg::RegVersion: plain = {16'(tsr_isa_pkg::VersionMajor), 16'(tsr_isa_pkg::VersionMinor)};
        tsr_isa_pkg::RegConfigHashLow: plain = tsr_cfg_pkg::ConfigHash[31:0];
        tsr_isa_pkg::RegConfigHashHigh: plain = tsr_cfg_pkg::ConfigHash[63:32];
        tsr_isa_pkg::RegFeatures: plain = tsr_cfg_pkg::Features;
        tsr_isa_pkg::RegErrorCode: plain = {28'd0, code_q};
        tsr_isa_pkg::RegErrorIndex: plain = index_q;
        tsr_isa_pkg::RegWatchdogLimit: plain = watchdog_q;
        tsr_isa_pkg::RegIrqEnable: plain = {31'd0, irq_enable_q};
        tsr_isa_pkg::RegIrqStatus: plain = {31'd0, irq_status_q};
        tsr_isa_pkg::RegClassCount: plain = 32'(tsr_isa_pkg::NumClasses);
        tsr_isa_pkg::RegMarksShow: plain = {29'd0, show_q};
        default: begin
          for (int k = 0; k < Counters; k = k + 1) begin
            if (from == tsr_isa_pkg::RegCounterFetchStall + 12'(4 * k)) plain = counter_q[k];
          end
          for (int k = 0; k < tsr_isa_pkg::NumClasses; k = k + 1) begin
            if (from == tsr_isa_pkg::RegClasses + 12'(4 * k)) plain = classes_i[32*k+:32];
          end
        end
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (s_ar_valid_i && s_ar_ready_o) begin
      ar_held_q <= 1'b1;
      ar_addr_q <= s_ar_addr_i;
    end
    ar_second_q <= ar_held_q && !ar_second_q;
    if (ar_held_q) begin
      plain_q <= plain;
      mark_q <= mark_mem[{ar_addr_q[9:2], show_q[2]}];
      is_mark_q <= ar_addr_q[11:10] == 2'b01;
    end
    if (s_r_ready_i) r_valid_q <= 1'b0;
    if (ar_second_q) begin
      ar_held_q <= 1'b0;
      r_valid_q <= 1'b1;
      r_data_q <= is_mark_q ? (marked_q[ar_addr_q[9:2]] ? mark_q[32*show_q[1:0]+:32] : 32'd0) : plain_q;
    end
    if (!rst_ni) begin
      ar_held_q <= 1'b0;
      ar_second_q <= 1'b0;
      r_valid_q <= 1'b0;
    end
  end

  assign irq_o = irq_enable_q && irq_status_q;
  assign insn_count_o = insn_count_q;
  assign insn_address_o = insn_address_q;
  assign uop_base_o = uop_base_q;
  assign inp_base_o = inp_base_q;
  assign wgt_base_o = wgt_base_q;
  assign acc_base_o = acc_base_q;
  assign out_base_o = out_base_q;
  assign par_base_o = par_base_q;
  assign watchdog_limit_o = watchdog_q;

  wire unused = &{1'b0, aw_addr_q[1:0], ar_addr_q[1:0]};
endmodule

`default_nettype wire
