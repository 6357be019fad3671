// Chains: REDUCEs with destination INP, one layer behind the other, and padding put around what they give by loads.
#include "chain.h"
#include "computation.h"

#include <algorithm>
#include <array>

namespace tessera::compiler::npu {
namespace {

class ChainEmitter {
public:
  ChainEmitter(const Target &target, std::span<const Layer> layers, uint32_t rows, Contexts &contexts,
               std::vector<Command> &commands)
      : target_(target), layers_(layers), rows_(rows), contexts_(contexts), commands_(commands),
        layout_(*chainLayout(target, layers, rows)), r_(target.inputsPerOutput()), links_(layers.size()) {}

  void run() {
    inpBase_ = contexts_.take(MemoryType::Inp, layout_.inp);
    if (layout_.wgt)
      takeAll();
    std::vector<Range> tiles = cut(layers_.back().output.height, rows_);
    for (size_t t = 0; t < tiles.size(); ++t)
      tile(tiles[t], t % 2);
  }

private:
  struct Link {
    Range rows, columns; // of its output that the tile needs
    InputRun rowRun, columnRun;
    uint32_t inputBase = 0;
    bool padded = false; // in this tile
    bool everPadded = false;
    Range written;                        // rows of its input that have been written over since
    uint32_t weightBase = 0, parBase = 0; // of the first block where they stay
    Range chunk;                          // blocks whose constants came last
    uint32_t loaded = 0;                  // blocks whose constants have been there
  };

  // Room for what stays during all tiles, in one piece: parts taken one by one might meet where the ring begins anew.
  void takeAll() {
    uint32_t wgt = contexts_.take(MemoryType::Wgt, layout_.wgt);
    uint32_t par = layout_.par ? contexts_.take(MemoryType::Par, layout_.par) : 0;
    for (size_t i = 0; i < layers_.size(); ++i) {
      links_[i].weightBase = wgt;
      links_[i].parBase = par;
      wgt += weightElementsPerBlock(target_, layers_[i]) * blocksOf(i);
      par += parameterElements(target_, layers_[i]);
    }
  }

  uint32_t blocksOf(size_t i) const { return target_.channelBlocks(layers_[i].output.channels); }

  void tile(Range rows, bool second) {
    Range columns{0, layers_.back().output.width};
    for (size_t i = layers_.size(); i-- > 0;) {
      Link &link = links_[i];
      link.rows = rows, link.columns = columns;
      link.rowRun = rowRun(layers_[i], rows);
      link.columnRun = columnRun(layers_[i], columns);
      link.inputBase = inpBase_ + (i == 0 && second ? layout_.secondInput : layout_.buffers[i].base);
      link.padded = false;
      link.chunk = {};
      rows = link.rowRun.real(), columns = link.columnRun.real();
    }
    loadInput();
    for (size_t i = 0; i < layers_.size(); ++i) {
      bool blockwise = i + 1 < layers_.size() && layout_.buffers[i + 1].blockwise;
      for (uint32_t block = 0; block < blocksOf(i); ++block) {
        reduce(i, block);
        if (blockwise)
          reduce(i + 1, block);
      }
      i += blockwise;
    }
  }

  void loadInput() {
    const Shape &shape = layers_[0].input;
    const Link &link = links_[0];
    for (uint32_t block = 0; block < target_.channelBlocks(shape.channels); ++block) {
      uint32_t pixel = (block * shape.height + link.rowRun.first) * shape.width + link.columnRun.first;
      uint32_t columns = link.columnRun.count * r_;
      Command load =
          contiguous(target_, MemoryType::Inp, link.inputBase + block * layout_.buffers[0].blockPixels() * r_,
                     layers_[0].inputPlace, pixel * r_, link.rowRun.count * columns);
      load.padValue = layers_[0].padValue;
      load.pads = {link.rowRun.before, link.rowRun.after, link.columnRun.before * r_,
                   link.columnRun.after * r_};
      bool padded = link.rowRun.before || link.rowRun.after || link.columnRun.before || link.columnRun.after;
      if (padded || link.columnRun.count != shape.width) {
        load.rows = link.rowRun.count;
        load.columns = columns;
        load.stride = shape.width * r_;
      }
      commands_.push_back(load);
    }
  }

  // Padding around what layer i reads. It stays from tile to tile where no result falls on it; a load writes the whole buffer, and the one pixel that it
  // reads falls where the first result will.
  void pad(size_t i) {
    Link &link = links_[i];
    if (link.padded)
      return;
    link.padded = true;
    const InputRun &rows = link.rowRun;
    const Range written{rows.before, rows.before + rows.count};
    const bool sides = link.columnRun.before || link.columnRun.after;
    const bool over = (rows.before > 0 && link.written.begin < written.begin) ||
                      (rows.after > 0 && link.written.end > written.end); // results of an earlier tile
    const bool needed = link.everPadded ? over : sides || rows.before || rows.after;
    const bool first = !link.everPadded;
    link.everPadded = link.everPadded || needed;
    link.written = needed || link.written.size() == 0 ? written
                                                      : Range{std::min(written.begin, link.written.begin),
                                                              std::max(written.end, link.written.end)};
    if (!needed)
      return;
    const ChainBuffer &buffer = layout_.buffers[i];
    if (first && layout_.tiles == 1 && paddedBefore(i))
      return;
    for (uint32_t block = 0; block < buffer.blocks; ++block) {
      Command load = contiguous(target_, MemoryType::Inp, link.inputBase + block * buffer.blockPixels() * r_,
                                layers_[0].inputPlace, 0, r_);
      load.padValue = layers_[i].padValue;
      uint32_t above = link.rowRun.before, left = link.columnRun.before;
      load.pads = {above, buffer.rows - above - 1, left * r_, (buffer.pitch - left - 1) * r_};
      commands_.push_back(load);
    }
  }

  // Whether an earlier layer of the chain has put the same padding around a buffer at this place, and nothing has been written over it since.
  bool paddedBefore(size_t i) const {
    auto range = [&](size_t k) {
      const ChainBuffer &b = layout_.buffers[k];
      return Range{b.base, b.base + b.blockPixels() * b.blocks * r_};
    };
    auto padding = [&](size_t k) {
      const Link &l = links_[k];
      return std::array{l.rowRun.before, l.rowRun.after, l.columnRun.before, l.columnRun.after,
                        uint32_t(layers_[k].padValue)};
    };
    const Range own = range(i);
    for (size_t k = i; k-- > 1;) {
      const Range other = range(k);
      if (other.begin >= own.end || own.begin >= other.end)
        continue;
      const ChainBuffer &a = layout_.buffers[k], &b = layout_.buffers[i];
      return other == own && a.rows == b.rows && a.pitch == b.pitch && a.blocks == b.blocks &&
             padding(k) == padding(i);
    }
    return false;
  }

  // Layers that take turns block by block have chunks of the same blocks: what one loads never falls on what the other still reads.
  uint32_t chunkBlocks(size_t i) const {
    uint32_t most = weightElementsPerBlock(target_, layers_[i]);
    if (layout_.buffers[i].blockwise)
      most = std::max(most, weightElementsPerBlock(target_, layers_[i - 1]));
    if (i + 1 < layers_.size() && layout_.buffers[i + 1].blockwise)
      most = std::max(most, weightElementsPerBlock(target_, layers_[i + 1]));
    uint32_t blocks =
        std::min(target_.depth(MemoryType::Wgt) / kChunks / most, target_.context(MemoryType::Par) / 2);
    return std::max(1u, blocks);
  }

  // Weights and parameters of a few blocks together, when the first of them is used: a load of few elements costs an instruction all the same.
  void loadConstants(size_t i, uint32_t block) {
    Link &link = links_[i];
    const Layer &layer = layers_[i];
    const bool there = block < link.loaded;
    if ((there && layout_.residentParameters) || block < link.chunk.end)
      return;
    uint32_t perBlock = weightElementsPerBlock(target_, layer);
    link.chunk = {block, std::min(block + chunkBlocks(i), blocksOf(i))};
    uint32_t count = link.chunk.size();
    if (!layout_.wgt)
      link.weightBase = contexts_.take(MemoryType::Wgt, count * perBlock);
    if (!layout_.residentParameters)
      link.parBase = contexts_.take(MemoryType::Par, count);
    if (!layout_.wgt || !there)
      commands_.push_back(contiguous(target_, MemoryType::Wgt, weightOf(i, block), layer.weightPlace,
                                     block * perBlock, count * perBlock));
    commands_.push_back(
        contiguous(target_, MemoryType::Par, parameterOf(i, block), layer.parameterPlace, block, count));
    link.loaded = std::max(link.loaded, link.chunk.end);
  }

  uint32_t weightOf(size_t i, uint32_t block) const {
    const Link &link = links_[i];
    return link.weightBase +
           (block - (layout_.wgt ? 0 : link.chunk.begin)) * weightElementsPerBlock(target_, layers_[i]);
  }
  uint32_t parameterOf(size_t i, uint32_t block) const {
    const Link &link = links_[i];
    return link.parBase + block - (layout_.residentParameters ? 0 : link.chunk.begin);
  }

  void reduce(size_t i, uint32_t block) {
    const Layer &layer = layers_[i];
    const Link &link = links_[i];
    const ChainBuffer &input = layout_.buffers[i];
    bool last = i + 1 == layers_.size(), conv = layer.kind == LayerKind::Conv;
    loadConstants(i, block);
    TileLayout tile{link.rows.size(),
                    link.columns.size(),
                    last ? link.columns.size() : layout_.buffers[i + 1].pitch,
                    input.pitch,
                    input.blockPixels(),
                    target_.channelBlocks(layer.input.channels),
                    layer.blockParts.empty() ? 0 : layer.blockParts[block]};
    TensorMatch match = matchComputation(target_, windowComputation(target_, layer, tile));
    Command c;
    c.kind = Command::Kind::Reduce;
    c.kernel = match.kernel;
    c.op = match.instruction->code;
    c.taps = match.taps;
    c.init = isa::ReduceInit::Bias;
    uint32_t inputBlock = conv ? 0 : input.blockwise ? block % 2 : block;
    c.srcBase = link.inputBase + inputBlock * input.blockPixels() * r_;
    c.wgtBase = weightOf(i, block);
    c.par = parameterOf(i, block);
    c.exit = layer.exit;
    if (last) {
      c.destination = isa::Destination::Out;
      c.dstBase = contexts_.take(MemoryType::Acc, rows_ * link.columns.size());
      commands_.push_back(c);
      store(block, c.dstBase);
      return;
    }
    pad(i + 1);
    const Link &next = links_[i + 1];
    const ChainBuffer &output = layout_.buffers[i + 1];
    uint32_t outputBlock = output.blockwise ? block % 2 : block;
    c.destination = isa::Destination::Inp;
    c.dstBase = next.inputBase / r_ + outputBlock * output.blockPixels() + next.rowRun.before * output.pitch +
                next.columnRun.before;
    commands_.push_back(c);
  }

  void store(uint32_t block, uint32_t base) {
    const Layer &layer = layers_.back();
    const Link &link = links_.back();
    uint32_t first = (block * layer.output.height + link.rows.begin) * layer.output.width;
    Command store = contiguous(target_, MemoryType::Out, base, layer.outputPlace, first,
                               link.rows.size() * layer.output.width);
    store.kind = Command::Kind::Store;
    commands_.push_back(store);
  }

  static constexpr uint32_t kChunks = 64; // of WGT: the least that is worth a load

  const Target &target_;
  std::span<const Layer> layers_;
  uint32_t rows_;
  Contexts &contexts_;
  std::vector<Command> &commands_;
  ChainLayout layout_;
  uint32_t r_;
  std::vector<Link> links_;
  uint32_t inpBase_ = 0;
};

} // namespace

void emitChain(const Target &target, std::span<const Layer> layers, uint32_t rows, Contexts &contexts,
               std::vector<Command> &commands) {
  ChainEmitter(target, layers, rows, contexts, commands).run();
}

} // namespace tessera::compiler::npu
