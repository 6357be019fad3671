// Where the cycles of a launch go: each belongs to exactly one of seven classes, and the class's counter counts it.
//
// In this order, the first that applies:
//   0 array        the array takes a micro-op
//   1 vector       the vector unit does, and the array does not
//   6 pipeline     a unit has an instruction and cannot issue yet: its first micro-ops are on their way, or wait for results
//   2 load         a load of compute's own runs, or compute waits for a load token while the load module runs an instruction
//   4 token        compute waits for a load token, and the load module itself waits
//   3 store        compute waits for a store token while the store module runs an instruction, or only stores are left
//   4 token        compute waits for a store token, and the store module itself waits
//   5 instruction  compute has no instruction, and the program has some
//   6 pipeline     everything else: results drain, the launch begins or ends
// counts_o has in a cycle what was counted before the last one: a mark of a cycle is taken a cycle later.
// Critical path: the choice of the counter, and its 32-bit sum. Memories: none.
`default_nettype none

module tsr_cycle_classes #(
    parameter int Width = 32
) (
    input  wire                clk_i,
    input  wire                clear_i,
    input  wire                running_i,
    input  wire                array_i,
    input  wire                vector_i,
    input  wire                issue_i,       // a unit has an instruction in its queue or its sequencer
    input  wire                job_i,         // a load of compute's own runs
    input  wire                want_load_i,   // the next instruction waits for a load token
    input  wire                load_busy_i,
    input  wire                want_store_i,  // the next instruction waits for a store token
    input  wire                store_busy_i,
    input  wire                starved_i,     // no instruction, and the program has some
    input  wire                over_i,        // no instruction, and the program has none
    output wire  [7*Width-1:0] counts_o
);
  localparam logic [2:0] Array = 3'd0;
  localparam logic [2:0] Vector = 3'd1;
  localparam logic [2:0] Load = 3'd2;
  localparam logic [2:0] Store = 3'd3;
  localparam logic [2:0] Token = 3'd4;
  localparam logic [2:0] Instruction = 3'd5;
  localparam logic [2:0] Pipeline = 3'd6;

  logic [2:0] class_d, class_q;
  logic count_q;
  always_comb begin
    if (array_i) class_d = Array;
    else if (vector_i) class_d = Vector;
    else if (issue_i) class_d = Pipeline;
    else if (job_i) class_d = Load;
    else if (want_load_i) class_d = load_busy_i ? Load : Token;
    else if (want_store_i) class_d = store_busy_i ? Store : Token;
    else if (starved_i) class_d = Instruction;
    else if (over_i && store_busy_i) class_d = Store;
    else class_d = Pipeline;
  end

  logic [7*Width-1:0] counts_q;
  wire [Width-1:0] next = counts_q[Width*class_q+:Width] + 1'b1;
  always_ff @(posedge clk_i) begin
    class_q <= class_d;
    count_q <= running_i;
    if (count_q) begin
      for (int k = 0; k < 7; k++) if (class_q == 3'(k)) counts_q[Width*k+:Width] <= next;
    end
    if (clear_i) begin
      count_q  <= 1'b0;
      counts_q <= '0;
    end
  end
  assign counts_o = counts_q;

`ifdef FORMAL
  // 1. In each cycle of a launch exactly one counter steps, by one, and in others none.
  // 2. So the counters add up to the cycles that have been counted.
  // 3. The array's cycles are those in which it takes a micro-op; the vector unit's are those in which only it does.
  logic f_past, f_counts, f_step, f_clear, f_array, f_vector;
  logic [Width-1:0] f_total, f_arrays, f_vectors;
  logic [7*Width-1:0] f_before;
  initial f_past = 1'b0;
  initial assume (clear_i);
  logic [2:0] f_changed;
  logic f_stepped;
  logic [Width-1:0] f_sum;
  always_comb begin
    f_changed = '0;
    f_stepped = 1'b0;
    f_sum = '0;
    for (int k = 0; k < 7; k++) begin
      f_changed = f_changed + 3'(counts_o[Width*k+:Width] != f_before[Width*k+:Width]);
      f_stepped = f_stepped || counts_o[Width*k+:Width] == Width'(f_before[Width*k+:Width] + 1'b1);
      f_sum = f_sum + counts_o[Width*k+:Width];
    end
  end
  always_ff @(posedge clk_i) begin
    f_past <= 1'b1;
    f_before <= counts_o;
    f_counts <= running_i && !clear_i;
    f_array <= array_i;
    f_vector <= vector_i && !array_i;
    f_total <= f_total + Width'(f_counts);
    f_arrays <= f_arrays + Width'(f_counts && f_array);
    f_vectors <= f_vectors + Width'(f_counts && f_vector);
    f_step <= f_counts && !clear_i;
    f_clear <= clear_i;
    if (clear_i) begin
      f_total <= '0;
      f_arrays <= '0;
      f_vectors <= '0;
    end
  end
  always_comb
    if (f_past) begin
      assert (f_clear || f_changed == 3'(f_step));
      assert (!f_step || f_stepped);
      assert (f_sum == f_total);
      assert (counts_o[Width*Array+:Width] == f_arrays);
      assert (counts_o[Width*Vector+:Width] == f_vectors);
      cover (counts_o[Width*Load+:Width] != 0 && counts_o[Width*Store+:Width] != 0 && counts_o[Width*Token+:Width] != 0);
      cover (counts_o[Width*Instruction+:Width] != 0 && counts_o[Width*Pipeline+:Width] != 0 && counts_o[Width*Array+:Width] != 0);
    end
`endif
endmodule

`default_nettype wire
