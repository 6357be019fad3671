// Gathering. A convolution whose input comes from the host and has few channels leaves most of an input block empty: its windows are
// gathered into the channels when the host writes them (npu.windows), either whole windows or only their columns, where the
// estimate says that this is faster. The convolution's kernel shrinks accordingly; its weights keep their order. Refuses nothing: an
// input with other readers, or one that does not gain, stays as it is.
#include "dialect/convert.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tessera::compiler::npu {
namespace {

// The layer over gathered windows: `rows` says whether kernel rows are gathered too.
Layer gatheredLayer(const Layer &layer, bool rows) {
  Layer out = layer;
  Window &w = out.window;
  out.input = {rows ? layer.output.height : layer.input.height, layer.output.width,
               (rows ? w.kernelHeight : 1) * w.kernelWidth * layer.input.channels};
  w.kernelWidth = w.strideWidth = w.dilationWidth = 1;
  w.padLeft = w.padRight = 0;
  if (rows) {
    w.kernelHeight = w.strideHeight = w.dilationHeight = 1;
    w.padTop = w.padBottom = 0;
  }
  return out;
}

class GatherPass : public mlir::PassWrapper<GatherPass, mlir::OperationPass<mlir::func::FuncOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(GatherPass)
  explicit GatherPass(const Target *target) : target_(target) {}
  llvm::StringRef getArgument() const final { return "npu-gather"; }
  llvm::StringRef getDescription() const final {
    return "gather the windows of first layers with few channels on the host";
  }

  void runOnOperation() final {
    if (!getOperation()->hasAttr("npu.segment"))
      return;
    getOperation().walk([&](ConvOp conv) {
      bool edge = llvm::isa<mlir::BlockArgument>(conv.getInput()) && conv.getInput().hasOneUse();
      if (edge && !conv.getDepthwise() && shapeOf(conv.getInput().getType()) == layerOf(conv).input)
        gather(conv);
    });
  }

private:
  void gather(ConvOp conv) {
    Layer layer = layerOf(conv);
    if (layer.window.kernelHeight * layer.window.kernelWidth == 1)
      return;
    auto cycles = [&](const Layer &l) {
      auto tiling =
          refusal(*target_, l).empty() ? chooseTiling(*target_, l) : isa::Expected<Tiling>(isa::Error{});
      return tiling ? tiling->estimatedCycles : UINT64_MAX;
    };
    uint64_t least = cycles(layer);
    std::optional<Layer> best;
    bool rows = false;
    for (bool withRows : {false, true}) {
      Layer candidate = gatheredLayer(layer, withRows);
      if (uint64_t now = cycles(candidate); now < least) {
        least = now;
        best = candidate;
        rows = withRows;
      }
    }
    if (best)
      rewrite(conv, layer, *best, rows);
  }

  static void rewrite(ConvOp conv, const Layer &from, const Layer &to, bool rows) {
    mlir::OpBuilder b(conv);
    const Window &w = from.window;
    auto pair = [&](uint32_t height, uint32_t width) {
      return b.getDenseI64ArrayAttr({rows ? height : 1, width});
    };
    auto type =
        mlir::RankedTensorType::get({1, to.input.height, to.input.width, to.input.channels}, b.getI8Type());
    auto pad = b.getDenseI64ArrayAttr({rows ? w.padTop : 0, w.padLeft});
    auto windows =
        b.create<WindowsOp>(conv.getLoc(), type, conv.getInput(), pair(w.kernelHeight, w.kernelWidth),
                            pair(w.strideHeight, w.strideWidth), pair(w.dilationHeight, w.dilationWidth), pad,
                            b.getI32IntegerAttr(from.padValue));
    const Window &v = to.window;
    conv.getInputMutable().assign(windows.getOutput());
    conv.setKernel({v.kernelHeight, v.kernelWidth});
    conv.setStride({v.strideHeight, v.strideWidth});
    conv.setDilation({v.dilationHeight, v.dilationWidth});
    conv.setPad({v.padTop, v.padBottom, v.padLeft, v.padRight});
    conv.setInputShape({to.input.height, to.input.width, to.input.channels});
  }

  const Target *target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createGatherPass(const Target *target) {
  return std::make_unique<GatherPass>(target);
}

} // namespace tessera::compiler::npu
