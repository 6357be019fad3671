#include "choice.h"

#include "chain.h"
#include "cuts.h"
#include "emit.h"

#include <charconv>
#include <optional>

namespace tessera::compiler::npu {
namespace {

using std::to_string;

constexpr uint64_t kMostPieces = 1 << 14; // of one layer

constexpr Share::Range Share::*kRanges[] = {&Share::inp, &Share::wgt, &Share::acc, &Share::par};

std::string tilingText(const Tiling &t) {
  return to_string(t.rows) + "x" + to_string(t.columns) + "x" + to_string(t.blocks) + "x" +
         to_string(t.kBlocks) + (t.weightsOuter ? "o" : "i");
}

std::string shareText(const Share &share) {
  std::string text;
  for (auto range : kRanges)
    text +=
        (text.empty() ? "@" : ",") + to_string((share.*range).base) + ":" + to_string((share.*range).size);
  return text;
}

class Reader {
public:
  Reader(std::string_view text, std::span<const Layer> layers) : rest_(text), layers_(layers) {}

  isa::Expected<std::vector<LayerPlan>> read() {
    bool good = group();
    while (good && take(";"))
      good = group();
    if (!good || !rest_.empty() || plans_.size() != layers_.size())
      return isa::Error{"no choice for " + to_string(layers_.size()) + " layers: '" +
                        std::string(rest_.substr(0, 40)) + "' after " + to_string(plans_.size()) + " layers"};
    return std::move(plans_);
  }

private:
  bool take(std::string_view word) {
    const bool there = rest_.starts_with(word);
    rest_.remove_prefix(there ? word.size() : 0);
    return there;
  }

  bool number(uint32_t &value) {
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc())
      return false;
    rest_.remove_prefix(size_t(end - rest_.data()));
    return true;
  }

  bool tiling(LayerPlan &plan) {
    Tiling &t = plan.tiling;
    if (!number(t.rows) || !take("x") || !number(t.columns) || !take("x") || !number(t.blocks) ||
        !take("x") || !number(t.kBlocks))
      return false;
    t.weightsOuter = take("o");
    return t.weightsOuter || take("i");
  }

  bool share(LayerPlan &plan) {
    Share share;
    const char *before = "@";
    for (auto range : kRanges) {
      if (!take(before) || !number((share.*range).base) || !take(":") || !number((share.*range).size))
        return false;
      before = ",";
    }
    plan.share = share;
    return true;
  }

  bool group() {
    const size_t left = layers_.size() - plans_.size();
    if (take("chain")) {
      uint32_t count = 0, rows = 0;
      if (!number(count) || !take("x") || !number(rows) || count < 2 || count > left)
        return false;
      for (const LayerPlan &plan : chainPlans(layers_.subspan(plans_.size(), count), rows))
        plans_.push_back(plan);
      return true;
    }
    LayerPlan first, second;
    if (left < 1 || !tiling(first))
      return false;
    const bool isPair = rest_.starts_with("@");
    if (isPair && (left < 2 || !share(first) || !take("+") || !tiling(second) || !share(second)))
      return false;
    plans_.push_back(first);
    second.joins = true;
    if (isPair)
      plans_.push_back(second);
    return true;
  }

  std::string_view rest_;
  std::span<const Layer> layers_;
  std::vector<LayerPlan> plans_;
};

uint64_t pieces(uint32_t whole, uint32_t piece) { return (uint64_t(whole) + piece - 1) / piece; }

// Why a layer cannot be cut so on the machine, or on its share of it; `halves`: it has to take turns in halves of the memories.
std::string illegalTiling(const Target &target, const Layer &layer, const Tiling &t, bool halves) {
  const uint32_t blocks = target.channelBlocks(layer.output.channels),
                 inputBlocks = target.channelBlocks(layer.input.channels);
  auto within = [](uint32_t value, uint32_t most) { return value >= 1 && value <= most; };
  if (!within(t.rows, layer.output.height) || !within(t.columns, layer.output.width) ||
      !within(t.blocks, blocks) || !within(t.kBlocks, inputBlocks))
    return "tile " + tilingText(t) + " is no part of " + to_string(layer.output.height) + "x" +
           to_string(layer.output.width) + "x" + to_string(blocks) + "x" + to_string(inputBlocks);
  if (t.kBlocks != inputBlocks && (layer.kind != LayerKind::Conv || !t.weightsOuter))
    return "tile " + tilingText(t) + " splits a reduction that cannot be split";
  const uint64_t count = tilesOf(layer, t) * pieces(blocks, t.blocks) * reductionPieces(target, layer, t);
  if (count > kMostPieces)
    return "tile " + tilingText(t) + " makes " + to_string(count) + " pieces, more than " +
           to_string(kMostPieces);
  if (!fitsMemories(target, layer, t) || (halves && !fitsHalves(target, layer, t)))
    return "tile " + tilingText(t) + " does not fit the memories";
  return "";
}

std::string illegalPair(const Target &target, std::span<const Layer> layers,
                        std::span<const LayerPlan> plans) {
  if (plans.size() != 2 || !plans[0].share || !plans[1].share)
    return "two layers share the memories, not " + to_string(plans.size());
  if (!fitTogether(target, *plans[0].share, plans[1].share))
    return "the shares of two layers do not fit the memories";
  for (size_t i : {0u, 1u})
    if (std::string why = illegalTiling(target.with(*plans[i].share), layers[i], plans[i].tiling, true);
        !why.empty())
      return why;
  return canInterleave(target, layers[0], layers[1], {plans[0], plans[1], 0})
             ? ""
             : "two layers have too many pieces to be interleaved";
}

std::string illegalChain(const Target &target, std::span<const Layer> layers,
                         std::span<const LayerPlan> plans) {
  const uint32_t rows = plans.back().tiling.rows, height = layers.back().output.height;
  if (layers.size() < 2 || layers.size() > kMostChained)
    return "a chain of " + to_string(layers.size()) + " layers";
  for (size_t i = 1; i < layers.size(); ++i)
    if (!canChain(target, layers[i - 1], layers[i]))
      return "layer " + layers[i].name + " cannot be chained to the one before";
  // In the arena tensors live one layer longer than their last reader, so bands of a longer chain would write over what is still read.
  if (rows < 1 || rows > height || (layers.size() > 2 && rows != height))
    return "a chain of " + to_string(layers.size()) + " layers in tiles of " + to_string(rows) + " of " +
           to_string(height) + " rows";
  return chainLayout(target, layers, rows) ? "" : "a chain does not fit the memories";
}

} // namespace

std::string choiceText(std::span<const LayerPlan> plans) {
  std::string text;
  for (size_t i = 0; i < plans.size(); ++i) {
    const LayerPlan &plan = plans[i];
    if (plan.chained) {
      const size_t begin = i;
      while (i + 1 < plans.size() && plans[i + 1].chained && plans[i + 1].joins)
        ++i;
      text += (text.empty() ? "chain" : ";chain") + to_string(i + 1 - begin) + "x" +
              to_string(plans[i].tiling.rows);
      continue;
    }
    text += plan.joins ? "+" : text.empty() ? "" : ";";
    text += tilingText(plan.tiling) + (plan.share ? shareText(*plan.share) : "");
  }
  return text;
}

std::string illegal(const Target &target, std::span<const Layer> layers, std::span<const LayerPlan> plans) {
  if (target.isVta())
    return "plans of level vta are not tuned";
  for (size_t begin = 0, end; begin < plans.size(); begin = end) {
    end = begin + 1;
    while (end < plans.size() && plans[end].joins)
      ++end;
    const auto group = layers.subspan(begin, end - begin);
    const auto groupPlans = plans.subspan(begin, end - begin);
    std::string why = plans[begin].joins     ? "the first layer joins another"
                      : plans[begin].chained ? illegalChain(target, group, groupPlans)
                      : end - begin > 1 || plans[begin].share
                          ? illegalPair(target, group, groupPlans)
                          : illegalTiling(target, group[0], groupPlans[0].tiling, false);
    if (!why.empty())
      return why;
  }
  return "";
}

isa::Expected<std::vector<LayerPlan>> readChoice(const Target &target, std::span<const Layer> layers,
                                                 std::string_view text) {
  auto plans = Reader(text, layers).read();
  if (plans)
    if (std::string why = illegal(target, layers, *plans); !why.empty())
      return isa::Error{std::move(why)};
  return plans;
}

} // namespace tessera::compiler::npu
