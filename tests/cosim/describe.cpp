#include "describe.h"

#include "hazard_tracker.h"

namespace tessera::cosim {

std::string describe(isa::Word128 word, const isa::MachineConfig &machine) {
  const auto decoded = isa::Layout(machine).decodeFields(word);
  if (!decoded)
    return decoded.error().message;
  const isa::InstructionInfo &info = isa::instructionTable()[decoded->index()];
  std::string text = info.name;
  const isa::Dependencies &flags = dependenciesOf(*decoded);
  if (flags.popPrev)
    text += " pop_prev";
  if (flags.popNext)
    text += " pop_next";
  if (flags.pushPrev)
    text += " push_prev";
  if (flags.pushNext)
    text += " push_next";
  std::visit(
      [&](const auto &x) {
        isa::visitFields(x, [&](size_t field, const auto &value) {
          const auto number = static_cast<int64_t>(value);
          if (number != 0)
            text += std::string(" ") + info.fields[field].name + '=' + std::to_string(number);
        });
      },
      *decoded);
  return text;
}

} // namespace tessera::cosim
