#include "info.h"

#include "tessera/isa/image.h"
#include "tessera/isa/json.h"

#include <cstdio>

namespace tessera::tools {

namespace {

// An image may come from anyone, so a member of another type counts as absent.
std::string textOf(const Facts &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double realOf(const Facts &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

long long numberOf(const Facts &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<long long>() : 0;
}

/// The array under `key`, or an empty one.
const Facts &listOf(const Facts &object, const char *key) {
  static const Facts kNone = Facts::array();
  auto found = object.find(key);
  return found != object.end() && found->is_array() ? *found : kNone;
}

void printTensors(const Facts &metadata, const char *key) {
  for (const Facts &tensor : listOf(metadata, key)) {
    std::string shape;
    for (const Facts &extent : listOf(tensor, "shape"))
      shape += (shape.empty() ? "" : ",") + extent.dump();
    std::printf("  %s %s %s[%s]", key, textOf(tensor, "name").c_str(), textOf(tensor, "type").c_str(),
                shape.c_str());
    if (realOf(tensor, "scale") != 0) // quantised
      std::printf(" scale %g zero point %lld", realOf(tensor, "scale"), numberOf(tensor, "zero_point"));
    std::printf("\n");
  }
}

} // namespace

isa::Expected<Facts> imageFacts(std::span<const uint8_t> file, const std::string &name) {
  auto image = isa::ProgramImage::parse(file);
  if (!image)
    return isa::Error{name + ": " + image.error().message};
  const std::string text(image->text(isa::ProgramImage::kMetadata));
  if (auto checked = isa::json::parse(text); !checked) // limits its depth, and says where it is wrong
    return isa::Error{name + ": metadata: " + checked.error().message};
  const Facts metadata = Facts::parse(text, nullptr, false);
  if (!metadata.is_object())
    return isa::Error{name + ": metadata is no JSON object"};
  char hash[20];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(image->configHash));
  Facts facts = {{"file", name}, {"config_hash", hash}, {"sections", Facts::array()}};
  for (const isa::ProgramImage::Section &section : image->sections())
    facts["sections"].push_back({{"name", section.name}, {"bytes", section.bytes.size()}});
  for (const auto &[key, value] : metadata.items())
    if (!facts.contains(key))
      facts[key] = value;
  long long all = 0, accelerated = 0;
  for (const Facts &layer : listOf(facts, "layers")) {
    const long long macs = numberOf(layer, "macs");
    all += macs;
    accelerated += textOf(layer, "where") == "npu" ? macs : 0;
  }
  facts["macs"] = all;
  facts["macs_on_npu"] = accelerated;
  return facts;
}

void printImage(const Facts &facts) {
  std::printf("program image %s: model %s for machine %s, configuration hash %s\n",
              textOf(facts, "file").c_str(), textOf(facts, "model").c_str(), textOf(facts, "machine").c_str(),
              textOf(facts, "config_hash").c_str());
  for (const Facts &section : facts["sections"])
    std::printf("  section %-12s %10lld bytes\n", textOf(section, "name").c_str(),
                numberOf(section, "bytes"));
  printTensors(facts, "inputs");
  printTensors(facts, "outputs");
  std::printf("  launches %lld, arena %lld bytes\n", numberOf(facts, "segments"),
              numberOf(facts, "arena_bytes"));
  std::printf("  %-4s %-18s %-32s %14s  %s\n", "runs", "operation", "layer", "MACs", "why");
  for (const Facts &layer : listOf(facts, "layers"))
    std::printf("  %-4s %-18s %-32s %14lld  %s\n", textOf(layer, "where").c_str(),
                textOf(layer, "op").c_str(), textOf(layer, "name").c_str(), numberOf(layer, "macs"),
                textOf(layer, "why").c_str());
  const long long all = numberOf(facts, "macs"), accelerated = numberOf(facts, "macs_on_npu");
  std::printf("  on the accelerator %lld of %lld multiply-accumulates, %.1f %%\n", accelerated, all,
              all == 0 ? 0 : 100 * static_cast<double>(accelerated) / static_cast<double>(all));
}

} // namespace tessera::tools
