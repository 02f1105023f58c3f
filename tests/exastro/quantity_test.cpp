#include "exastro/quantity.h"

#include <gtest/gtest.h>

namespace exastro {
namespace {

TEST(Quantity, IsReadAsKubernetesWritesIt) {
  const std::pair<const char*, std::uint64_t> cases[] = {{"0", 0},
                                                         {"128974848", 128974848},
                                                         {"129e6", 129000000},
                                                         {"129M", 129000000},
                                                         {"128974848000m", 128974848},
                                                         {"123Mi", 128974848},
                                                         {"1.5Gi", 1610612736},
                                                         {"1E", 1000000000000000000},
                                                         {"1Ei", std::uint64_t{1} << 60},
                                                         {"+2k", 2000},
                                                         {"999n", 0}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_quantity(text), expected) << text;
}

TEST(Quantity, AnythingElseIsNone) {
  for (const char* text : {"", "-1", "Gi", "1 Gi", "1gi", "1K", "1Gi ", "inf", "nan", "0x10", "99Ei", "1e400", "++1"})
    EXPECT_EQ(parse_quantity(text), std::nullopt) << text;
}

}  // namespace
}  // namespace exastro
