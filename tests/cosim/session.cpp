#include "session.h"

#include <algorithm>
#include <cstring>
#include <iomanip>
#include <sstream>

#include "describe.h"
#include "random.h"

namespace tessera::cosim {

std::vector<uint8_t> initialDram(const Session &session) {
  std::vector<uint8_t> dram(session.dramBytes);
  Random random(session.dramSeed);
  for (size_t i = 0; i + 8 <= dram.size(); i += 8) {
    const uint64_t value = random.next();
    std::memcpy(dram.data() + i, &value, 8);
  }
  return dram;
}

void applyWrites(const ProgramCase &program, std::vector<uint8_t> &dram) {
  const auto put = [&](uint64_t address, const void *bytes, size_t count) {
    if (address < dram.size())
      std::memcpy(dram.data() + address, bytes, std::min<size_t>(count, dram.size() - address));
  };
  for (const HostWrite &write : program.writes)
    put(write.address, write.bytes.data(), write.bytes.size());
  put(program.registers.insnAddress, program.words.data(), program.words.size() * sizeof(isa::Word128));
}

namespace {

struct NamedRegister {
  const char *name;
  uint32_t &(*of)(simulator::LaunchRegisters &);
};
using Registers = simulator::LaunchRegisters;
constexpr NamedRegister kRegisters[] = {
    {"insn_address", [](Registers &r) -> uint32_t & { return r.insnAddress; }},
    {"insn_count", [](Registers &r) -> uint32_t & { return r.insnCount; }},
    {"uop_base", [](Registers &r) -> uint32_t & { return r.bases.uop; }},
    {"inp_base", [](Registers &r) -> uint32_t & { return r.bases.inp; }},
    {"wgt_base", [](Registers &r) -> uint32_t & { return r.bases.wgt; }},
    {"acc_base", [](Registers &r) -> uint32_t & { return r.bases.acc; }},
    {"out_base", [](Registers &r) -> uint32_t & { return r.bases.out; }},
    {"par_base", [](Registers &r) -> uint32_t & { return r.bases.par; }}};

void hex(std::ostream &out, uint64_t value, int digits) {
  out << std::hex << std::setfill('0') << std::setw(digits) << value << std::dec;
}

} // namespace

std::string toText(const Session &session, const isa::MachineConfig &machine) {
  std::ostringstream out;
  out << "tessera-cosim 1\nmachine " << session.machine << "\nmemory " << session.memory << "\nseed "
      << session.seed << "\ndram_bytes " << session.dramBytes << "\ndram_seed " << session.dramSeed << "\n";
  for (const ProgramCase &program : session.programs) {
    out << "program\n";
    Registers registers = program.registers;
    for (const NamedRegister &r : kRegisters)
      out << "register " << r.name << ' ' << r.of(registers) << '\n';
    for (const HostWrite &write : program.writes) {
      out << "write " << write.address << ' ';
      for (uint8_t byte : write.bytes)
        hex(out, byte, 2);
      out << '\n';
    }
    for (size_t i = 0; i < program.words.size(); ++i) {
      out << "insn ";
      hex(out, program.words[i].hi, 16);
      hex(out, program.words[i].lo, 16);
      out << " # " << i << ": " << describe(program.words[i], machine) << '\n';
    }
  }
  return out.str();
}

isa::Expected<Session> parseSession(const std::string &text) {
  Session session;
  std::istringstream lines(text);
  std::string line;
  int number = 0;
  bool headed = false;
  const auto bad = [&](const std::string &what) {
    return isa::Error{"replay file line " + std::to_string(number) + ": " + what};
  };
  while (std::getline(lines, line)) {
    ++number;
    line = line.substr(0, line.find('#'));
    std::istringstream words(line);
    std::string key;
    if (!(words >> key))
      continue;
    if (key == "tessera-cosim") {
      headed = true;
      continue;
    }
    if (!headed)
      return bad("not a replay file: the first line is not 'tessera-cosim 1'");
    const bool inProgram = !session.programs.empty();
    if (key == "machine")
      words >> session.machine;
    else if (key == "memory")
      words >> session.memory;
    else if (key == "seed")
      words >> session.seed;
    else if (key == "dram_bytes")
      words >> session.dramBytes;
    else if (key == "dram_seed")
      words >> session.dramSeed;
    else if (key == "program")
      session.programs.emplace_back();
    else if (key == "register" && inProgram) {
      std::string name;
      words >> name;
      const auto *r =
          std::find_if(std::begin(kRegisters), std::end(kRegisters), [&](auto &x) { return name == x.name; });
      if (r == std::end(kRegisters))
        return bad("unknown register '" + name + "'");
      words >> r->of(session.programs.back().registers);
    } else if (key == "write" && inProgram) {
      HostWrite write;
      std::string digits;
      words >> write.address >> digits;
      if (digits.size() % 2 != 0 || digits.find_first_not_of("0123456789abcdef") != std::string::npos)
        return bad("bytes are not pairs of hexadecimal digits");
      for (size_t i = 0; i < digits.size(); i += 2)
        write.bytes.push_back(static_cast<uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
      session.programs.back().writes.push_back(std::move(write));
    } else if (key == "insn" && inProgram) {
      std::string digits;
      words >> digits;
      if (digits.size() != 32 || digits.find_first_not_of("0123456789abcdef") != std::string::npos)
        return bad("an instruction has 32 hexadecimal digits, not '" + digits + "'");
      session.programs.back().words.push_back(
          {std::stoull(digits.substr(16), nullptr, 16), std::stoull(digits.substr(0, 16), nullptr, 16)});
    } else {
      return bad("unknown line '" + key + "'");
    }
    if (words.fail())
      return bad("value missing after '" + key + "'");
  }
  if (!headed)
    return bad("empty replay file");
  if (session.dramBytes > (1u << 30))
    return bad("dram_bytes " + std::to_string(session.dramBytes) + " exceeds 2^30");
  return session;
}

} // namespace tessera::cosim
