#include "tessera/compiler/ahead_of_time.h"

#include "aot/facts.h"
#include "aot/link.h"
#include "aot/target.h"
#include "host/metadata.h"
#include "tessera/compiler/compiler.h"

#include <nlohmann/json.hpp>

#include <set>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

/// The error names every open extent, so that one more command is enough.
Expected<void> checkFixed(std::span<const TensorInfo> inputs, std::span<const TensorInfo> outputs) {
  std::string open, options, unnamed;
  std::set<std::string> seen;
  for (const auto &tensors : {inputs, outputs})
    for (const TensorInfo &tensor : tensors) {
      for (size_t i = 0; i < tensor.symbols.size(); ++i)
        if (tensor.shape[i] == kDynamicExtent && tensor.symbols[i] != "?" &&
            seen.insert(tensor.symbols[i]).second) {
          open += (open.empty() ? "" : ", ") + tensor.symbols[i] + " of " + tensor.name;
          options += " --extent " + tensor.symbols[i] + "=N";
        }
      if (tensor.isDynamic() && unnamed.empty())
        unnamed = tensor.name;
    }
  if (!open.empty())
    return Error{"open extents (" + open + "), and a library has fixed ones:" + options};
  if (!unnamed.empty())
    return Error{"the shape of " + unnamed +
                 " is known only when the network runs, and a library has fixed ones"};
  return {};
}

Expected<aot::Facts> factsOf(const isa::ProgramImage &image, const LibraryOptions &options,
                             const cpu::HostTarget &host) {
  const std::string text(image.text(isa::ProgramImage::kMetadata));
  auto metadata = parseMetadata(text);
  if (!metadata)
    return metadata.error();
  if (auto fixed = checkFixed(metadata->inputs, metadata->outputs); !fixed)
    return fixed.error();
  aot::Facts facts;
  facts.name = identifierOf(options.name);
  facts.network = options.name;
  facts.target = options.target;
  facts.cpu = host.cpu;
  facts.inputs = std::move(metadata->inputs);
  facts.outputs = std::move(metadata->outputs);
  facts.arenaBytes = nlohmann::json::parse(text).at("host_arena_bytes").get<uint64_t>();
  for (const LayerInfo &layer : metadata->layers)
    facts.macs += layer.report.macs;
  return facts;
}

std::vector<uint8_t> bytesOf(std::string_view text) { return {text.begin(), text.end()}; }

} // namespace

std::string identifierOf(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool isLetter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), isDigit = c >= '0' && c <= '9';
    if (result.empty() && isDigit)
      result = "n";
    result += isLetter || isDigit ? c : '_';
  }
  if (result == "tessera_network" || result == "tessera_aot" || result == "tsr_pool") // the runtime's
    result += "_";
  return result.empty() ? "network" : result;
}

Expected<std::vector<LibraryFile>> makeLibrary(std::span<const uint8_t> model,
                                               const LibraryOptions &options) {
  auto target = aot::targetOf(options.target);
  if (!target)
    return target.error();
  auto host = aot::processorOf(**target, options.cpu);
  if (!host)
    return host.error();
  CompileOptions compileOptions;
  compileOptions.cpuOnly = true;
  compileOptions.arenaFromCaller = true;
  compileOptions.modelName = options.name;
  compileOptions.modelFolder = options.modelFolder;
  compileOptions.extents = options.extents;
  compileOptions.hostTriple = host->triple;
  compileOptions.hostCpu = host->cpu;
  compileOptions.hostFeatures = host->features;
  compileOptions.hostCacheBytes = host->cacheBytes;
  compileOptions.dump = options.dump;
  compileOptions.tuned = options.tuned;
  compileOptions.warn = options.warn;
  auto compiled = compile(model, compileOptions);
  if (!compiled)
    return compiled.error();
  auto facts = factsOf(compiled->image, options, *host);
  if (!facts)
    return facts.error();
  auto description = cpu::emitText(aot::describeAsCode(*facts), *host);
  if (!description)
    return description.error();
  const std::vector<uint8_t> objects[] = {*compiled->image.find(isa::ProgramImage::kHostObject),
                                          std::move(*description)};
  auto library = aot::link(options.target, facts->name, objects);
  if (!library)
    return library.error();
  std::vector<LibraryFile> files;
  files.push_back({"tessera_network.h", bytesOf(aot::networkHeader())});
  files.push_back({facts->name + ".h", bytesOf(aot::describeAsHeader(*facts))});
  files.push_back({"lib" + facts->name + ".so", std::move(*library)});
  return files;
}

} // namespace tessera::compiler
