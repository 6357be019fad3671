// tessera_cosim: random programs on the functional model and on the Verilated core. Ends with 1 at the first difference,
// which it minimises and writes to a file that replays it; 2 where it cannot run.
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include "analysis.h"
#include "cycle.h"
#include "generator.h"
#include "minimise.h"

using namespace tessera;
using namespace tessera::cosim;

namespace {

struct Options {
  std::vector<std::string> machines{"tiny"};
  uint64_t count = 100, seed = 1;
  std::string memory = "mixed", replay, level = "both", output = "tessera_cosim_failure.txt",
              second = "cycle";
  double minimiseSeconds = 60;
};

ModelMaker secondModel(const Options &options) {
  return options.second == "reference" ? makeReference : makeCycle;
}

/// `mixed` is chaos with a new seed each time, and sometimes bench.
std::string memoryOf(const Options &options, uint64_t seed) {
  if (options.memory != "mixed")
    return options.memory;
  return seed % 8 == 0 ? "bench" : "chaos,seed=" + std::to_string(seed % 1000003);
}

int fail(const std::string &message) {
  std::cerr << "error: " << message << '\n';
  return 2;
}

int report(const Options &options, const isa::MachineConfig &machine, Session session,
           const Difference &difference, isa::ErrorCode code) {
  std::cout << "seed " << session.seed << " machine " << session.machine << " memory " << session.memory
            << " program " << difference.program << ": " << difference.text << '\n';
  session.programs.resize(difference.program + 1);
  const auto stillFails = [&](const Session &candidate) {
    const auto result = compare(machine, candidate, makeFunctional, secondModel(options));
    return result && result->difference && result->difference->program + 1 == candidate.programs.size() &&
           result->outcomes.back().code == code && hasOneOutcome(machine, candidate, result->outcomes);
  };
  if (options.minimiseSeconds > 0)
    session = minimise(machine, session, stillFails, options.minimiseSeconds);
  std::ofstream file(options.output);
  file << toText(session, machine);
  file.close();
  if (!file)
    return fail("cannot write " + options.output);
  size_t instructions = 0;
  for (const ProgramCase &program : session.programs)
    instructions += program.words.size();
  const auto result = compare(machine, session, makeFunctional, secondModel(options));
  if (result && result->difference)
    std::cout << "minimised: " << result->difference->text << '\n';
  std::cout << session.programs.size() << " programs, " << instructions
            << " instructions; replay with: tessera_cosim --replay " << options.output << '\n';
  return 1;
}

int replay(const Options &options) {
  std::ifstream file(options.replay);
  std::stringstream text;
  text << file.rdbuf();
  if (!file)
    return fail("cannot read " + options.replay);
  auto session = parseSession(text.str());
  if (!session)
    return fail(session.error().message);
  const auto machine = isa::loadMachine(session->machine);
  if (!machine)
    return fail(machine.error().message);
  const auto result = compare(*machine, *session, makeFunctional, secondModel(options));
  if (!result)
    return fail(result.error().message);
  if (!result->difference) {
    std::cout << session->programs.size() << " programs agree\n";
    return 0;
  }
  std::cout << "program " << result->difference->program << ": " << result->difference->text << '\n';
  return 1;
}

int runMachine(const Options &options, const std::string &name) {
  const auto machine = isa::loadMachine(name);
  if (!machine)
    return fail(machine.error().message);
  const auto start = std::chrono::steady_clock::now();
  uint64_t programs = 0, cycles = 0, errors = 0;
  for (uint64_t n = 0; programs < options.count; ++n) {
    const uint64_t seed = options.seed * 1000000007 + n;
    GeneratorOptions generator;
    const bool vta = options.level == "vta" || (options.level == "both" && n % 3 == 0);
    generator.level = vta ? isa::Level::Vta : isa::Level::Tessera;
    GeneratedSession made = generateSession(*machine, name, memoryOf(options, seed), seed, generator);
    const auto result = compare(*machine, made.session, makeFunctional, secondModel(options));
    if (!result)
      return fail(result.error().message);
    if (result->difference)
      return report(options, *machine, std::move(made.session), *result->difference,
                    result->outcomes.back().code);
    programs += made.session.programs.size();
    cycles += result->cycles;
    for (const Model::Outcome &outcome : result->outcomes)
      errors += outcome.code != isa::ErrorCode::None;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%s: %llu programs agree (%llu with errors), seed %llu, %llu cycles, %.1f s\n", name.c_str(),
              static_cast<unsigned long long>(programs), static_cast<unsigned long long>(errors),
              static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(cycles),
              seconds);
  std::fflush(stdout);
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  CLI::App app("random programs on the functional model and the Verilated core");
  app.add_option("--machine", options.machines, "machines (names or files), or all")->delimiter(',');
  app.add_option("--count", options.count, "programs a machine");
  app.add_option("--seed", options.seed, "where the random numbers start");
  app.add_option("--memory", options.memory,
                 "memory model; mixed: chaos with changing seeds, sometimes bench");
  app.add_option("--level", options.level, "instructions used: vta, tessera or both")
      ->check(CLI::IsMember({"vta", "tessera", "both"}));
  app.add_option("--replay", options.replay, "run this file instead");
  app.add_option("--output", options.output, "where a failing session is written");
  app.add_option("--minimise-seconds", options.minimiseSeconds,
                 "time to make a failing session small; 0: not at all");
  app.add_option("--against", options.second, "the second model: cycle, or the plain reference interpreter")
      ->check(CLI::IsMember({"cycle", "reference"}));
  CLI11_PARSE(app, argc, argv);
  if (!options.replay.empty())
    return replay(options);
  if (options.machines == std::vector<std::string>{"all"})
    options.machines = isa::machineNames();
  for (const std::string &name : options.machines)
    if (const int status = runMachine(options, name); status != 0)
      return status;
  return 0;
}
