#include "commands.h"
#include "info.h"

#include "tessera/isa/image.h"
#include "tessera/isa/json.h"

#include <cstdio>

namespace tessera::tools {

using isa::json::Value;

namespace {

std::string textOf(const Value &object, const char *key) {
  const Value *value = object.find(key);
  return value ? value->string : std::string();
}

long long numberOf(const Value &object, const char *key) {
  const Value *value = object.find(key);
  return value ? value->integer : 0;
}

void printTensors(const Value &metadata, const char *key) {
  const Value *tensors = metadata.find(key);
  for (const Value &tensor : tensors ? tensors->items : std::vector<Value>()) {
    std::printf("  %s %s %s[", key, textOf(tensor, "name").c_str(), textOf(tensor, "type").c_str());
    if (const Value *shape = tensor.find("shape"))
      for (size_t i = 0; i < shape->items.size(); ++i)
        std::printf("%s%lld", i ? "," : "", static_cast<long long>(shape->items[i].integer));
    const Value *scale = tensor.find("scale");
    std::printf("] scale %g zero point %lld\n", scale ? scale->real : 0, numberOf(tensor, "zero_point"));
  }
}

} // namespace

int printImage(std::span<const uint8_t> file, const std::string &name) {
  auto image = isa::ProgramImage::parse(file);
  if (!image)
    return fail(name + ": " + image.error().message);
  auto metadata = isa::json::parse(image->text(isa::ProgramImage::kMetadata));
  if (!metadata)
    return fail(name + ": metadata: " + metadata.error().message);
  std::printf("program image %s: model %s for machine %s, configuration hash %016llx\n", name.c_str(),
              textOf(*metadata, "model").c_str(), textOf(*metadata, "machine").c_str(),
              static_cast<unsigned long long>(image->configHash));
  for (const isa::ProgramImage::Section &section : image->sections())
    std::printf("  section %-12s %10zu bytes\n", section.name.c_str(), section.bytes.size());
  printTensors(*metadata, "inputs");
  printTensors(*metadata, "outputs");
  std::printf("  launches %lld, arena %lld bytes\n", numberOf(*metadata, "segments"),
              numberOf(*metadata, "arena_bytes"));
  const Value *layers = metadata->find("layers");
  std::printf("  %-4s %-18s %-32s %14s  %s\n", "runs", "operation", "layer", "MACs", "why");
  for (const Value &layer : layers ? layers->items : std::vector<Value>())
    std::printf("  %-4s %-18s %-32s %14lld  %s\n", textOf(layer, "where").c_str(),
                textOf(layer, "op").c_str(), textOf(layer, "name").c_str(), numberOf(layer, "macs"),
                textOf(layer, "why").c_str());
  return 0;
}

} // namespace tessera::tools
