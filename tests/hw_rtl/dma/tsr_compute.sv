// A stand-in for tsr_compute in the tests of the data movers: every scratchpad is a view of OUT's bytes, everything but
// loads only does its tokens. One instruction at a time. With TSR_STUB_HOLDS writes are refused now and then.
`default_nettype none
// verilator lint_off UNUSEDSIGNAL

module tsr_compute (
    input  wire                               clk_i,
    input  wire                               rst_ni,
    input  wire                               clear_i,
    input  wire                               cmd_valid_i,
    output wire                               cmd_ready_o,
    input  wire  [                     127:0] cmd_insn_i,
    input  wire  [                      31:0] cmd_index_i,
    input  wire                               l2c_avail_i,
    output wire                               l2c_pop_o,
    output wire                               c2l_push_o,
    input  wire                               s2c_avail_i,
    output wire                               s2c_pop_o,
    output wire                               c2s_push_o,
    input  wire                               ld_wr_valid_i,
    output wire                               ld_wr_ready_o,
    input  wire  [                       2:0] ld_wr_mem_i,
    input  wire  [                      15:0] ld_wr_index_i,
    input  wire  [                       7:0] ld_wr_slice_i,
    input  wire  [  tsr_cfg_pkg::BusBits-1:0] ld_wr_data_i,
    input  wire                               ld_wr_fill_i,
    input  wire                               cl_wr_valid_i,
    output wire                               cl_wr_ready_o,
    input  wire  [                       2:0] cl_wr_mem_i,
    input  wire  [                      15:0] cl_wr_index_i,
    input  wire  [                       7:0] cl_wr_slice_i,
    input  wire  [  tsr_cfg_pkg::BusBits-1:0] cl_wr_data_i,
    input  wire                               cl_wr_fill_i,
    output wire                               job_valid_o,
    input  wire                               job_ready_i,
    output wire  [                     127:0] job_insn_o,
    output wire  [                      31:0] job_index_o,
    input  wire                               job_done_i,
    input  wire                               st_rd_valid_i,
    input  wire  [                      15:0] st_rd_index_i,
    output wire  [8*tsr_cfg_pkg::OutElementBytes-1:0] st_rd_data_o,
    output wire                               err_valid_o,
    output wire  [                       3:0] err_code_o,
    output wire  [                      31:0] err_index_o,
    input  wire                               limit_valid_i,
    input  wire  [                      31:0] limit_index_i,
    output wire                               idle_o,
    output wire  [                      31:0] oldest_index_o,
    output wire                               finish_o,
    output wire                               mark_valid_o,
    output wire  [                       7:0] mark_index_o,
    output wire                               busy_o,
    output wire                               array_busy_o,
    output wire                               vector_busy_o,
    output wire                               wait_load_o,
    output wire                               wait_store_o,
    output wire                               cmd_starved_o,
    output wire                               issue_o,
    output wire                               want_load_o,
    output wire                               want_store_o,
    output wire                               job_busy_o,
    output wire                               empty_o,
    output wire  [                       2:0] unit_begin_o,
    output wire  [                       2:0] unit_end_o
);
  localparam int OutBits = 8 * tsr_cfg_pkg::OutElementBytes;
  localparam int BusBits = tsr_cfg_pkg::BusBits;
  localparam int Bytes = tsr_cfg_pkg::AccDepth * OutBits / 8;
  logic [7:0] mem[0:Bytes-1];
  logic [OutBits-1:0] st_rd_data_q;
  logic running_q, asked_q;
  logic [127:0] insn_q;
  logic [31:0] index_q;
  wire is_load = insn_q[2:0] == tsr_isa_pkg::OpcodeLoad;
  wire above = limit_valid_i && cmd_index_i > limit_index_i;
  wire waits_load = cmd_insn_i[3] && !l2c_avail_i;
  wire waits_store = cmd_insn_i[4] && !s2c_avail_i;
  wire begin_now = cmd_valid_i && !running_q && !above && !waits_load && !waits_store;
  wire ends = running_q && (is_load ? job_done_i : 1'b1);
  assign cmd_ready_o = begin_now;
  assign l2c_pop_o = begin_now && cmd_insn_i[3];
  assign s2c_pop_o = begin_now && cmd_insn_i[4];
  assign c2l_push_o = ends && insn_q[5];
  assign c2s_push_o = ends && insn_q[6];
  assign job_valid_o = running_q && is_load && !asked_q;
  assign job_insn_o = insn_q;
  assign job_index_o = index_q;
  always_ff @(posedge clk_i) begin
    if (job_valid_o && job_ready_i) asked_q <= 1'b1;
    if (ends) running_q <= 1'b0;
    if (begin_now) begin
      running_q <= 1'b1;
      asked_q <= 1'b0;
      insn_q <= cmd_insn_i;
      index_q <= cmd_index_i;
    end
    if (!rst_ni || clear_i) running_q <= 1'b0;
  end
  // every scratchpad is a view of OUT's bytes: element i of a type with n bytes lies at i * n
  function automatic int elementBytes(input logic [2:0] memoryType);
    case (memoryType)
      tsr_isa_pkg::MemoryTypeUop: elementBytes = 4;
      tsr_isa_pkg::MemoryTypeWgt: elementBytes = tsr_cfg_pkg::WgtElementBytes;
      tsr_isa_pkg::MemoryTypeInp: elementBytes = tsr_cfg_pkg::InpElementBytes;
      tsr_isa_pkg::MemoryTypeAcc: elementBytes = tsr_cfg_pkg::AccElementBytes;
      tsr_isa_pkg::MemoryTypePar: elementBytes = tsr_cfg_pkg::ParElementBytes;
      default: elementBytes = tsr_cfg_pkg::OutElementBytes;
    endcase
  endfunction
  int ld_at, ld_bytes, cl_at, cl_bytes;
  always @(posedge clk_i) begin
    if (st_rd_valid_i) begin
      for (int k = 0; k < OutBits / 8; k = k + 1) st_rd_data_q[8*k+:8] <= mem[(32'(st_rd_index_i) * (OutBits / 8) + k) % Bytes];
    end
    if (ld_wr_valid_i && ld_wr_ready_o) begin
      ld_bytes = elementBytes(ld_wr_mem_i);
      ld_at = 32'(ld_wr_index_i) * ld_bytes + (ld_wr_fill_i ? 0 : 32'(ld_wr_slice_i) * (BusBits / 8));
      if (!ld_wr_fill_i) ld_bytes = ld_wr_mem_i == tsr_isa_pkg::MemoryTypeUop ? 4 : BusBits / 8;
      for (int k = 0; k < ld_bytes; k = k + 1) mem[(ld_at + k) % Bytes] = ld_wr_fill_i ? ld_wr_data_i[7:0] : ld_wr_data_i[8*(k%(BusBits/8))+:8];
    end
    if (cl_wr_valid_i && cl_wr_ready_o) begin
      cl_bytes = elementBytes(cl_wr_mem_i);
      cl_at = 32'(cl_wr_index_i) * cl_bytes + (cl_wr_fill_i ? 0 : 32'(cl_wr_slice_i) * (BusBits / 8));
      if (!cl_wr_fill_i) cl_bytes = cl_wr_mem_i == tsr_isa_pkg::MemoryTypeUop ? 4 : BusBits / 8;
      for (int k = 0; k < cl_bytes; k = k + 1) mem[(cl_at + k) % Bytes] = cl_wr_fill_i ? cl_wr_data_i[7:0] : cl_wr_data_i[8*(k%(BusBits/8))+:8];
    end
    // writes are held back now and then, as the array's banks may
    hold_q <= {hold_q[6:0], hold_q[7] ^ hold_q[5] ^ hold_q[4] ^ hold_q[3] ^ (hold_q == 8'd0)};
  end
  logic [7:0] hold_q;
  assign st_rd_data_o = st_rd_data_q;
`ifdef TSR_STUB_HOLDS
  assign ld_wr_ready_o = hold_q[1:0] != 2'd0;
  assign cl_wr_ready_o = hold_q[3:2] != 2'd0;
`else
  assign ld_wr_ready_o = 1'b1;
  assign cl_wr_ready_o = 1'b1;
`endif
  assign err_valid_o = 1'b0;
  assign err_code_o = 4'd0;
  assign err_index_o = 32'd0;
  assign idle_o = !running_q && !begin_now;
  assign oldest_index_o = running_q ? index_q : 32'hffff_ffff;
  assign finish_o = ends && insn_q[2:0] == tsr_isa_pkg::OpcodeFinish;
  assign mark_valid_o = ends && insn_q[2:0] == tsr_isa_pkg::OpcodeSet;
  assign mark_index_o = insn_q[tsr_cfg_pkg::SetMarkIndexLsb +: 8];
  assign busy_o = running_q;
  assign array_busy_o = 1'b0;
  assign vector_busy_o = 1'b0;
  assign wait_load_o = cmd_valid_i && !running_q && waits_load;
  assign wait_store_o = cmd_valid_i && !running_q && waits_store;
  assign cmd_starved_o = !cmd_valid_i && !running_q;
  assign issue_o = 1'b0;
  assign want_load_o = wait_load_o;
  assign want_store_o = wait_store_o;
  assign job_busy_o = running_q && is_load;
  assign empty_o = !cmd_valid_i;
  assign unit_begin_o = {job_valid_o && job_ready_i, 2'b00};
  assign unit_end_o = {job_done_i, 2'b00};
endmodule
// verilator lint_on UNUSEDSIGNAL

`default_nettype wire
