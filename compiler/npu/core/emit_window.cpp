#include "average.h"
#include "computation.h"
#include "emit.h"
#include "input_run.h"
#include "range.h"

#include <algorithm>
#include <optional>

namespace tessera::compiler::npu {
namespace {

// What one REDUCE of a piece computes: output positions relative to the tile, the taps of their windows, and the parameters of their divisor.
struct Part {
  Range rows, columns, rowTaps, columnTaps;
  uint32_t parameter;
};

class WindowEmitter {
public:
  WindowEmitter(const Target &target, const Layer &layer, const Tiling &tiling, Contexts &contexts,
                std::vector<Command> &commands)
      : target_(target), layer_(layer), tiling_(tiling), contexts_(contexts), commands_(commands),
        conv_(layer.kind == LayerKind::Conv), resident_(weightsResident(target, layer, tiling)),
        r_(target.inputsPerOutput()), inputBlocks_(target.channelBlocks(layer.input.channels)) {}

  void run() {
    std::vector<Range> chunks = cut(target_.channelBlocks(layer_.output.channels), tiling_.blocks);
    std::vector<Range> rows = cut(layer_.output.height, tiling_.rows),
                       columns = cut(layer_.output.width, tiling_.columns);
    if (tiling_.weightsOuter) {
      for (Range chunk : chunks)
        for (Range row : rows)
          for (Range column : columns)
            piece(chunk, row, column);
      return;
    }
    for (Range row : rows)
      for (Range column : columns)
        for (Range chunk : chunks)
          piece(chunk, row, column);
  }

private:
  void piece(Range chunk, Range rows, Range columns) {
    const Window &w = layer_.window;
    rowRun_ = rowRun(layer_, rows);
    columnRun_ = columnRun(layer_, columns);
    // One pitch for all tiles of the layer, so that they share micro-ops.
    blockPixels_ =
        inputExtent(tiling_.rows, w.kernelHeight, w.strideHeight, w.dilationHeight) * columnRun_.total();
    outBase_ = contexts_.take(MemoryType::Acc, tiling_.blocks * tiling_.rows * tiling_.columns);
    std::vector<Range> reduction =
        conv_ ? cut(inputBlocks_, tiling_.kBlocks) : std::vector<Range>{{0, inputBlocks_}};
    for (Range k : reduction) {
      loadParameters(chunk);
      loadWeights(chunk, chunk.begin, k);
      loadInput(conv_ ? k : chunk, rows, columns);
      for (uint32_t block = chunk.begin; block < chunk.end; ++block) {
        loadWeights(chunk, block, k);
        compute(chunk, block, k, rows, columns);
        if (k.end == inputBlocks_)
          store(chunk, block, rows, columns);
      }
    }
  }

  void loadParameters(Range chunk) {
    uint32_t all = parameterElements(target_, layer_);
    bool shared = layer_.kind == LayerKind::AveragePool; // by divisor, not by channel
    // At level vta they are compute's to load, which stops both units: at once, then.
    bool whole = shared || (target_.isVta() && all <= target_.context(MemoryType::Par));
    Range wanted = whole ? Range{0, all} : chunk;
    if (all == 0 || parameters_ == wanted)
      return;
    parameters_ = wanted;
    parBase_ = contexts_.take(MemoryType::Par, wanted.size());
    Command load =
        contiguous(target_, MemoryType::Par, parBase_, layer_.parameterPlace, wanted.begin, wanted.size());
    commands_.push_back(load);
  }

  // Of one block, when it is first used; where they are resident, those of the chunk lie side by side.
  void loadWeights(Range chunk, uint32_t block, Range k) {
    uint32_t perBlock = weightElementsPerBlock(target_, layer_);
    Range together = resident_ ? chunk : Range{block, block + 1};
    if (perBlock == 0 || (weights_ == together && weightK_ == k && block < weightsLoaded_))
      return;
    uint32_t taps = layer_.weightParts * layer_.window.kernelHeight * layer_.window.kernelWidth;
    uint32_t rowElements = conv_ ? packedInputElements(target_, layer_.input.channels) : perBlock;
    uint32_t pieceElements = conv_ ? kElements(target_, layer_, k.size()) : perBlock;
    bool split = pieceElements != rowElements;
    if (weights_ != together || weightK_ != k) {
      weights_ = together;
      weightK_ = k;
      weightPitch_ = split ? taps * pieceElements : perBlock;
      weightBase_ = contexts_.take(MemoryType::Wgt, together.size() * weightPitch_);
    }
    weightsLoaded_ = block + 1;
    uint32_t first = block * perBlock + (conv_ ? k.begin * r_ : 0);
    Command load = contiguous(target_, MemoryType::Wgt, weightBase_ + (block - together.begin) * weightPitch_,
                              layer_.weightPlace, first, weightPitch_);
    if (split) {
      load.rows = taps;
      load.columns = pieceElements;
      load.stride = rowElements;
    }
    commands_.push_back(load);
  }

  void loadInput(Range blocks, Range rows, Range columns) {
    if (inputBlocksLoaded_ == blocks && inputRows_ == rows && inputColumns_ == columns)
      return;
    inputBlocksLoaded_ = blocks;
    inputRows_ = rows;
    inputColumns_ = columns;
    inputBase_ = contexts_.take(MemoryType::Inp, uint32_t(footprintOf(target_, layer_, tiling_).inp));
    const Shape &shape = layer_.input;
    for (uint32_t block = blocks.begin; block < blocks.end; ++block) {
      uint32_t firstPixel = (block * shape.height + rowRun_.first) * shape.width + columnRun_.first;
      Command load =
          contiguous(target_, MemoryType::Inp, inputBase_ + (block - blocks.begin) * blockPixels_ * r_,
                     layer_.inputPlace, firstPixel * r_, rowRun_.count * columnRun_.count * r_);
      load.padValue = onlyCovered() ? 0 : layer_.padValue;
      load.pads = {rowRun_.before, rowRun_.after, columnRun_.before * r_, columnRun_.after * r_};
      bool padded = rowRun_.before || rowRun_.after || columnRun_.before || columnRun_.after;
      if (padded || columnRun_.count != shape.width) {
        load.rows = rowRun_.count;
        load.columns = columnRun_.count * r_;
        load.stride = shape.width * r_;
      }
      commands_.push_back(load);
    }
  }

  // Whether a maximum keeps to the taps inside the picture, because no byte that the machine pads with is below all others.
  bool onlyCovered() const {
    return layer_.kind == LayerKind::MaxPool && !target_.has(isa::Feature::PadValue);
  }

  // The whole tile, or its rectangles of equal taps where an average divides by their number or a maximum reads them alone.
  std::vector<Part> parts(Range chunk, uint32_t block, Range rows, Range columns) const {
    const Range allRows{0, layer_.window.kernelHeight}, allColumns{0, layer_.window.kernelWidth};
    if (layer_.kind != LayerKind::AveragePool && !onlyCovered())
      return {{{0, rows.size()},
               {0, columns.size()},
               allRows,
               allColumns,
               block - parameters_.value_or(chunk).begin}};
    std::vector<uint32_t> counts = averageCounts(layer_);
    std::vector<Part> out;
    for (const Span &row : rowSpans(layer_))
      for (const Span &column : columnSpans(layer_)) {
        Range y{std::max(row.begin, rows.begin), std::min(row.end, rows.end)};
        Range x{std::max(column.begin, columns.begin), std::min(column.end, columns.end)};
        if (y.begin >= y.end || x.begin >= x.end)
          continue;
        uint32_t count = std::max(1u, row.covered * column.covered);
        uint32_t parameter = uint32_t(std::find(counts.begin(), counts.end(), count) - counts.begin());
        out.push_back({{y.begin - rows.begin, y.end - rows.begin},
                       {x.begin - columns.begin, x.end - columns.begin},
                       onlyCovered() ? Range{row.tap, row.tap + row.covered} : allRows,
                       onlyCovered() ? Range{column.tap, column.tap + column.covered} : allColumns,
                       parameter});
      }
    return out;
  }

  void compute(Range chunk, uint32_t block, Range k, Range rows, Range columns) {
    const Window &w = layer_.window;
    bool first = k.begin == 0, last = k.end == inputBlocks_;
    for (const Part &part : parts(chunk, block, rows, columns)) {
      TileLayout layout{part.rows.size(),
                        part.columns.size(),
                        columns.size(),
                        columnRun_.total(),
                        blockPixels_,
                        k.size(),
                        layer_.blockParts.empty() ? 0 : layer_.blockParts[block]};
      Layer covered = layer_;
      covered.window.kernelHeight = part.rowTaps.size(), covered.window.kernelWidth = part.columnTaps.size();
      TensorMatch match = matchComputation(target_, windowComputation(target_, covered, layout));
      Command c;
      c.kind = Command::Kind::Reduce;
      c.kernel = match.kernel;
      c.op = match.instruction->code;
      c.taps = match.taps;
      bool biased = conv_ || layer_.kind == LayerKind::Depthwise ||
                    (layer_.kind == LayerKind::AveragePool && target_.isVta());
      c.init = !first ? isa::ReduceInit::Acc : biased ? isa::ReduceInit::Bias : isa::ReduceInit::Zero;
      c.destination = last ? isa::Destination::Out : isa::Destination::Acc;
      c.dstBase = outBase_ + (block - chunk.begin) * rows.size() * columns.size() +
                  part.rows.begin * columns.size() + part.columns.begin;
      uint32_t pixel = (part.rows.begin * w.strideHeight + part.rowTaps.begin) * columnRun_.total() +
                       part.columns.begin * w.strideWidth + part.columnTaps.begin;
      c.srcBase = inputBase_ + (pixel + (conv_ ? 0 : (block - chunk.begin) * blockPixels_)) * r_;
      c.wgtBase = weightBase_ + (resident_ ? block - chunk.begin : 0) * weightPitch_;
      c.par = parBase_ + part.parameter;
      if (layer_.kind == LayerKind::MaxPool)
        c.par = 0;
      c.exit = target_.isVta() ? *layer_.shiftExit : layer_.exit;
      commands_.push_back(c);
    }
  }

  void store(Range chunk, uint32_t block, Range rows, Range columns) {
    const Shape &shape = layer_.output;
    uint32_t first = (block * shape.height + rows.begin) * shape.width + columns.begin;
    Command store =
        contiguous(target_, MemoryType::Out, outBase_ + (block - chunk.begin) * rows.size() * columns.size(),
                   layer_.outputPlace, first, rows.size() * columns.size());
    store.kind = Command::Kind::Store;
    if (columns.size() != shape.width) {
      store.rows = rows.size();
      store.columns = columns.size();
      store.stride = shape.width;
    }
    commands_.push_back(store);
  }

  const Target &target_;
  const Layer &layer_;
  const Tiling &tiling_;
  Contexts &contexts_;
  std::vector<Command> &commands_;
  bool conv_, resident_;
  uint32_t r_, inputBlocks_;
  InputRun rowRun_{}, columnRun_{};
  uint32_t blockPixels_ = 0, outBase_ = 0, parBase_ = 0, weightBase_ = 0, weightPitch_ = 0, inputBase_ = 0,
           weightsLoaded_ = 0;
  // What the contexts hold, so that it is not loaded twice.
  std::optional<Range> parameters_, weights_, weightK_, inputBlocksLoaded_, inputRows_, inputColumns_;
};

} // namespace

void emitWindow(const Target &target, const Layer &layer, const Tiling &tiling, Contexts &contexts,
                std::vector<Command> &commands) {
  WindowEmitter(target, layer, tiling, contexts, commands).run();
}

} // namespace tessera::compiler::npu
