/// What a command reports, as one JSON value from which the text for people is made too.
#ifndef TESSERA_TOOLS_FACTS_H
#define TESSERA_TOOLS_FACTS_H

#include "commands.h"
#include "files.h"

#include <nlohmann/json.hpp>

#include <string>

namespace tessera::tools {

using Facts = nlohmann::ordered_json;

/// Adds the option --json to a command that reports.
inline void addJsonOption(CLI::App &command, std::string &path) {
  command.add_option("--json", path, "file for the report as JSON; - is stdout, and nothing else goes there");
}

/// Prints `facts` as text with `print`, unless JSON goes to stdout, and writes them to `path` where one is given.
inline isa::Expected<void> tell(const Facts &facts, void (*print)(const Facts &), const std::string &path) {
  if (path != "-")
    print(facts);
  if (path.empty())
    return {};
  return writeFile(path, facts.dump(2, ' ', false, Facts::error_handler_t::replace) + "\n");
}

} // namespace tessera::tools

#endif
