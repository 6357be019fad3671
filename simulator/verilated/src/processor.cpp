#include "processor.h"

#include "cycle_abi.h"

#include "tessera/isa/image.h"

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string_view>

namespace tessera::simulator {

std::string processorFeatures() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("flags") || line.starts_with("Features"))
      return line.substr(line.find(':') + 1);
  return "";
}

std::string unfitForProcessor(const std::string &library) {
  const isa::Expected<std::vector<uint8_t>> file = isa::readFile(library);
  if (!file)
    return file.error().message;
  const std::string_view bytes(reinterpret_cast<const char *>(file->data()), file->size());
  const std::string_view mark = TSR_CYCLE_PROCESSOR_MARK;
  const size_t at = bytes.find(mark);
  if (at == bytes.npos)
    return "it does not say for which processor it is";
  const std::string_view rest = bytes.substr(at + mark.size());
  std::istringstream here(processorFeatures()), wanted(std::string(rest.substr(0, rest.find('\0'))));
  const std::set<std::string> present{std::istream_iterator<std::string>(here), {}};
  for (std::string feature; wanted >> feature;)
    if (!present.contains(feature))
      return "it is for a processor with " + feature;
  return "";
}

} // namespace tessera::simulator
