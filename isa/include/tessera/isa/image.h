// The program image (.tsr): what the compiler hands to the driver. One file: magic, version, configuration hash of the machine
// that it was compiled for, and named sections, each with a checksum. Every byte of the file is covered by a checksum or must
// be zero, so truncation and any corrupted byte are found by the reader, which returns an error and never reads out of bounds.
//
// Layout, little-endian: magic "TSR\x1aIMG\n" (8), major and minor version (u16, u16), number of sections (u32), configuration
// hash (u64), bytes of the file (u64), CRC-32 of all header bytes and the table with this field zero (u32), zero (u32); then
// the table, one entry a section: name (32 bytes, zero-padded), offset (u64), bytes (u64), CRC-32 (u32), zero (u32); then the
// contents in the order of the table, each at the next multiple of 64 bytes, gaps zero; the file ends with the last content.
#pragma once

#include "tessera/isa/error.h"
#include "tessera/isa/machine.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::isa {

/// CRC-32 (IEEE 802.3, reflected, as zlib's) of the bytes, continuing from `previous`.
uint32_t crc32(std::span<const uint8_t> bytes, uint32_t previous = 0);

class ProgramImage {
public:
  static constexpr uint16_t kMajor = 1, kMinor = 0;
  static constexpr size_t kMaxSections = 64;
  static constexpr size_t kMaxNameBytes = 31;

  /// Names of the sections that every image has; others may be added.
  static constexpr const char *kMetadata = "metadata";      ///< JSON: docs/host-code.md
  static constexpr const char *kConstants = "constants";    ///< device DRAM contents, memory region 0
  static constexpr const char *kHostObject = "host_object"; ///< relocatable ELF for the host

  struct Section {
    std::string name;
    std::vector<uint8_t> bytes;
    friend bool operator==(const Section &, const Section &) = default;
  };

  /// MachineConfig::hash() of the machine that the image needs; 0: no NPU part, fits any machine.
  uint64_t configHash = 0;

  const std::vector<Section> &sections() const { return sections_; }

  /// Adds the section or replaces its contents. Names have 1 to kMaxNameBytes printable ASCII characters.
  void set(std::string name, std::vector<uint8_t> bytes);
  void setText(std::string name, std::string_view text);

  /// The contents, or null.
  const std::vector<uint8_t> *find(std::string_view name) const;
  /// The contents as text; empty where there is no such section.
  std::string_view text(std::string_view name) const;

  /// Fails where the image was compiled for another machine: `image is compiled for configuration 1a.., machine pynq has 2b..`.
  Expected<void> checkMachine(const MachineConfig &machine) const;

  /// Fails on too many sections or a bad name.
  Expected<std::vector<uint8_t>> serialize() const;
  static Expected<ProgramImage> parse(std::span<const uint8_t> bytes);

  /// Writes beside `path` and renames, so that `path` is either the whole new image or what it was. A full disk is an error.
  Expected<void> write(const std::string &path) const;
  static Expected<ProgramImage> read(const std::string &path);

private:
  std::vector<Section> sections_;
};

/// Largest file that is read (2 GiB).
inline constexpr size_t kMaxFileBytes = size_t{1} << 31;

/// The bytes of a file; the error names path and cause: `cannot read x.tsr: No such file or directory`.
Expected<std::vector<uint8_t>> readFile(const std::string &path);

/// Writes beside `path` and renames; on failure nothing is left behind. What is there must be a regular file.
Expected<void> writeFileAtomically(const std::string &path, std::span<const uint8_t> bytes);

} // namespace tessera::isa
