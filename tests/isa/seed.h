// The seed of random tests: printed with each test that asks for it, and given again through the environment variable TESSERA_SEED.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace tessera::test {

inline uint64_t seed(uint64_t usual = 20240602) {
  const char *given = std::getenv("TESSERA_SEED");
  uint64_t value = given ? std::strtoull(given, nullptr, 0) : usual;
  std::printf("seed %llu\n", static_cast<unsigned long long>(value));
  return value;
}

/// Another seed at every run, for tests that are quick and true for all of them.
inline uint32_t freshSeed() { return static_cast<uint32_t>(seed(std::random_device{}())); }

} // namespace tessera::test
