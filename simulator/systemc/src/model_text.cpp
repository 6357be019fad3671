#include "model_text.h"

#include <charconv>
#include <string_view>

namespace tessera::simulator {

isa::Expected<PlatformModel> parsePlatformModel(const std::string &text) {
  PlatformModel model;
  std::string_view rest = text;
  const auto next = [&rest] {
    const size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    return part;
  };
  const std::string_view name = next();
  model.isCycle = name == "cycle" || name == "bench";
  if (!model.isCycle && name != "lt" && !name.empty())
    return isa::Error{"unknown model '" + std::string(name) + "' of the SystemC platform (lt, cycle)"};
  while (!rest.empty()) {
    const std::string_view part = next();
    const size_t equals = part.find('=');
    const std::string_view key = part.substr(0, equals),
                           digits = equals == part.npos ? "" : part.substr(equals + 1);
    uint32_t *value = key == "latency"       ? &model.latency
                      : key == "response"    ? &model.response
                      : key == "outstanding" ? &model.outstanding
                                             : nullptr;
    if (!value || !model.isCycle)
      return isa::Error{"the SystemC platform has no parameter '" + std::string(part) + "'"};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *value);
    const uint32_t greatest = value == &model.outstanding ? 64 : 100000;
    if (error != std::errc() || end != digits.data() + digits.size() || *value < 1 || *value > greatest)
      return isa::Error{"parameter '" + std::string(part) + "' is not a number from 1 to " +
                        std::to_string(greatest)};
  }
  return model;
}

} // namespace tessera::simulator
