// .npy files: what numpy writes is read, what we write numpy's format defines, and broken files are errors.
#include "npy.h"

#include <gtest/gtest.h>

#include <random>

namespace tessera::tools {
namespace {

std::vector<uint8_t> fileOf(const std::string &header, std::vector<uint8_t> data, uint8_t version = 1) {
  std::vector<uint8_t> file{0x93, 'N', 'U', 'M', 'P', 'Y', version, 0};
  for (unsigned i = 0; i < (version == 1 ? 2u : 4u); ++i)
    file.push_back(static_cast<uint8_t>(header.size() >> (8 * i)));
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

std::string errorOf(std::span<const uint8_t> file) {
  auto array = parseNpy(file, "x.npy");
  return array ? "no error" : array.error().message;
}

TEST(NpyTest, ReadsWhatNumpyWrites) {
  auto array = parseNpy(fileOf("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }      \n",
                               std::vector<uint8_t>(12, 7)),
                        "x");
  ASSERT_TRUE(array) << array.error().message;
  EXPECT_EQ(array->type, "int16");
  EXPECT_EQ(array->shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(array->data, std::vector<uint8_t>(12, 7));
}

TEST(NpyTest, ReadsFormatTwoKeysInAnyOrderAndScalars) {
  auto array = parseNpy(fileOf("{\"shape\": (), 'fortran_order': False, 'descr': '|i1'}\n", {200}, 2), "x");
  ASSERT_TRUE(array) << array.error().message;
  EXPECT_TRUE(array->shape.empty());
}

TEST(NpyTest, RoundTripsEveryTypeAndRank) {
  std::mt19937 random(7);
  for (const char *type : {"int8", "uint8", "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64",
                           "float32", "float64"})
    for (size_t rank = 0; rank < 5; ++rank) {
      Array array{type, std::vector<uint64_t>(rank, 3), {}};
      size_t count = 1;
      for (size_t i = 0; i < rank; ++i)
        count *= 3;
      array.data.resize(count * elementBytes(type));
      for (uint8_t &byte : array.data)
        byte = static_cast<uint8_t>(random());
      std::vector<uint8_t> file = formatNpy(array);
      EXPECT_EQ((file.size() - array.data.size()) % 64, 0u);
      auto again = parseNpy(file, "x");
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_EQ(again->type, array.type);
      EXPECT_EQ(again->shape, array.shape);
      EXPECT_EQ(again->data, array.data);
    }
}

TEST(NpyTest, SaysWhatIsWrong) {
  const std::string good = "{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }\n";
  EXPECT_EQ(errorOf({}), "x.npy is no .npy file");
  EXPECT_EQ(errorOf(fileOf(good, {1, 2}, 9)), "x.npy: .npy format 9 is not known (1 to 3 are)");
  EXPECT_EQ(errorOf(fileOf(good, {1})), "x.npy: int8[2] is 2 bytes, the file has 1");
  EXPECT_EQ(errorOf(fileOf(good, {1, 2, 3})), "x.npy: int8[2] is 2 bytes, the file has 3");
  EXPECT_EQ(errorOf(fileOf("{'descr': '>i4', 'fortran_order': False, 'shape': (1,), }", {1, 2, 3, 4})),
            "x.npy: .npy type >i4 is not supported");
  EXPECT_EQ(errorOf(fileOf("{'descr': '|i1', 'fortran_order': True, 'shape': (1,2), }", {1, 2})),
            "x.npy: .npy array is in Fortran order, C order is needed");
  EXPECT_EQ(
      errorOf(fileOf(
          "{'descr': '|i1', 'fortran_order': False, 'shape': (4294967295,4294967295,4294967295), }", {})),
      "x.npy: .npy shape is too large");
  EXPECT_EQ(errorOf(fileOf("{'descr': '|i1'", {})), "x.npy: .npy header cannot be understood");
}

TEST(NpyTest, NoDamagedFileIsMoreThanAnError) {
  std::mt19937 random(11);
  const std::vector<uint8_t> good = formatNpy(Array{"int8", {2, 2}, {1, 2, 3, 4}});
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(parseNpy(std::span(good).first(length), "x"));
  for (int i = 0; i < 20000; ++i) {
    std::vector<uint8_t> bad = good;
    for (int change = 0; change < 3; ++change)
      bad[random() % bad.size()] = static_cast<uint8_t>(random());
    (void)parseNpy(bad, "x");
  }
}

} // namespace
} // namespace tessera::tools
