/// The subcommands of `tessera`, one file each.
///
/// Every function adds its subcommand to `app`. When the user chose it, its callback does the work and leaves the exit status in
/// `status`: 0, or 1 after one line `error: ...` on stderr (fail() below). Wrong arguments are CLI11's to report, with status 2.
#ifndef TESSERA_TOOLS_COMMANDS_H
#define TESSERA_TOOLS_COMMANDS_H

#include <CLI/CLI.hpp>

#include <string>

namespace tessera::tools {

void addRun(CLI::App &app, int &status);
void addProfile(CLI::App &app, int &status);
void addEval(CLI::App &app, int &status);
void addCompile(CLI::App &app, int &status);
void addTune(CLI::App &app, int &status);
void addQuantize(CLI::App &app, int &status);
void addInfo(CLI::App &app, int &status);
void addDevices(CLI::App &app, int &status);
void addAsm(CLI::App &app, int &status);
void addDisasm(CLI::App &app, int &status);
void addExec(CLI::App &app, int &status);

/// Prints `error: message` (one line: line breaks become blanks) to stderr; returns 1.
int fail(const std::string &message);

/// Prints `warning: message` (one line) to stderr.
void warn(const std::string &message);

} // namespace tessera::tools

#endif
