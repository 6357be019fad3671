// Plans one LOAD or STORE: from the instruction to the numbers that the walkers need, all checks done.
//
// Takes an instruction, and four cycles later (one for an instruction that moves nothing) offers the plan until it is
// taken. Checks, first that applies: memory type, nothing to move (x_size or y_size 0), scratchpad bounds with padding,
// DRAM addresses past 2^32. Rows that follow one another without a gap become one run.
// Critical path: the queue's read port, the pad sums and the address shift, into registers; then one multiplier a cycle.
// Memories: none. Multipliers: two of 17 x 17 (DSP).
`default_nettype none

module tsr_dma_plan #(
    parameter bit Store = 1'b0
) (
    input  wire          clk_i,
    input  wire          rst_ni,
    input  wire          clear_i,
    // instruction
    input  wire          insn_valid_i,
    output wire          insn_ready_o,
    input  wire  [127:0] insn_i,
    input  wire  [ 31:0] index_i,
    // base pointers, bytes
    input  wire  [ 31:0] uop_base_i,
    input  wire  [ 31:0] inp_base_i,
    input  wire  [ 31:0] wgt_base_i,
    input  wire  [ 31:0] acc_base_i,
    input  wire  [ 31:0] out_base_i,
    input  wire  [ 31:0] par_base_i,
    // plan
    output wire          plan_valid_o,
    input  wire          plan_ready_i,
    output wire          busy_o,           // computing: neither empty nor valid
    output wire  [127:0] plan_insn_o,
    output wire  [ 31:0] plan_index_o,
    output wire  [  3:0] plan_error_o,     // error code, 0: none
    output wire          plan_empty_o,     // moves nothing (also set with an error)
    output wire          plan_joined_o,    // rows are one run
    output wire  [ 31:0] plan_addr_o,      // first byte
    output wire  [ 31:0] plan_run_bytes_o,
    output wire  [ 15:0] plan_runs_o,
    output wire  [ 31:0] plan_stride_o,    // bytes from run to run
    output wire  [ 31:0] plan_elements_o   // y_size * x_size
);
  localparam int Batch = tsr_cfg_pkg::Batch;
  localparam int BlockIn = tsr_cfg_pkg::BlockIn;
  localparam int BlockOut = tsr_cfg_pkg::BlockOut;

  // log2 of the bytes of an element in DRAM; PAR: of a third of them.
  localparam int InpShift = $clog2(Batch * BlockIn);
  localparam int WgtShift = $clog2(BlockIn * BlockOut);
  localparam int AccShift = $clog2(Batch * BlockOut * 4);
  localparam int OutShift = $clog2(Batch * BlockOut);
  localparam int ParShift = $clog2(BlockOut * 4);

  typedef enum logic [2:0] {
    StEmpty,
    StProducts,
    StSums,
    StCheck,
    StReady
  } state_e;
  state_e state_q;

  // fields of LOAD and STORE stand at the same place in every machine
  wire [2:0] type_in = insn_i[tsr_cfg_pkg::LoadMemoryTypeLsb +: tsr_cfg_pkg::LoadMemoryTypeWidth];
  wire [31:0] dram_in = insn_i[tsr_cfg_pkg::LoadDramBaseLsb +: 32];
  wire [15:0] y_in = insn_i[tsr_cfg_pkg::LoadYSizeLsb +: 16];
  wire [15:0] x_in = insn_i[tsr_cfg_pkg::LoadXSizeLsb +: 16];
  wire [15:0] stride_in = insn_i[tsr_cfg_pkg::LoadXStrideLsb +: 16];
  wire [3:0] yp0_in = Store ? 4'd0 : insn_i[tsr_cfg_pkg::LoadYPad0Lsb +: 4];
  wire [3:0] yp1_in = Store ? 4'd0 : insn_i[tsr_cfg_pkg::LoadYPad1Lsb +: 4];
  wire [3:0] xp0_in = Store ? 4'd0 : insn_i[tsr_cfg_pkg::LoadXPad0Lsb +: 4];
  wire [3:0] xp1_in = Store ? 4'd0 : insn_i[tsr_cfg_pkg::LoadXPad1Lsb +: 4];
  wire moves_in = Store || insn_i[2:0] == tsr_isa_pkg::OpcodeLoad;  // SET PAD also comes this way

  logic type_ok_in;
  logic [3:0] shift_in;
  logic [31:0] base_in;
  logic [16:0] depth_in;
  always_comb begin
    type_ok_in = 1'b1;
    shift_in = 4'(InpShift);
    base_in = inp_base_i;
    depth_in = 17'(tsr_cfg_pkg::InpDepth);
    if (Store) begin
      type_ok_in = type_in == tsr_isa_pkg::MemoryTypeOut;
      shift_in = 4'(OutShift);
      base_in = out_base_i;
      depth_in = 17'(tsr_cfg_pkg::AccDepth);
    end else begin
      case (type_in)
        tsr_isa_pkg::MemoryTypeUop: begin
          shift_in = 4'd2;
          base_in = uop_base_i;
          depth_in = 17'(tsr_cfg_pkg::UopDepth);
        end
        tsr_isa_pkg::MemoryTypeWgt: begin
          shift_in = 4'(WgtShift);
          base_in = wgt_base_i;
          depth_in = 17'(tsr_cfg_pkg::WgtDepth);
        end
        tsr_isa_pkg::MemoryTypeInp: ;
        tsr_isa_pkg::MemoryTypeAcc: begin
          shift_in = 4'(AccShift);
          base_in = acc_base_i;
          depth_in = 17'(tsr_cfg_pkg::AccDepth);
        end
        tsr_isa_pkg::MemoryTypeAcc8bit: begin
          shift_in = 4'(OutShift);
          base_in = acc_base_i;
          depth_in = 17'(tsr_cfg_pkg::AccDepth);
        end
        tsr_isa_pkg::MemoryTypePar: begin
          type_ok_in = tsr_cfg_pkg::LevelTessera != 0;
          shift_in = 4'(ParShift);
          base_in = par_base_i;
          depth_in = 17'(tsr_cfg_pkg::ParDepth);
        end
        default: type_ok_in = 1'b0;
      endcase
    end
  end
  wire triple_in = !Store && type_in == tsr_isa_pkg::MemoryTypePar;

  logic [127:0] insn_q;
  logic [31:0] index_q;
  logic [31:0] base_q;
  logic [16:0] depth_q;
  logic [3:0] shift_q;
  logic triple_q;
  logic [16:0] a_q, b_q, c_q, d_q;
  logic [33:0] ab_q, cd_q;
  logic [15:0] y_q, x_q;
  logic [47:0] offset_q;
  logic [48:0] addr_q;
  logic [34:0] end_q;
  logic [33:0] span_q;
  logic [3:0] error_q;
  logic empty_q;
  logic joined_q;
  logic [31:0] elements_q;
  logic [31:0] run_bytes_q, stride_q;

  wire [16:0] rows_in = 17'(y_in) + 17'(yp0_in) + 17'(yp1_in);
  wire [16:0] cols_in = 17'(x_in) + 17'(xp0_in) + 17'(xp1_in);
  wire [33:0] dram_scaled_in = triple_in ? {1'b0, dram_in, 1'b0} + 34'(dram_in) : 34'(dram_in);

  wire [15:0] sram_base = insn_q[tsr_cfg_pkg::LoadSramBaseLsb +: 16];
  wire [15:0] stride_elements = insn_q[tsr_cfg_pkg::LoadXStrideLsb +: 16];

  // byte sizes, StCheck
  wire [35:0] span_scaled = triple_q ? {1'b0, span_q, 1'b0} + 36'(span_q) : 36'(span_q);
  wire [50:0] span_bytes = 51'(span_scaled) << shift_q;
  wire [51:0] last_byte = 52'(addr_q) + 52'(span_bytes);  // one past the last
  wire past_4g = last_byte > 52'h1_0000_0000;
  wire [31:0] run_elements = joined_q ? ab_q[31:0] : 32'(x_q);
  wire [33:0] run_scaled = triple_q ? {1'b0, run_elements, 1'b0} + 34'(run_elements) : 34'(run_elements);
  wire [17:0] stride_scaled = triple_q ? {1'b0, stride_elements, 1'b0} + 18'(stride_elements)
                                       : 18'(stride_elements);

  assign insn_ready_o = state_q == StEmpty || (state_q == StReady && plan_ready_i);
  assign plan_valid_o = state_q == StReady;
  assign busy_o = state_q != StEmpty && state_q != StReady;

  always_ff @(posedge clk_i) begin
    case (state_q)
      StProducts: begin
        ab_q <= a_q * b_q;  // padded size
        cd_q <= c_q * d_q;  // (y_size - 1) * x_stride
        addr_q <= 49'(base_q) + 49'(offset_q);
        a_q <= 17'(y_q);
        b_q <= 17'(x_q);
        state_q <= StSums;
      end
      StSums: begin
        ab_q <= a_q * b_q;  // size without padding
        end_q <= 35'(sram_base) + 35'(ab_q);
        span_q <= cd_q + 34'(x_q);
        state_q <= StCheck;
      end
      StCheck: begin
        if (end_q > 35'(depth_q)) error_q <= tsr_isa_pkg::ErrorCodeSramBounds;
        else if (past_4g) error_q <= tsr_isa_pkg::ErrorCodeDramFault;
        empty_q <= end_q > 35'(depth_q) || past_4g;
        elements_q <= ab_q[31:0];
        run_bytes_q <= 32'(50'(run_scaled) << shift_q);
        stride_q <= 32'(stride_scaled) << shift_q;
        state_q <= StReady;
      end
      StReady: if (plan_ready_i) state_q <= StEmpty;
      default: ;
    endcase
    if (insn_valid_i && insn_ready_o) begin
      insn_q <= insn_i;
      index_q <= index_i;
      base_q <= base_in;
      depth_q <= depth_in;
      shift_q <= shift_in;
      triple_q <= triple_in;
      a_q <= rows_in;
      b_q <= cols_in;
      c_q <= 17'(y_in) - 17'd1;
      d_q <= 17'(stride_in);
      y_q <= y_in;
      x_q <= x_in;
      joined_q <= stride_in == x_in;
      offset_q <= 48'(dram_scaled_in) << shift_in;
      error_q <= tsr_isa_pkg::ErrorCodeNone;
      empty_q <= 1'b0;
      if (!moves_in) begin
        empty_q <= 1'b1;
        state_q <= StReady;
      end else if (!type_ok_in) begin
        error_q <= tsr_isa_pkg::ErrorCodeBadMemoryType;
        empty_q <= 1'b1;
        state_q <= StReady;
      end else if (y_in == 16'd0 || x_in == 16'd0) begin
        empty_q <= 1'b1;
        state_q <= StReady;
      end else begin
        state_q <= StProducts;
      end
    end
    if (!rst_ni || clear_i) state_q <= StEmpty;
  end

  assign plan_insn_o = insn_q;
  assign plan_index_o = index_q;
  assign plan_error_o = error_q;
  assign plan_empty_o = empty_q;
  assign plan_joined_o = joined_q;
  assign plan_addr_o = addr_q[31:0];
  assign plan_run_bytes_o = run_bytes_q;
  assign plan_runs_o = joined_q ? 16'd1 : y_q;
  assign plan_stride_o = stride_q;
  assign plan_elements_o = elements_q;
endmodule

`default_nettype wire
