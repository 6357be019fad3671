// Simple dual-port memory: one synchronous read port, one write port with lanes.
//
// rd_data_o is the word at rd_addr_i one cycle after rd_en_i, and holds until the next read. A read at the edge of a write to the same
// word gives the old word. wr_lane_i says which lanes of LaneWidth bits a write (wr_valid_i) changes.
// Style is the vendor tool's ram_style: "block" or "distributed". Put a register right behind rd_data_o of a block memory.
// Memory: Depth x Width; block memory of 1024 x 36 or 512 x 72 where lanes are 32 or 64 bits. No reset; zero at power-up.
`default_nettype none

module tsr_ram_1r1w #(
    parameter int Width = 32,
    parameter int Depth = 16,
    parameter int LaneWidth = 32,
    // names an attribute, which simulation does not see
    /* verilator lint_off UNUSEDPARAM */
    parameter STYLE = "block"
    /* verilator lint_on UNUSEDPARAM */
) (
    input  wire                       clk_i,
    input  wire                       rd_en_i,
    input  wire  [$clog2(Depth)-1:0]  rd_addr_i,
    output logic [Width-1:0]          rd_data_o,
    input  wire                       wr_valid_i,
    input  wire  [Width/LaneWidth-1:0] wr_lane_i,
    input  wire  [$clog2(Depth)-1:0]  wr_addr_i,
    input  wire  [Width-1:0]          wr_data_i
);
  localparam int Lanes = Width / LaneWidth;
  if (Lanes * LaneWidth != Width) begin : g_bad
    tsr_param_error_ram_width_not_a_multiple_of_lane_width u_err ();
  end

  (* ram_style = STYLE *) logic [Width-1:0] mem[0:Depth-1];

`ifndef YOSYS
  initial begin
    rd_data_o = '0;
    for (int i = 0; i < Depth; i++) mem[i] = '0;
  end
`endif

`ifdef YOSYS
  always_ff @(posedge clk_i) if (rd_en_i) rd_data_o <= mem[rd_addr_i];
  always_ff @(posedge clk_i) begin
    for (int l = 0; l < Lanes; l++) begin
      if (wr_valid_i && wr_lane_i[l]) mem[wr_addr_i][LaneWidth*l+:LaneWidth] <= wr_data_i[LaneWidth*l+:LaneWidth];
    end
  end
`else
  // The same in one process, read before write, with the write in place: a simulator then does nothing in a cycle without
  // a write, where delayed writes of many lanes each cost a test in every cycle.
  // verilator lint_off BLKSEQ
  always_ff @(posedge clk_i) begin
    if (rd_en_i) rd_data_o <= mem[rd_addr_i];
    if (wr_valid_i) begin
      if (&wr_lane_i) mem[wr_addr_i] = wr_data_i;
      else begin
        for (int l = 0; l < Lanes; l++) begin
          if (wr_lane_i[l]) mem[wr_addr_i][LaneWidth*l+:LaneWidth] = wr_data_i[LaneWidth*l+:LaneWidth];
        end
      end
    end
  end
  // verilator lint_on BLKSEQ
`endif

`ifdef FORMAL
  // 1. What was last written to a lane of an arbitrary word is what a later read of it gives.
  (* anyconst *)logic [$clog2(Depth)-1:0] f_addr;
  logic [Width-1:0] f_word, f_read;
  logic f_check;
  initial begin
    f_word = '0;
    f_check = 1'b0;
    for (int i = 0; i < Depth; i++) mem[i] = '0;
  end
  always_ff @(posedge clk_i) begin
    for (int l = 0; l < Lanes; l++) begin
      if (wr_valid_i && wr_lane_i[l] && wr_addr_i == f_addr) f_word[LaneWidth*l+:LaneWidth] <= wr_data_i[LaneWidth*l+:LaneWidth];
    end
    if (rd_en_i) begin
      f_check <= rd_addr_i == f_addr;
      f_read  <= f_word;
    end
  end
  always_comb if (f_check) assert (rd_data_o == f_read);
  always_comb assert (mem[f_addr] == f_word);
`endif
endmodule

`default_nettype wire
