// Every scratchpad of the core, the write ports of the two loaders, and the read port of the store module.
//
// Loader writes (ld_, cl_) are taken when ready and stand in a register for a cycle, so a write taken is readable two cycles later. Both may
// write at once when their memories differ; ld_ goes first. A write to ACC needs the result port (load_acc_*), one to INP waits for results
// on their way to INP (res_inp_next_i). Only ld_ writes INP, WGT and PAR.
// Memories (1R1W unless said): UOP, 2 readers, so two copies; INP in NumTaps*R banks by low index bits; WGT with one lane a bus beat; ACC in
// two banks by the low bit with a lane an int32; OUT with byte lanes; PAR in distributed RAM, bias with two readers.
// Critical path: loader port to write enables, which are registered; block RAM to the reader's register.
`default_nettype none
`include "tsr_assert.svh"

module tsr_scratchpads #(
    parameter int Lanes = tsr_cfg_pkg::Batch * tsr_cfg_pkg::BlockOut,
    parameter int Banks = tsr_cfg_pkg::NumTaps * tsr_cfg_pkg::InpPerOut,
    parameter int InpW = tsr_cfg_pkg::InpElementBytes * 8,
    parameter int WgtW = tsr_cfg_pkg::WgtElementBytes * 8,
    parameter int RowBits = $clog2(tsr_cfg_pkg::InpDepth / Banks)
) (
    input  wire                                   clk_i,
    input  wire                                   rst_ni,
    input  wire                                   clear_i,
    // loaders
    input  wire                                   ld_valid_i,
    output wire                                   ld_ready_o,
    input  wire  [2:0]                            ld_mem_i,
    input  wire  [15:0]                           ld_index_i,
    input  wire  [7:0]                            ld_slice_i,
    input  wire  [tsr_cfg_pkg::BusBits-1:0]       ld_data_i,
    input  wire                                   ld_fill_i,
    input  wire                                   cl_valid_i,
    output wire                                   cl_ready_o,
    input  wire  [2:0]                            cl_mem_i,
    input  wire  [15:0]                           cl_index_i,
    input  wire  [7:0]                            cl_slice_i,
    input  wire  [tsr_cfg_pkg::BusBits-1:0]       cl_data_i,
    input  wire                                   cl_fill_i,
    // micro-ops
    input  wire                                   arr_uop_en_i,
    input  wire  [tsr_cfg_pkg::UopIndexBits-1:0]  arr_uop_addr_i,
    output wire  [31:0]                           arr_uop_data_o,
    input  wire                                   vec_uop_en_i,
    input  wire  [tsr_cfg_pkg::UopIndexBits-1:0]  vec_uop_addr_i,
    output wire  [31:0]                           vec_uop_data_o,
    // array operands
    input  wire  [Banks-1:0]                      inp_en_i,
    input  wire  [Banks*RowBits-1:0]              inp_addr_i,
    output wire  [Banks*InpW-1:0]                 inp_data_o,
    input  wire                                   wgt_en_i,
    input  wire  [tsr_cfg_pkg::WgtIndexBits-1:0]  wgt_addr_i,
    output wire  [WgtW-1:0]                       wgt_data_o,
    // accumulators: bank 0 low
    input  wire  [1:0]                            acc_en_i,
    input  wire  [2*(tsr_cfg_pkg::AccIndexBits-1)-1:0] acc_addr_i,
    output wire  [2*32*Lanes-1:0]                 acc_data_o,
    // channel parameters
    input  wire                                   arr_par_en_i,
    input  wire  [tsr_cfg_pkg::ParIndexBits-1:0]  arr_par_index_i,
    output wire  [32*tsr_cfg_pkg::BlockOut-1:0]   arr_par_bias_o,
    input  wire                                   exit_par_en_i,
    input  wire  [tsr_cfg_pkg::ParIndexBits-1:0]  exit_par_index_i,
    output wire  [32*tsr_cfg_pkg::BlockOut-1:0]   exit_par_bias_o,
    output wire  [32*tsr_cfg_pkg::BlockOut-1:0]   exit_par_multiplier_o,
    output wire  [6*tsr_cfg_pkg::BlockOut-1:0]    exit_par_shift_o,
    // results: what the result register holds (one source a cycle), and loads of ACC on their way into it
    input  wire                                   res_valid_i,
    input  wire                                   res_acc_i,
    input  wire                                   res_out_i,
    input  wire                                   res_inp_i,
    input  wire  [15:0]                           res_index_i,
    input  wire  [Lanes-1:0]                      res_lane_i,
    input  wire  [32*Lanes-1:0]                   res_data_i,
    input  wire                                   res_inp_next_i,  // the next result goes to INP
    input  wire                                   res_busy_next_i,  // the next cycle of the result register is taken
    output wire                                   load_acc_valid_o,
    output wire  [15:0]                           load_acc_index_o,
    output logic [Lanes-1:0]                      load_acc_lane_o,
    output logic [32*Lanes-1:0]                   load_acc_data_o,
    // store module
    input  wire                                   st_rd_valid_i,
    input  wire  [15:0]                           st_rd_index_i,
    output wire  [8*Lanes-1:0]                    st_rd_data_o
);
  localparam int BusBits = tsr_cfg_pkg::BusBits;
  localparam int BusBytes = BusBits / 8;
  localparam int BusWords = BusBits / 32;
  localparam int BlockOut = tsr_cfg_pkg::BlockOut;
  localparam int InpLanes = InpW / BusBits;
  localparam int WgtLanes = WgtW / BusBits;
  localparam int RowLanes = 32 * BlockOut / BusBits;
  localparam int BankBits = $clog2(Banks);
  localparam int R = tsr_cfg_pkg::InpPerOut;
  localparam int Taps = tsr_cfg_pkg::NumTaps;
  localparam int AB = tsr_cfg_pkg::AccIndexBits;
  localparam int PB = tsr_cfg_pkg::ParIndexBits;
  localparam int UB = tsr_cfg_pkg::UopIndexBits;

  if (InpLanes * BusBits != InpW || RowLanes * BusBits != 32 * BlockOut || (Taps & (Taps - 1)) != 0 || (R & (R - 1)) != 0) begin : g_bad
    tsr_param_error_block_narrower_than_the_bus_or_taps_not_a_power_of_two u_err ();
  end

  // Who may write. Types are decoded once.
  wire ld_uop = ld_mem_i == tsr_isa_pkg::MemoryTypeUop;
  wire ld_wgt = ld_mem_i == tsr_isa_pkg::MemoryTypeWgt;
  wire ld_inp = ld_mem_i == tsr_isa_pkg::MemoryTypeInp;
  wire ld_acc = ld_mem_i == tsr_isa_pkg::MemoryTypeAcc || ld_mem_i == tsr_isa_pkg::MemoryTypeAcc8bit;
  wire ld_par = ld_mem_i == tsr_isa_pkg::MemoryTypePar;
  wire cl_uop = cl_mem_i == tsr_isa_pkg::MemoryTypeUop;
  wire cl_acc = cl_mem_i == tsr_isa_pkg::MemoryTypeAcc || cl_mem_i == tsr_isa_pkg::MemoryTypeAcc8bit;
  assign ld_ready_o = !(ld_acc && res_busy_next_i) && !(ld_inp && res_inp_next_i);
  assign cl_ready_o = !(cl_acc && (res_busy_next_i || (ld_valid_i && ld_acc))) && !(cl_uop && ld_valid_i && ld_uop);
  wire ld_take = ld_valid_i && ld_ready_o;
  wire cl_take = cl_valid_i && cl_ready_o;

  // UOP
  logic uop_wr_q;
  logic [UB-1:0] uop_wr_index_q;
  logic [31:0] uop_wr_data_q;
  wire uop_from_ld = ld_take && ld_uop;
  wire uop_from_cl = cl_take && cl_uop;
  always_ff @(posedge clk_i) begin
    uop_wr_q <= rst_ni && !clear_i && (uop_from_ld || uop_from_cl);
    if (uop_from_ld) begin
      uop_wr_index_q <= ld_index_i[UB-1:0];
      uop_wr_data_q  <= ld_fill_i ? {4{ld_data_i[7:0]}} : ld_data_i[31:0];
    end else if (uop_from_cl) begin
      uop_wr_index_q <= cl_index_i[UB-1:0];
      uop_wr_data_q  <= cl_fill_i ? {4{cl_data_i[7:0]}} : cl_data_i[31:0];
    end
  end
  tsr_ram_1r1w #(
      .Width(32),
      .Depth(tsr_cfg_pkg::UopDepth)
  ) u_uop_array (
      .clk_i,
      .rd_en_i(arr_uop_en_i),
      .rd_addr_i(arr_uop_addr_i),
      .rd_data_o(arr_uop_data_o),
      .wr_valid_i(uop_wr_q),
      .wr_lane_i(1'b1),
      .wr_addr_i(uop_wr_index_q),
      .wr_data_i(uop_wr_data_q)
  );
  tsr_ram_1r1w #(
      .Width(32),
      .Depth(tsr_cfg_pkg::UopDepth)
  ) u_uop_vector (
      .clk_i,
      .rd_en_i(vec_uop_en_i),
      .rd_addr_i(vec_uop_addr_i),
      .rd_data_o(vec_uop_data_o),
      .wr_valid_i(uop_wr_q),
      .wr_lane_i(1'b1),
      .wr_addr_i(uop_wr_index_q),
      .wr_data_i(uop_wr_data_q)
  );

  // The load module's register for INP, WGT and PAR: data, and one-hot lanes for each.
  logic wgt_wr_q, inp_wr_q, par_wr_q;
  logic [15:0] ld_index_q;
  logic [BusBits-1:0] ld_data_q;
  logic [WgtLanes-1:0] wgt_lane_q;
  logic [InpLanes-1:0] inp_lane_q;
  logic [3*RowLanes-1:0] par_lane_q;
  always_ff @(posedge clk_i) begin
    wgt_wr_q <= rst_ni && !clear_i && ld_take && ld_wgt;
    inp_wr_q <= rst_ni && !clear_i && ld_take && ld_inp;
    par_wr_q <= rst_ni && !clear_i && ld_take && ld_par;
    if (ld_valid_i) begin
      ld_index_q <= ld_index_i;
      ld_data_q  <= ld_fill_i ? {BusBytes{ld_data_i[7:0]}} : ld_data_i;
      wgt_lane_q <= ld_fill_i ? '1 : WgtLanes'(1) << ld_slice_i;
      inp_lane_q <= ld_fill_i ? '1 : InpLanes'(1) << ld_slice_i;
      par_lane_q <= ld_fill_i ? '1 : (3 * RowLanes)'(1) << ld_slice_i;
    end
  end

  tsr_ram_1r1w #(
      .Width(WgtW),
      .Depth(tsr_cfg_pkg::WgtDepth),
      .LaneWidth(BusBits)
  ) u_wgt (
      .clk_i,
      .rd_en_i(wgt_en_i),
      .rd_addr_i(wgt_addr_i),
      .rd_data_o(wgt_data_o),
      .wr_valid_i(wgt_wr_q),
      .wr_lane_i(wgt_lane_q),
      .wr_addr_i(ld_index_q[tsr_cfg_pkg::WgtIndexBits-1:0]),
      .wr_data_i({WgtLanes{ld_data_q}})
  );

  // INP. A result for destination INP fills R neighbouring banks: element h of it goes to bank (index % Taps)*R + h, row index / Taps.
  wire res_inp = res_valid_i && res_inp_i;
  logic [R*InpW-1:0] res_elements;
  always_comb begin
    for (int h = 0; h < R; h++) begin
      for (int b = 0; b < tsr_cfg_pkg::Batch; b++) begin
        for (int k = 0; k < tsr_cfg_pkg::BlockIn; k++) begin
          res_elements[h*InpW+8*(b*tsr_cfg_pkg::BlockIn+k)+:8] = res_data_i[32*(b*BlockOut+h*tsr_cfg_pkg::BlockIn+k)+:8];
        end
      end
    end
  end
  wire [31:0] res_group = 32'(res_index_i) % Taps;
  wire [RowBits-1:0] res_row = RowBits'(32'(res_index_i) / Taps);
  wire [InpLanes-1:0] inp_lane = inp_lane_q | {InpLanes{res_inp}};
  wire [RowBits-1:0] inp_row = res_inp ? res_row : ld_index_q[BankBits+:RowBits];
  wire [R*InpW-1:0] inp_elements = res_inp ? res_elements : {R * InpLanes{ld_data_q}};  // both never come in one cycle
  for (genvar b = 0; b < Banks; b++) begin : g_inp
    wire mine = inp_wr_q && 32'(ld_index_q) % Banks == b;
    wire chain = res_inp && res_group == 32'(b / R);
    tsr_ram_1r1w #(
        .Width(InpW),
        .Depth(tsr_cfg_pkg::InpDepth / Banks),
        .LaneWidth(BusBits)
    ) u_ram (
        .clk_i,
        .rd_en_i(inp_en_i[b]),
        .rd_addr_i(inp_addr_i[b*RowBits+:RowBits]),
        .rd_data_o(inp_data_o[b*InpW+:InpW]),
        .wr_valid_i(mine || chain),
        .wr_lane_i(inp_lane),
        .wr_addr_i(inp_row),
        .wr_data_i(inp_elements[(b%R)*InpW+:InpW])
    );
  end

  // ACC and OUT, written by results; loads of ACC come that way too.
  for (genvar b = 0; b < 2; b++) begin : g_acc
    tsr_ram_1r1w #(
        .Width(32 * Lanes),
        .Depth(tsr_cfg_pkg::AccDepth / 2),
        .LaneWidth(32)
    ) u_ram (
        .clk_i,
        .rd_en_i(acc_en_i[b]),
        .rd_addr_i(acc_addr_i[b*(AB-1)+:AB-1]),
        .rd_data_o(acc_data_o[b*32*Lanes+:32*Lanes]),
        .wr_valid_i(res_valid_i && res_acc_i && res_index_i[0] == 1'(b)),
        .wr_lane_i(res_lane_i),
        .wr_addr_i(res_index_i[AB-1:1]),
        .wr_data_i(res_data_i)
    );
  end
  logic [8*Lanes-1:0] res_bytes;
  always_comb for (int l = 0; l < Lanes; l++) res_bytes[8*l+:8] = res_data_i[32*l+:8];
  tsr_ram_1r1w #(
      .Width(8 * Lanes),
      .Depth(tsr_cfg_pkg::AccDepth),
      .LaneWidth(8)
  ) u_out (
      .clk_i,
      .rd_en_i(st_rd_valid_i),
      .rd_addr_i(st_rd_index_i[AB-1:0]),
      .rd_data_o(st_rd_data_o),
      .wr_valid_i(res_valid_i && (res_out_i || res_acc_i)),
      .wr_lane_i(res_lane_i),
      .wr_addr_i(res_index_i[AB-1:0]),
      .wr_data_i(res_bytes)
  );

  wire acc_from_ld = ld_take && ld_acc;
  wire acc_from_cl = cl_take && cl_acc;
  assign load_acc_valid_o = acc_from_ld || acc_from_cl;
  assign load_acc_index_o = acc_from_ld ? ld_index_i : cl_index_i;
  wire load_is_8bit = (acc_from_ld ? ld_mem_i : cl_mem_i) == tsr_isa_pkg::MemoryTypeAcc8bit;
  wire load_fill = acc_from_ld ? ld_fill_i : cl_fill_i;
  wire [7:0] load_slice = acc_from_ld ? ld_slice_i : cl_slice_i;
  wire [BusBits-1:0] load_data = acc_from_ld ? ld_data_i : cl_data_i;
  always_comb begin
    for (int l = 0; l < Lanes; l++) begin
      if (load_fill) begin
        load_acc_lane_o[l] = 1'b1;
        load_acc_data_o[32*l+:32] = {{24{load_data[7]}}, load_data[7:0]};
      end else if (load_is_8bit) begin
        load_acc_lane_o[l] = 32'(load_slice) == l / BusBytes;
        load_acc_data_o[32*l+:32] = {{24{load_data[8*(l%BusBytes)+7]}}, load_data[8*(l%BusBytes)+:8]};
      end else begin
        load_acc_lane_o[l] = 32'(load_slice) == l / BusWords;
        load_acc_data_o[32*l+:32] = load_data[32*(l%BusWords)+:32];
      end
    end
  end

  // PAR
  tsr_ram_1r1w #(
      .Width(32 * BlockOut),
      .Depth(tsr_cfg_pkg::ParDepth),
      .LaneWidth(BusBits),
      .STYLE("distributed")
  ) u_par_bias_array (
      .clk_i,
      .rd_en_i(arr_par_en_i),
      .rd_addr_i(arr_par_index_i),
      .rd_data_o(arr_par_bias_o),
      .wr_valid_i(par_wr_q),
      .wr_lane_i(par_lane_q[0+:RowLanes]),
      .wr_addr_i(ld_index_q[PB-1:0]),
      .wr_data_i({RowLanes{ld_data_q}})
  );
  for (genvar r = 0; r < 2; r++) begin : g_par
    wire [32*BlockOut-1:0] row;
    tsr_ram_1r1w #(
        .Width(32 * BlockOut),
        .Depth(tsr_cfg_pkg::ParDepth),
        .LaneWidth(BusBits),
        .STYLE("distributed")
    ) u_ram (
        .clk_i,
        .rd_en_i(exit_par_en_i),
        .rd_addr_i(exit_par_index_i),
        .rd_data_o(row),
        .wr_valid_i(par_wr_q),
        .wr_lane_i(par_lane_q[r*RowLanes+:RowLanes]),
        .wr_addr_i(ld_index_q[PB-1:0]),
        .wr_data_i({RowLanes{ld_data_q}})
    );
  end
  assign exit_par_bias_o = g_par[0].row;
  assign exit_par_multiplier_o = g_par[1].row;
  // Of the shift row six bits count.
  logic [6*BusWords-1:0] shift_data;
  always_comb for (int w = 0; w < BusWords; w++) shift_data[6*w+:6] = ld_data_q[32*w+:6];
  tsr_ram_1r1w #(
      .Width(6 * BlockOut),
      .Depth(tsr_cfg_pkg::ParDepth),
      .LaneWidth(6 * BusWords),
      .STYLE("distributed")
  ) u_par_shift (
      .clk_i,
      .rd_en_i(exit_par_en_i),
      .rd_addr_i(exit_par_index_i),
      .rd_data_o(exit_par_shift_o),
      .wr_valid_i(par_wr_q),
      .wr_lane_i(par_lane_q[2*RowLanes+:RowLanes]),
      .wr_addr_i(ld_index_q[PB-1:0]),
      .wr_data_i({RowLanes{shift_data}})
  );

  wire unused = &{1'b0, st_rd_index_i, ld_index_q, res_index_i};

  `TSR_ASSERT(!(cl_valid_i && !cl_uop && !cl_acc))
  `TSR_ASSERT(!(res_inp && inp_wr_q))
endmodule

`default_nettype wire
