#include "wave.h"

#include <fstapi.h>

namespace tessera::simulator {

namespace {

struct Reading {
  Wave wave;
  std::map<fstHandle, std::vector<std::string>> names; ///< a signal may have several
};

void takeChange(void *reading, uint64_t time, fstHandle handle, const unsigned char *bits) {
  uint64_t value = 0;
  for (; *bits; ++bits)
    value = value << 1 | (*bits == '1');
  for (const std::string &name : static_cast<Reading *>(reading)->names[handle])
    static_cast<Reading *>(reading)->wave.signals[name][time] = value;
}

} // namespace

uint64_t Wave::at(const std::string &name, uint64_t time) const {
  const auto &values = signals.at(name);
  const auto after = values.upper_bound(time);
  return after == values.begin() ? 0 : std::prev(after)->second;
}

Wave readWave(const std::string &path, const std::vector<std::string> &names) {
  Reading reading;
  reading.wave.wanted = names.size();
  void *file = fstReaderOpen(path.c_str());
  if (!file)
    return reading.wave;
  reading.wave.start = fstReaderGetStartTime(file);
  reading.wave.end = fstReaderGetEndTime(file);
  reading.wave.secondsExponent = fstReaderGetTimescale(file);
  std::vector<std::string> scopes;
  while (const fstHier *entry = fstReaderIterateHier(file)) {
    if (entry->htyp == FST_HT_SCOPE)
      scopes.emplace_back(entry->u.scope.name);
    else if (entry->htyp == FST_HT_UPSCOPE)
      scopes.pop_back();
    if (entry->htyp != FST_HT_VAR)
      continue;
    std::string name = entry->u.var.name, path;
    name.resize(std::min(name.find(' '), name.size())); // without its range
    for (const std::string &scope : scopes)
      path += scope + "/";
    for (const std::string &wanted : names)
      if (path + name == wanted) {
        reading.names[entry->u.var.handle].push_back(wanted);
        fstReaderSetFacProcessMask(file, entry->u.var.handle);
      }
  }
  fstReaderIterBlocks(file, takeChange, &reading, nullptr);
  fstReaderClose(file);
  return reading.wave;
}

} // namespace tessera::simulator
