#include "stream/range_filter.h"

#include <gtest/gtest.h>

#include "feed.h"

namespace exastro::stream {
namespace {

TEST(RangeFilter, PassesTheRangesHoweverTheStreamIsCut) {
  const std::string text = "0123456789abcdef";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    TextSink sink;
    RangeFilter filter(sink, {{0, 2}, {5, 7}, {7, 8}, {12, 400}});
    feed_split(filter, text, at);
    EXPECT_EQ(sink.text, "01567cdef") << "cut at " << at;
    EXPECT_EQ(sink.finishes, 1);
  }
}

TEST(RangeFilter, WithoutARangePassesNothing) {
  TextSink sink;
  RangeFilter filter(sink, {});
  feed(filter, "abc", 1);
  EXPECT_EQ(sink.text, "");
}

}  // namespace
}  // namespace exastro::stream
