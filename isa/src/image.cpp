#include "tessera/isa/image.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstring>

namespace tessera::isa {
namespace {

constexpr std::array<uint8_t, 8> kMagic = {'T', 'S', 'R', 0x1a, 'I', 'M', 'G', '\n'};
constexpr size_t kHeaderBytes = 40, kEntryBytes = 56, kNameBytes = 32, kChecksumAt = 32;
constexpr uint64_t kAlignment = 64;

uint64_t alignUp(uint64_t x) { return (x + kAlignment - 1) / kAlignment * kAlignment; }

template <class T> void put(std::vector<uint8_t> &out, size_t at, T value) {
  for (size_t i = 0; i < sizeof(T); ++i)
    out[at + i] = static_cast<uint8_t>(value >> 8 * i);
}

template <class T> T get(std::span<const uint8_t> in, size_t at) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(value | static_cast<T>(in[at + i]) << 8 * i);
  return value;
}

bool isName(std::string_view name) {
  return !name.empty() && name.size() <= ProgramImage::kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
}

std::string hex(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

Error bytesError(const std::string &what, uint64_t have, const char *relation, uint64_t wanted) {
  return Error{what + " " + std::to_string(have) + " " + relation + " " + std::to_string(wanted)};
}

/// Magic, version, size and checksum of header and table; the number of sections.
Expected<uint32_t> checkHeader(std::span<const uint8_t> bytes) {
  if (bytes.size() < kMagic.size() || !std::equal(kMagic.begin(), kMagic.end(), bytes.begin()))
    return Error{"not a program image: it does not begin with the magic bytes"};
  if (bytes.size() < kHeaderBytes)
    return bytesError("image is truncated:", bytes.size(), "bytes of a header of", kHeaderBytes);
  if (auto major = get<uint16_t>(bytes, 8); major != ProgramImage::kMajor)
    return bytesError("image version", major, "is not", ProgramImage::kMajor);
  auto size = get<uint64_t>(bytes, 24);
  if (size > bytes.size())
    return bytesError("image is truncated:", bytes.size(), "bytes of", size);
  auto count = get<uint32_t>(bytes, 12);
  if (count > ProgramImage::kMaxSections)
    return bytesError("image has", count, "sections, more than", ProgramImage::kMaxSections);
  size_t tableEnd = kHeaderBytes + count * kEntryBytes;
  if (tableEnd > bytes.size())
    return bytesError("image is truncated:", bytes.size(), "bytes of header and table of", tableEnd);
  std::vector<uint8_t> head(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(tableEnd));
  put<uint32_t>(head, kChecksumAt, 0);
  if (crc32(head) != get<uint32_t>(bytes, kChecksumAt))
    return Error{"image header is corrupted: its checksum differs"};
  if (size != bytes.size())
    return bytesError("image has", bytes.size(), "bytes, its header says", size);
  return count;
}

Expected<ProgramImage::Section> readSection(std::span<const uint8_t> bytes, size_t entry, uint64_t &end) {
  std::string name(reinterpret_cast<const char *>(bytes.data() + entry), kNameBytes);
  name.resize(std::strlen(name.c_str()));
  if (!isName(name) || std::any_of(bytes.begin() + static_cast<ptrdiff_t>(entry + name.size()),
                                   bytes.begin() + static_cast<ptrdiff_t>(entry + kNameBytes),
                                   [](uint8_t byte) { return byte != 0; }))
    return Error{"image has a section with a bad name"};
  auto offset = get<uint64_t>(bytes, entry + 32), size = get<uint64_t>(bytes, entry + 40);
  if (offset != alignUp(end))
    return bytesError("section " + name + " is at", offset, "instead of", alignUp(end));
  if (offset > bytes.size() || size > bytes.size() - offset)
    return bytesError("section " + name + " of", size, "bytes does not lie in the file of", bytes.size());
  for (uint64_t i = end; i < offset; ++i)
    if (bytes[i] != 0)
      return Error{"image is corrupted: byte " + std::to_string(i) + " between sections is not zero"};
  std::span<const uint8_t> contents = bytes.subspan(offset, size);
  if (crc32(contents) != get<uint32_t>(bytes, entry + 48))
    return Error{"section " + name + " is corrupted: its checksum differs"};
  end = offset + size;
  return ProgramImage::Section{std::move(name), {contents.begin(), contents.end()}};
}

} // namespace

void ProgramImage::set(std::string name, std::vector<uint8_t> bytes) {
  for (Section &section : sections_)
    if (section.name == name) {
      section.bytes = std::move(bytes);
      return;
    }
  sections_.push_back({std::move(name), std::move(bytes)});
}

void ProgramImage::setText(std::string name, std::string_view text) {
  set(std::move(name), std::vector<uint8_t>(text.begin(), text.end()));
}

const std::vector<uint8_t> *ProgramImage::find(std::string_view name) const {
  for (const Section &section : sections_)
    if (section.name == name)
      return &section.bytes;
  return nullptr;
}

std::string_view ProgramImage::text(std::string_view name) const {
  const std::vector<uint8_t> *bytes = find(name);
  return bytes ? std::string_view(reinterpret_cast<const char *>(bytes->data()), bytes->size())
               : std::string_view();
}

Expected<void> ProgramImage::checkMachine(const MachineConfig &machine) const {
  if (configHash == 0 || configHash == machine.hash())
    return {};
  return Error{"image is compiled for configuration " + hex(configHash) + ", machine " + machine.name +
               " has " + hex(machine.hash())};
}

Expected<std::vector<uint8_t>> ProgramImage::serialize() const {
  if (sections_.size() > kMaxSections)
    return bytesError("image has", sections_.size(), "sections, more than", kMaxSections);
  std::vector<uint8_t> out(kHeaderBytes + sections_.size() * kEntryBytes);
  size_t tableEnd = out.size();
  for (size_t i = 0; i < sections_.size(); ++i) {
    const Section &section = sections_[i];
    if (!isName(section.name))
      return Error{"section name \"" + section.name + "\" is not 1 to 31 printable characters"};
    uint64_t offset = alignUp(out.size());
    out.resize(offset + section.bytes.size());
    std::copy(section.bytes.begin(), section.bytes.end(), out.begin() + static_cast<ptrdiff_t>(offset));
    size_t entry = kHeaderBytes + i * kEntryBytes;
    std::copy(section.name.begin(), section.name.end(), out.begin() + static_cast<ptrdiff_t>(entry));
    put<uint64_t>(out, entry + 32, offset);
    put<uint64_t>(out, entry + 40, section.bytes.size());
    put<uint32_t>(out, entry + 48, crc32(section.bytes));
  }
  std::copy(kMagic.begin(), kMagic.end(), out.begin());
  put<uint16_t>(out, 8, kMajor);
  put<uint16_t>(out, 10, kMinor);
  put<uint32_t>(out, 12, static_cast<uint32_t>(sections_.size()));
  put<uint64_t>(out, 16, configHash);
  put<uint64_t>(out, 24, out.size());
  put<uint32_t>(out, kChecksumAt, crc32(std::span(out).first(tableEnd)));
  return out;
}

Expected<ProgramImage> ProgramImage::parse(std::span<const uint8_t> bytes) {
  Expected<uint32_t> count = checkHeader(bytes);
  if (!count)
    return count.error();
  ProgramImage image;
  image.configHash = get<uint64_t>(bytes, 16);
  uint64_t end = kHeaderBytes + *count * kEntryBytes;
  for (uint32_t i = 0; i < *count; ++i) {
    Expected<Section> section = readSection(bytes, kHeaderBytes + i * kEntryBytes, end);
    if (!section)
      return section.error();
    if (image.find(section->name))
      return Error{"image has two sections named " + section->name};
    image.sections_.push_back(*std::move(section));
  }
  if (end != bytes.size())
    return bytesError("image has", bytes.size() - end, "bytes after its last section, which ends at", end);
  return image;
}

Expected<void> ProgramImage::write(const std::string &path) const {
  Expected<std::vector<uint8_t>> bytes = serialize();
  if (!bytes)
    return Error{path + ": " + bytes.error().message};
  return writeFileAtomically(path, *bytes);
}

Expected<ProgramImage> ProgramImage::read(const std::string &path) {
  Expected<std::vector<uint8_t>> bytes = readFile(path);
  if (!bytes)
    return bytes.error();
  Expected<ProgramImage> image = parse(*bytes);
  if (!image)
    return Error{path + ": " + image.error().message};
  return image;
}

} // namespace tessera::isa
