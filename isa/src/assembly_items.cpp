#include "assembly_items.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace tessera::isa {
namespace {

using Form = AssemblyItem::Form;

/// Fields that the text joins or renames; a row applies to instructions that have all of its fields.
struct Rule {
  Form form;
  const char *name;
  std::vector<std::string_view> fields;
  bool omittedWhenZero = false;
  int64_t offset = 0;
};

const std::vector<Rule> &rules() {
  static const std::vector<Rule> table = {
      {Form::Range, "uop", {"uop_bgn", "uop_end"}},
      {Form::Pair, "iter", {"iter_out", "iter_in"}},
      {Form::Pair, "dst", {"dst_factor_out", "dst_factor_in"}},
      {Form::Pair, "src", {"src_factor_out", "src_factor_in"}},
      {Form::Pair, "wgt", {"wgt_factor_out", "wgt_factor_in"}},
      {Form::Pair, "base", {"dst_base", "src_base", "wgt_base"}},
      {Form::Pair, "base", {"dst_base", "lhs_base", "rhs_base"}},
      {Form::Value, "sram", {"sram_base"}},
      {Form::Value, "dram", {"dram_base"}},
      {Form::Pair, "size", {"y_size", "x_size"}},
      {Form::Value, "stride", {"x_stride"}},
      {Form::Pair, "pad", {"y_pad_0", "y_pad_1", "x_pad_0", "x_pad_1"}, true},
      {Form::Pair, "clamp", {"clamp_min", "clamp_max"}},
      {Form::Value, "taps", {"taps"}, false, 1},
      {Form::Immediate, "imm", {"use_imm", "imm"}, true},
  };
  return table;
}

/// Indices of the named fields, or empty where the instruction lacks one.
std::vector<size_t> find(std::span<const FieldInfo> fields, const std::vector<std::string_view> &names) {
  std::vector<size_t> indices;
  for (std::string_view name : names) {
    auto at = std::find_if(fields.begin(), fields.end(),
                           [&](const FieldInfo &field) { return name == field.name; });
    if (at == fields.end())
      return {};
    indices.push_back(static_cast<size_t>(at - fields.begin()));
  }
  return indices;
}

std::vector<AssemblyItem> makeItems(std::span<const FieldInfo> fields) {
  std::vector<AssemblyItem> items;
  std::vector<bool> done(fields.size());
  bool hasName = false;
  for (size_t f = 0; f < fields.size(); ++f) {
    if (done[f] || fields[f].isConstant)
      continue;
    auto rule = std::find_if(rules().begin(), rules().end(), [&](const Rule &r) {
      auto indices = find(fields, r.fields);
      return !indices.empty() && indices[0] == f;
    });
    if (rule != rules().end()) {
      items.push_back(
          {rule->form, rule->name, find(fields, rule->fields), rule->omittedWhenZero, rule->offset});
      for (size_t index : items.back().fields)
        done[index] = true;
    } else if (fields[f].valueNames && !hasName) {
      hasName = true;
      items.insert(items.begin(), {Form::Name, fields[f].name, {f}});
    } else if (fields[f].fixedBits == 1 && !fields[f].derivedBits) {
      items.push_back({Form::Flag, fields[f].name, {f}, true});
    } else {
      items.push_back({Form::Value, fields[f].name, {f}});
    }
  }
  return items;
}

} // namespace

const DependencyWord kDependencyWords[4] = {{"pop_prev", &Dependencies::popPrev},
                                            {"pop_next", &Dependencies::popNext},
                                            {"push_prev", &Dependencies::pushPrev},
                                            {"push_next", &Dependencies::pushNext}};

const std::vector<AssemblyItem> &assemblyItems(size_t kind) {
  static const auto table = [] {
    std::array<std::vector<AssemblyItem>, kInstructionKinds> made;
    for (size_t k = 0; k < kInstructionKinds; ++k)
      made[k] = makeItems(instructionTable()[k].fields);
    return made;
  }();
  return table[kind];
}

} // namespace tessera::isa
